"""Run a statement on a connection: the one place where SQL meets psycopg."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format
from psycopg.rows import tuple_row

from .arrays import Floats, Texts, Times, UUIDs
from .host_settings import needed_settings, needed_settings_async
from .statement import Statement
from .transaction_cursor import AsyncTransactionCursor, TransactionCursor

T = TypeVar("T")


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


class _UUIDsDumper(_AsItIs):
    oid = psycopg.adapters.types["uuid"].array_oid


class _TextsDumper(_AsItIs):
    oid = psycopg.adapters.types["text"].array_oid


class _FloatsDumper(_AsItIs):
    oid = psycopg.adapters.types["float8"].array_oid


class _TimesDumper(_AsItIs):
    oid = psycopg.adapters.types["timestamptz"].array_oid


psycopg.adapters.register_dumper(UUIDs, _UUIDsDumper)
psycopg.adapters.register_dumper(Texts, _TextsDumper)
psycopg.adapters.register_dumper(Floats, _FloatsDumper)
psycopg.adapters.register_dumper(Times, _TimesDumper)

_ADAPTERS = AdaptersMap(psycopg.adapters)
_LARGE = 10_000
"""Characters or bytes of a parameter that is not kept longer than its statement."""


class OwnCursor(TransactionCursor[tuple[Any, ...]]):
    """A cursor for our statements: what the application loads values into does not matter."""

    @property
    def adapters(self) -> AdaptersMap:
        return _ADAPTERS


class OwnAsyncCursor(AsyncTransactionCursor[tuple[Any, ...]]):
    """`OwnCursor` on an asynchronous connection."""

    @property
    def adapters(self) -> AdaptersMap:
        return _ADAPTERS


class _RawCursor(TransactionCursor[tuple[Any, ...]], psycopg.RawCursor[tuple[Any, ...]]):
    @property
    def adapters(self) -> AdaptersMap:
        return _ADAPTERS


class _AsyncRawCursor(
    AsyncTransactionCursor[tuple[Any, ...]], psycopg.AsyncRawCursor[tuple[Any, ...]]
):
    @property
    def adapters(self) -> AdaptersMap:
        return _ADAPTERS


class OwnConnection(psycopg.Connection[Any]):
    """A connection of our own: its small statements share a cursor, which saves making one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._own_cursor = _RawCursor(self, row_factory=tuple_row)

    def run(self, statement: Statement[T]) -> T:
        """Send the statement and decode what comes back."""
        sql, parameters = positional(statement)
        cursor = self._own_cursor
        if _are_large(parameters):
            # A cursor keeps what it was given and what it got until the next statement.
            cursor = _RawCursor(self, row_factory=tuple_row)
        cursor.execute(sql, parameters)
        rows = cursor.fetchall() if cursor.description else []
        if rows:
            self._own_cursor = _RawCursor(self, row_factory=tuple_row)
        return statement.decode(rows, cursor.rowcount)


class OwnAsyncConnection(psycopg.AsyncConnection[Any]):
    """`OwnConnection` for asynchronous code."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._own_cursor = _AsyncRawCursor(self, row_factory=tuple_row)

    async def run(self, statement: Statement[T]) -> T:
        """Send the statement and decode what comes back."""
        sql, parameters = positional(statement)
        cursor = self._own_cursor
        if _are_large(parameters):
            cursor = _AsyncRawCursor(self, row_factory=tuple_row)
        await cursor.execute(sql, parameters)
        rows = await cursor.fetchall() if cursor.description else []
        if rows:
            self._own_cursor = _AsyncRawCursor(self, row_factory=tuple_row)
        return statement.decode(rows, cursor.rowcount)


def _are_large(parameters: Sequence[Any]) -> bool:
    return any(isinstance(each, str | bytes) and len(each) > _LARGE for each in parameters)


def positional(statement: Statement[Any]) -> tuple[str, list[Any]]:
    """The SQL with `$1` for its first parameter and so on, and the parameters in that order.

    For raw cursors, which need not read a statement anew each time it is sent.
    """
    sql, names = _numbered(statement.sql)
    return sql, [statement.parameters[name] for name in names]


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[str, list[str]]:
    """The SQL with `$1` for its first parameter and so on, and the parameters' names in order."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

    return re.sub(r"%(?:\((\w+)\)s|%)", number, sql), list(numbers)


def run(connection: psycopg.Connection[Any], statement: Statement[T]) -> T:
    """Send the statement and decode what comes back.

    The cursor is our own, so that the application's row and cursor factories do not matter.
    """
    if isinstance(connection, OwnConnection):
        return connection.run(statement)
    with needed_settings(connection), OwnCursor(connection, row_factory=tuple_row) as cursor:
        cursor.execute(statement.sql, statement.parameters, binary=True)
        rows = cursor.fetchall() if cursor.description else []
        return statement.decode(rows, cursor.rowcount)


async def run_async(connection: psycopg.AsyncConnection[Any], statement: Statement[T]) -> T:
    """`run` on an asynchronous connection."""
    if isinstance(connection, OwnAsyncConnection):
        return await connection.run(statement)
    async with (
        needed_settings_async(connection),
        OwnAsyncCursor(connection, row_factory=tuple_row) as cursor,
    ):
        await cursor.execute(statement.sql, statement.parameters, binary=True)
        rows = await cursor.fetchall() if cursor.description else []
        return statement.decode(rows, cursor.rowcount)
