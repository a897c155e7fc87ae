# Generated from async_hook.py by .ci/unasync.py; do not edit.
"""Run a generated hook, for synchronous code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar, cast

import psycopg
from psycopg.rows import tuple_row

from ..job_types.enqueue import send
from ..postgres.execute import OwnCursor, needed_settings
from ..postgres.transaction import explained, require_open, require_transaction
from ..records.operations import Operations
from ..records.queries import Query, column_names
from ..services.service_calls import HookServices
from .hook_run import Connection, HookRun, R, S, note_source
from .other_drivers import adopt

T = TypeVar("T")
Row = tuple[Any, ...]


class Hook(HookRun[R, S], Operations):
    """Runs one event's hooks on a copy of the record.

    Use it as `with Hook(conn, Order, record) as hook:`. When the block ends normally,
    the hook writes the assigned columns in one UPDATE by primary key, and the jobs in one
    statement, both in one round trip. When the block raises, it writes neither. It never commits.
    Raises NoTransaction on an autocommit connection outside a transaction, and RecordError for a
    record that lacks a column.
    """

    _cursor: Callable[..., psycopg.Cursor[Row]] = OwnCursor

    def __init__(
        self,
        conn: Connection,
        record_type: type[R],
        record: object,
        previous: object = None,
        *,
        services: S | None = None,
    ) -> None:
        if isinstance(conn, psycopg.Connection):
            require_transaction(conn)
            self._conn = conn
            self._settings = needed_settings(conn)
        else:
            given = adopt(self, conn, record, previous)
            self._conn, self._cursor, self._settings, record, previous = given
        super().__init__(record_type, record, previous, services)

    def __enter__(self) -> Self:
        self._settings.__enter__()
        self._noting.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        note_source(error[1])
        try:
            if error[0] is None:
                require_open(self._conn)
                with explained():
                    send(self._conn, self._statements(), self.jobs, self._cursor)
        finally:
            self._noting.__exit__(None, None, None)
            self._settings.__exit__(*error)

    @property
    def services(self) -> S:
        """The application's services, as a synchronous hook calls them."""
        return cast("S", HookServices(self._given_services))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo the database work of the block if it raises, and leave the transaction usable."""
        self._send("SAVEPOINT conduit_rescue")
        try:
            yield
        except Exception:
            with self._conn.pipeline():  # within a batch, an error blocks all until a sync
                pass
            self._send("ROLLBACK TO conduit_rescue")
            self._send("RELEASE conduit_rescue")
            raise
        self._send("RELEASE conduit_rescue")

    def _run(self, query: Query[T]) -> T:
        cursor = self._send(query.sql, query.values)
        rows = cursor.fetchall()
        return query.read(column_names(cursor.description), rows)

    def _send(self, sql: str, parameters: Any = ()) -> psycopg.Cursor[Row]:
        # our own cursor: the connection's factories and loaders do not matter then
        return self._cursor(self._conn, row_factory=tuple_row).execute(sql, parameters)
