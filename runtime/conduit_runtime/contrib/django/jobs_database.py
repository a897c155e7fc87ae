"""The one of Django's databases that holds the jobs, and a queue on its connection."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import Any

import psycopg
from django.db import connections, router
from psycopg.conninfo import make_conninfo

from ...adapters import django_connection
from ...client.queue import Queue
from ...postgres.statement import quote
from ...postgres.tables.migrations import migrate
from . import settings

_KEYWORDS = frozenset(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())


def dsn(alias: str | None = None) -> str:
    """The connection string of an alias (default: the jobs'), for our own connections."""
    connection = connections[alias or settings.database()]
    options = connection.get_connection_params()
    given = {key: value for key, value in options.items() if key in _KEYWORDS}
    role = connection.settings_dict["OPTIONS"].get("assume_role")
    if role:
        escaped = re.sub(r"([\\ ])", r"\\\1", f"role={role}")
        given["options"] = f"{given.get('options', '')} -c {escaped}".strip()
    return make_conninfo("", **given)


class DjangoQueue(Queue):
    """A queue whose operations are part of the transaction of Django's connection.

    Outside of `atomic()`, each operation is a transaction of its own. `conn=` gives another
    connection.
    """


def queue() -> DjangoQueue:
    """The queue of the project."""
    return _queue(dsn(), settings.schema())


@lru_cache(maxsize=16)
def _queue(dsn: str, schema: str | None) -> DjangoQueue:
    return DjangoQueue(dsn, schema)


@contextmanager
def joined() -> Iterator[psycopg.Connection[Any]]:
    """Yield the psycopg connection of Django's; errors of the driver become errors of Django.

    Raises TransactionManagementError if Django allows no query because an earlier one failed.
    """
    connection = connections[settings.database()]
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        yield django_connection(connection)


def _joining(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Queue, *arguments: Any, conn: Any = None, **named: Any) -> Any:
        if conn is not None:
            return method(self, *arguments, conn=conn, **named)
        with joined() as connection:
            return method(self, *arguments, conn=connection, **named)

    return call


for _name, _method in vars(Queue).items():
    if (
        _name[0] != "_"
        and inspect.isfunction(_method)
        and "conn" in inspect.signature(_method).parameters
    ):
        setattr(DjangoQueue, _name, _joining(_method))


def table(name: str) -> str:
    """A table of ours as a `db_table`: Django leaves a name in quotes as it is."""
    schema = settings.schema()
    return name if schema is None else f"{quote(schema)}.{quote(name)}"


def is_ours(alias: str) -> bool:
    """Whether the jobs belong in this database."""
    return (
        alias == settings.database()
        and connections[alias].vendor == "postgresql"
        and router.allow_migrate(alias, "conduit")
    )


def create_tables() -> None:
    """Migrate the tables to this version, over a connection of our own."""
    migrate(dsn(), settings.schema())
