"""What our statements need of a connection's settings, when it is the application's.

Only a connection that differs pays: it is changed for the statements, and then changed back.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

__all__ = ["needed_settings", "needed_settings_async"]

# The server reports these unasked. What it does not report (array_nulls, extra_float_digits,
# bytea_output) does not matter to our statements, which send and read such values in binary.
_NEEDED = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
}
_SET = "SELECT pg_catalog.set_config(%s, %s, false)"


@contextmanager
def needed_settings(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Run the block with the settings that we need."""
    given = _differing(connection)
    if not given:
        yield
        return
    _set(connection, {name: _NEEDED[name] for name in given})
    try:
        yield
    finally:
        if _keeps_settings(connection):
            _set(connection, given)


@asynccontextmanager
async def needed_settings_async(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[None]:
    """`needed_settings` on an asynchronous connection."""
    given = _differing(connection)
    if not given:
        yield
        return
    await _set_async(connection, {name: _NEEDED[name] for name in given})
    try:
        yield
    finally:
        if _keeps_settings(connection):
            await _set_async(connection, given)


def _differing(
    connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any],
) -> dict[str, str]:
    """The settings that are not as we need them, as they are."""
    status = connection.pgconn.parameter_status
    found = {name: status(name.encode()) for name in _NEEDED}
    return {
        name: value.decode()
        for name, value in found.items()
        if value is not None and not value.startswith(_NEEDED[name].encode())
    }


def _keeps_settings(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]) -> bool:
    # The rollback of a transaction that failed takes the change back by itself.
    status = connection.info.transaction_status
    return status in (TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.ACTIVE)


def _set(connection: psycopg.Connection[Any], values: Mapping[str, str]) -> None:
    with psycopg.Cursor(connection) as cursor:
        for setting in values.items():
            # Fetched, so that it holds for what is encoded from now on, in a pipeline too.
            cursor.execute(_SET, setting).fetchall()


async def _set_async(connection: psycopg.AsyncConnection[Any], values: Mapping[str, str]) -> None:
    async with psycopg.AsyncCursor(connection) as cursor:
        for setting in values.items():
            await (await cursor.execute(_SET, setting)).fetchall()
