"""The database as the checks read it: read-only, with a short timeout."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg

from ..postgres.connection import PLANS, keepalive
from ..postgres.execute import OwnConnection, own, run
from ..postgres.host_settings import is_pooled
from ..postgres.statement import Statement, quote
from ..worker.run.handlers import HandlerRegistry

T = TypeVar("T")

PATIENCE = 2_000
"""Milliseconds that a statement of a check may take."""
_NAME = "conduit doctor"
_BEGIN = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"
_SET_TIMEOUTS = """
SELECT pg_catalog.set_config('statement_timeout', %(limit)s, true),
       pg_catalog.set_config('lock_timeout', %(limit)s, true)
"""


class Unread(Exception):
    """A check cannot read something; the message says why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits from which on something is worth a finding."""

    skew: float = 5.0
    """Seconds by which clocks may differ."""
    late: float = 60.0
    """Seconds for which a job may be due, and a worker silent."""
    slot: float = 3_600.0
    """Seconds for which a job without a timeout may keep its thread."""
    snapshot: float = 300.0
    """Seconds for which a transaction may hold a snapshot."""
    lock: float = 10.0
    """Seconds for which a session may wait for a lock."""
    history: float = 500e6
    """Bytes that the ended jobs of a queue may take if nothing deletes them."""
    dead_rows: int = 50_000
    """Dead rows that a table may have."""
    index_size: int = 200_000_000
    """Bytes that an index may have."""
    notification: float = 2.0
    """Seconds that a notification may take."""


@dataclass(slots=True)
class Package:
    """What the named packages know: their types, and how they read payloads."""

    names: tuple[str, ...]
    handlers: HandlerRegistry
    queues: dict[str, int | None] = field(default_factory=dict)
    retired: Collection[str] = ()
    """The types that the packages had, and whose jobs they no longer run."""


class Database:
    """A connection to the database, the schema of our tables there, and the limits.

    The check of the server sets `is_standby`; the check of the migrations sets `has_tables` and the
    schema.
    """

    def __init__(
        self, dsn: str, schema: str | None, connection: OwnConnection, limits: Limits
    ) -> None:
        self.dsn = dsn
        self.schema = schema
        self.connection = connection
        self.limits = limits
        self.is_pooled = is_pooled(connection)
        self.is_standby = False
        self.has_tables = False

    def read(self, statement: Statement[T]) -> T:
        """Return a statement's result. Raises Unread if it takes too long or is not allowed."""
        try:
            with self.connection.transaction():
                self.connection.execute(_BEGIN)
                self.connection.execute(_SET_TIMEOUTS, {"limit": str(PATIENCE)})
                self.connection.execute(PLANS.replace("false)", "true)"))
                return run(self.connection, statement, self.schema)
        except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
            raise Unread(f"it took longer than {PATIENCE / 1000:g} s") from None
        except psycopg.errors.InsufficientPrivilege as refusal:
            raise Unread(refusal.diag.message_primary or str(refusal)) from None
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as drift:
            raise Unread(drift.diag.message_primary or str(drift)) from None

    def qualified(self, name: str) -> str:
        """The name of an object of ours with its schema, for SQL that people type."""
        return f"{quote(self.schema)}.{name}" if self.schema is not None else name


@contextmanager
def opened(dsn: str, schema: str | None, limits: Limits) -> Iterator[Database]:
    """Connect. Raises psycopg.OperationalError when that fails."""
    with OwnConnection.connect(
        dsn, autocommit=True, application_name=_NAME, **keepalive(dsn)
    ) as connection:
        own(connection)
        yield Database(dsn, schema, connection, limits)
