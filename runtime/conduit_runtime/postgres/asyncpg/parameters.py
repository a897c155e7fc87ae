"""Values as texts with psycopg's types, for a driver that has codecs of its own.

asyncpg writes a value as the type that the server infers, with codecs that the application may
replace. A text that the SQL casts passes through none of them.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.abc import Transformer
from psycopg.adapt import PyFormat

from ..arrays import BinaryArray
from ..parameters import ADAPTERS

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HEAD = 20


class Parameter(NamedTuple):
    """A text, a list of texts, or None; and its type: "" if the server has to infer it."""

    value: Any
    type: str
    is_list: bool


class Context:
    """The context in which psycopg adapts values: our adapters, and no connection."""

    adapters = ADAPTERS
    connection: psycopg.Connection[Any] | None = None


def parameter(value: Any, transformer: Transformer) -> Parameter:
    """A value as psycopg would send it. Raises psycopg.DataError for one that Postgres refuses."""
    if value is None or isinstance(value, str):
        return Parameter(_text(value, transformer), "", is_list=False)
    if isinstance(value, BinaryArray):
        return Parameter(elements(value), "", is_list=True)
    if isinstance(value, list):
        return Parameter(_texts(value, transformer), _type(value, transformer), is_list=True)
    return Parameter(_text(value, transformer), _type(value, transformer), is_list=False)


def _text(value: Any, transformer: Transformer) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes | bytearray | memoryview):
        return f"\\x{bytes(value).hex()}"
    written = transformer.get_dumper(value, PyFormat.TEXT).dump(value)
    return None if written is None else bytes(written).decode()


def _texts(values: Sequence[Any], transformer: Transformer) -> list[Any]:
    return [
        _texts(each, transformer) if isinstance(each, list) else _text(each, transformer)
        for each in values
    ]


def _type(value: Any, transformer: Transformer) -> str:
    oid = transformer.get_dumper(value, PyFormat.TEXT).oid
    info = ADAPTERS.types.get(oid) if oid else None
    if info is None:
        return ""
    return f'pg_catalog."{info.name}"' + ("[]" if oid == info.array_oid else "")


def elements(array: BinaryArray) -> list[str | None]:
    """The elements of one of our arrays, as texts."""
    if len(array) <= _HEAD:
        return []
    [oid] = struct.unpack_from("!I", array, 8)
    found: list[str | None] = []
    position = _HEAD
    while position < len(array):
        [size] = struct.unpack_from("!i", array, position)
        position += 4
        if size < 0:
            found.append(None)
            continue
        found.append(_READERS[oid](array[position : position + size]))
        position += size
    return found


def _moment(binary: bytes) -> str:
    [microseconds] = struct.unpack("!q", binary)
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


_READERS: dict[int, Callable[[bytes], str]] = {
    23: lambda binary: str(struct.unpack("!i", binary)[0]),
    25: bytes.decode,
    701: lambda binary: repr(struct.unpack("!d", binary)[0]),
    1184: _moment,
    2950: lambda binary: str(UUID(bytes=binary)),
}
"""The decoders of elements, by the oid of their type; for the types that `arrays` writes."""
