"""An asyncpg connection of the application, as hooks and queues use it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any, NamedTuple, TypeVar

import asyncpg
import psycopg
from psycopg.adapt import Transformer

from ..host_settings import NEEDED, SET
from ..statement import Statement
from .described import described, physical
from .parameters import Context, parameter
from .results import Row, plain_rows, read_rows
from .translate import parts

T = TypeVar("T")
_NEEDED = {name.decode(): value.decode() for name, value in NEEDED.items()}


class Result(NamedTuple):
    """The result of a statement; it reads like a cursor of psycopg."""

    description: Sequence[Any]
    rows: list[Row]
    rowcount: int

    async def fetchall(self) -> list[Row]:
        """Every row."""
        return self.rows


class AsyncpgCursor:
    """Sends statements; it is made like a cursor of psycopg."""

    def __init__(self, connection: "AsyncpgConnection", *, row_factory: object = None) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Any = ()) -> Result:
        """Send a statement with psycopg's placeholders."""
        return await self._connection.execute(sql, parameters)


class AsyncpgConnection:
    """Sends our statements over an asyncpg connection, in the connection's transaction.

    It registers nothing on the connection, and the connection's codecs do not matter. Two objects
    of one connection are equal.
    """

    def __init__(self, conn: "asyncpg.Connection[Any]") -> None:
        self.conn = conn
        self._physical = physical(conn)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncpgConnection) and other._physical is self._physical

    def __hash__(self) -> int:
        return hash(self._physical)

    @property
    def closed(self) -> bool:
        """Whether the connection was closed or lost."""
        return bool(self.conn.is_closed())

    @property
    def is_in_transaction(self) -> bool:
        return bool(self.conn.is_in_transaction())

    def pipeline(self) -> AbstractAsyncContextManager[None]:
        """A block in which psycopg would not wait; asyncpg waits for each statement."""
        return nullcontext()

    async def execute(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Result:
        """Send SQL with psycopg's placeholders; returns rows as psycopg would.

        Values by name are those of our own statements. Raises psycopg.ProgrammingError if there are
        more or fewer values than placeholders.
        """
        return await self._send(sql, values, is_ours=isinstance(values, Mapping))

    async def run(self, statement: Statement[T], schema: str | None = None) -> T:
        """Send a statement, for our tables in this schema, and decode the result."""
        async with self.settings():
            result = await self._send(statement.sql(schema), statement.parameters, is_ours=True)
        return statement.decode(result.rows, result.rowcount)

    async def _send(
        self, sql: str, values: Sequence[Any] | Mapping[str, Any], *, is_ours: bool
    ) -> Result:
        transformer = Transformer(Context())
        of = parts(sql)
        fillers = dict.fromkeys(of.fillers)
        if not is_ours and [*fillers] != [*range(len(values))]:
            raise psycopg.ProgrammingError(
                f"the query has {len(fillers)} placeholders and got {len(values)} values: give one "
                "for each %s; a percent sign is written %%"
            )
        given: Any = values
        parameters = [parameter(given[filler], transformer) for filler in fillers]
        found = await described(self.conn, sql, of, parameters, is_ours)
        texts = [each.value for each in parameters]
        if not found.columns:
            status = await self.conn.execute(found.sql, *texts)
            count = status.rpartition(" ")[2]
            return Result((), [], int(count) if count.isdigit() else -1)
        rows = await self.conn.fetch(found.sql, *texts, record_class=asyncpg.Record)
        if found.are_texts:
            zone = getattr(self.conn.get_settings(), "TimeZone", "UTC")
            read = read_rows(rows, found.columns, transformer, zone)
        else:
            read = plain_rows(rows, found.columns)
        return Result(found.columns, read, len(rows))

    async def gives_json_as_text(self) -> bool:
        """Whether the application's rows hold jsonb as text, because no codec reads it."""
        return isinstance(await self.conn.fetchval("SELECT '{}'::pg_catalog.jsonb"), str)

    def settings(self) -> AbstractAsyncContextManager[None]:
        """A block with the settings that our statements need; only other settings are changed."""
        present = self.conn.get_settings()
        given = {
            name: value
            for name, needed in _NEEDED.items()
            if not (value := getattr(present, name, needed)).startswith(needed)
        }
        return self._changed_settings(given) if given else nullcontext()

    @asynccontextmanager
    async def _changed_settings(self, given: Mapping[str, str]) -> AsyncIterator[None]:
        await self._set({name: _NEEDED[name] for name in given})
        try:
            yield
        except BaseException:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._set(given)  # otherwise the rollback of the failed transaction does it
            raise
        await self._set(given)

    async def _set(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            await self.execute(SET, (name, value))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction; a savepoint if the application has begun a transaction, in any way."""
        if not self.is_in_transaction:
            async with self.conn.transaction():
                yield
            return
        await self.conn.execute("SAVEPOINT conduit_part")
        try:
            yield
        except BaseException:
            await self.conn.execute("ROLLBACK TO conduit_part; RELEASE conduit_part")
            raise
        await self.conn.execute("RELEASE conduit_part")
