"""A worker of a Django application: `python django_worker.py DSN CONN_MAX_AGE HEALTH_CHECKS`."""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import django
from conduit_runtime import JobContext, Queue, WorkerPool, job_type
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

ALIASES = ("default", "other")
AGES = {"0": 0, "600": 600, "None": None}


def configure(dsn: str, age: str = "None", health_checks: str = "") -> None:
    """Set up Django with two aliases of the database, and logging as a new project has it."""
    given = conninfo_to_dict(dsn)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given["dbname"],
        "HOST": given.get("host", ""),
        "PORT": given.get("port", ""),
        "USER": given.get("user", ""),
        "PASSWORD": given.get("password", ""),
        "CONN_MAX_AGE": AGES[age],
        "CONN_HEALTH_CHECKS": bool(health_checks),
        "OPTIONS": {"application_name": "django"},
    }
    settings.configure(
        DATABASES={alias: dict(database) for alias in ALIASES}, LOGGING={"version": 1}
    )
    django.setup()


def query() -> None:
    """Query over each alias."""
    execute("SELECT 1")


def execute(sql: str, *aliases: str) -> None:
    from django.db import connections

    for alias in aliases or ALIASES:
        with connections[alias].cursor() as cursor:
            cursor.execute(sql)


def end(*aliases: str) -> None:
    """Let the server end the connections that this thread uses."""
    execute("SELECT pg_terminate_backend(pg_backend_pid())", *aliases)


def end_in_transaction() -> None:
    from django.db import transaction

    with transaction.atomic(), transaction.atomic(using="other"):
        query()
        end("other")


def leave_atomic_open() -> None:
    from django.db import transaction

    for alias in ALIASES:
        transaction.atomic(using=alias).__enter__()
    execute("CREATE TABLE left_open (id integer)", "default")


def leave_broken_open() -> None:
    leave_atomic_open()
    execute("SELECT 1 / 0", "other")


def end_and_leave_open() -> None:
    leave_atomic_open()
    end()


def leave_autocommit_off() -> None:
    from django.db import transaction

    transaction.set_autocommit(False, using="other")
    execute("CREATE TABLE left_open (id integer)", "other")


def begin_by_hand() -> None:
    execute("BEGIN; CREATE TABLE left_open (id integer)", "other")


def break_the_driver() -> None:
    """Cause an error that Django does not see, as a hook's statement may."""
    from conduit_runtime.adapters import django_connection
    from django.db import connections

    django_connection(connections["other"]).execute("SELECT pg_terminate_backend(pg_backend_pid())")


def hang() -> None:
    execute("SELECT pg_sleep(60)", "default")


MISHAPS: dict[str, Callable[[], None]] = {
    "end": end,
    "end_in_transaction": end_in_transaction,
    "leave_atomic_open": leave_atomic_open,
    "leave_broken_open": leave_broken_open,
    "end_and_leave_open": end_and_leave_open,
    "leave_autocommit_off": leave_autocommit_off,
    "begin_by_hand": begin_by_hand,
    "break_the_driver": break_the_driver,
}


def work(payload: dict[str, str]) -> None:
    """Query, and do what the payload says."""
    query()
    if mishap := payload.get("mishap"):
        (MISHAPS | {"hang": hang})[mishap]()


class Reports(Protocol):
    def make(self, mishap: str | None, /) -> Any: ...


class Services(Protocol):
    @property
    def reports(self) -> Reports: ...


@dataclass(frozen=True)
class Order:
    """The argument of the service."""

    mishap: str | None = None


@job_type("service", "", backoff="constant", base=timedelta(milliseconds=10))
async def service(job: JobContext[Services], payload: Order) -> None:
    await job.services.reports.make(payload.mishap)


def make_report(mishap: str | None) -> None:
    work({"mishap": mishap} if mishap else {})


def main(dsn: str, *options: str) -> None:
    logging.basicConfig(level=logging.INFO)

    def setup_and_services() -> object:
        configure(dsn, *options)
        return SimpleNamespace(reports=SimpleNamespace(make=make_report))

    pool = WorkerPool(Queue(dsn), workers=1, jobs=[service], services=setup_and_services)
    again = {"backoff": "constant", "base": timedelta(milliseconds=10)}

    @pool.handler("plain", **again)
    def plain(context: JobContext, payload: dict[str, str]) -> None:
        work(payload)

    @pool.handler("coroutine", **again)
    async def coroutine(context: JobContext, payload: dict[str, str]) -> None:
        from asgiref.sync import sync_to_async

        await sync_to_async(work)(payload)

    pool.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
