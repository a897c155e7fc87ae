"""A worker of a Django application: `python django_worker.py DSN`."""

import sys
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import django
from conduit_runtime import JobContext, Queue, WorkerPool, job_type
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict


def configure(dsn: str) -> None:
    given = conninfo_to_dict(dsn)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given["dbname"],
        "HOST": given.get("host", ""),
        "PORT": given.get("port", ""),
        "USER": given.get("user", ""),
        "PASSWORD": given.get("password", ""),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"application_name": "django"},
    }
    settings.configure(DATABASES={"default": database})
    django.setup()


def query() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Reports(Protocol):
    def make(self) -> Any: ...


class Services(Protocol):
    @property
    def reports(self) -> Reports: ...


@dataclass(frozen=True)
class Nothing:
    """A payload without fields."""


@job_type("service", "", backoff="constant", base=timedelta(milliseconds=10))
async def service(job: JobContext[Services], payload: Nothing) -> None:
    await job.services.reports.make()


def main(dsn: str) -> None:
    configure(dsn)
    services = SimpleNamespace(reports=SimpleNamespace(make=query))
    pool = WorkerPool(Queue(dsn), workers=1, jobs=[service], services=services)
    again = {"backoff": "constant", "base": timedelta(milliseconds=10)}

    @pool.handler("plain", **again)
    def plain(context: JobContext, payload: object) -> None:
        query()

    @pool.handler("coroutine", **again)
    async def coroutine(context: JobContext, payload: object) -> None:
        from asgiref.sync import sync_to_async

        await sync_to_async(query)()

    pool.run()


if __name__ == "__main__":
    main(sys.argv[1])
