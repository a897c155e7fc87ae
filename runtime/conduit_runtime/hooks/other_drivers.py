"""What hooks need for connections other than psycopg's: for asyncpg's, in asynchronous code."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, get_args, get_origin

import msgspec

from ..model.text.names import fields_of
from ..postgres.other_drivers import other, other_in_transaction_async

if TYPE_CHECKING:
    from ..postgres.asyncpg.asyncpg_connection import AsyncpgConnection
    from .hook_run import HookRun


class Adopted(NamedTuple):
    """The connection, its cursor, a block for the hook to run in, and the rows as it reads them."""

    connection: Any
    cursor: Any
    settings: AbstractAsyncContextManager[None]
    record: object
    previous: object


def adopt(hook: HookRun[Any, Any], conn: object, record: object, previous: object) -> NoReturn:
    """Raise TypeError: no other driver has connections for synchronous code."""
    other(conn, "the hook")


def adopt_async(hook: HookRun[Any, Any], conn: object, record: object, previous: object) -> Adopted:
    """Use an asyncpg connection; TypeError for another one, NoTransaction outside a transaction."""
    from ..postgres.asyncpg.asyncpg_connection import AsyncpgCursor
    from ..postgres.asyncpg.results import plain_record

    found = other_in_transaction_async(conn, "the hook")
    row = plain_record(record)
    before = row if previous is record else plain_record(previous)
    return Adopted(found, AsyncpgCursor, _entered(hook, found, row, before), row, before)


@asynccontextmanager
async def _entered(
    hook: HookRun[Any, Any], conn: AsyncpgConnection, record: object, previous: object
) -> AsyncIterator[None]:
    record_type: Any = hook.record_type
    columns = _json_columns(record_type)
    async with conn.settings():
        rows = [row for row in (record, previous) if isinstance(row, dict)]
        has_texts = any(isinstance(row.get(name), str | list) for row in rows for name in columns)
        if has_texts and await conn.gives_json_as_text():
            hook.read_again(_parsed(record, columns), _parsed(previous, columns))
        yield


@functools.cache
def _json_columns(record_type: Any) -> Mapping[str, bool]:
    """The columns of type json, and whether they are arrays of it."""
    found = {}
    for _, name, kind in fields_of(record_type):
        kinds = [each for each in (kind, *get_args(kind)) if get_origin(each) is list]
        if kind is Any:
            found[name] = False
        elif kinds and get_args(kinds[0]) == (Any,):
            found[name] = True
    return found


def _parsed(row: Any, columns: Mapping[str, bool]) -> Any:
    """A row of asyncpg's, with its columns of type json decoded from the text of Postgres."""
    if not isinstance(row, dict):
        return row
    found = dict(row)
    for name, is_array in columns.items():
        value = row.get(name)
        if is_array and isinstance(value, list):
            found[name] = [_value(each) for each in value]
        elif not is_array:
            found[name] = _value(value)
    return found


def _value(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
