"""Converts rows of texts to the values that psycopg reads from them."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record
from asyncpg.types import Attribute
from psycopg.abc import Transformer
from psycopg.pq import Format

Row = tuple[Any, ...]
_UUID = 2950
_TIMES = (1184, 1185)
"""The oids of a time with time zone, and of an array of them."""


def read_rows(
    rows: Sequence[Any], columns: Sequence[Attribute], transformer: Transformer, zone: str
) -> list[Row]:
    """The rows with the values that psycopg would return in a session of that time zone."""
    loaders = [_loader(column.type.oid, transformer, zone) for column in columns]
    return [
        tuple(None if text is None else load(text) for load, text in zip(loaders, row, strict=True))
        for row in rows
    ]


def plain_rows(rows: Sequence[Any], columns: Sequence[Attribute]) -> list[Row]:
    """The rows as asyncpg returns them, with plain UUIDs instead of those of a codec or asyncpg."""
    uuids = [column.type.oid == _UUID for column in columns]
    return [
        tuple(
            UUID(str(value)) if is_uuid and value is not None else value
            for is_uuid, value in zip(uuids, row, strict=True)
        )
        for row in rows
    ]


def plain(value: Any) -> Any:
    """A value as asyncpg returns it; a uuid of asyncpg's own class becomes a UUID."""
    if isinstance(value, UUID) and type(value) is not UUID:
        return UUID(int=value.int)
    if type(value) is list:
        return [plain(each) for each in value]
    return value


def plain_record(row: Any) -> Any:
    """A row of the application as a dict, if it came from asyncpg; anything else unchanged."""
    if isinstance(row, Record | dict):
        return {name: plain(value) for name, value in row.items()}
    return row


def _loader(oid: int, transformer: Transformer, zone: str) -> Callable[[str], Any]:
    load = transformer.get_loader(oid, Format.TEXT).load
    if oid not in _TIMES:
        return lambda text: load(text.encode())
    moved = _mover(zone)
    return lambda text: moved(load(text.encode()))


def _mover(zone: str) -> Callable[[Any], Any]:
    try:
        into: tzinfo = ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        return lambda value: value  # in UTC: the server may know zones that this host does not know

    def moved(value: Any) -> Any:
        if isinstance(value, datetime):
            try:
                return value.astimezone(into)
            except OverflowError:
                return value
        return [moved(each) for each in value] if isinstance(value, list) else value

    return moved
