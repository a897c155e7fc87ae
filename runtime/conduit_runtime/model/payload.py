"""Payloads as JSON that Postgres keeps unchanged, or an error before any SQL."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import msgspec

from .errors import PayloadError, TooLarge
from .jsonb_size import JSONB_BYTES, JSONB_ELEMENTS, jsonb_size
from .text.names import source_names

MAX_DEPTH = 200
MAX_NAME = 200
"""Bytes that the name of a queue or a type may have."""
MAX_SIZE = 64 * 1024 * 1024
"""Bytes of JSON text."""
_ROOMY = JSONB_BYTES // 7
"""Bytes of JSON text that Postgres can always hold, whatever the text is."""

_encode = msgspec.json.encode


def encode(value: object) -> str:
    """Write a payload as JSON text.

    Takes None, bool, int, float, str, Decimal, datetime, date, time, timedelta, UUID, enums, lists,
    tuples, mappings with string keys, dataclasses, and objects of msgspec, attrs and pydantic,
    nested at will. Decimals and UUIDs become strings, times RFC 3339; fields have the names that
    `named` gave them.

    Raises PayloadError, which names the path, for a value that JSON or Postgres would refuse or
    change, and TooLarge for more than a job may hold.
    """
    return written(value)[0]


def written(value: object) -> tuple[str, Any]:
    """The JSON text that `encode` writes, and the value that it reads back as.

    A hash of plain values is its own value.
    """
    plain: Any = value
    try:
        text = _encode_flat(value) if type(value) is dict else None
        if text is None:
            plain = _plain(value)
            text = _encode(plain)
    except _Refused as refused:
        path = refused.path if len(refused.path) < 200 else f"{refused.path[:200]}…"
        kind = TooLarge if refused.is_large else PayloadError
        raise kind(f"payload{path} {refused.reason}") from None
    except (ValueError, OverflowError) as error:
        raise PayloadError(f"payload cannot be written as JSON: {error}") from None
    if len(text) > MAX_SIZE:
        raise TooLarge(
            f"payload is {len(text):,} bytes of JSON, more than {MAX_SIZE:,}: store the data "
            "elsewhere and enqueue a reference to it"
        )
    if len(text) > _ROOMY and jsonb_size(text) > JSONB_BYTES:
        raise TooLarge(
            f"payload has too many values: Postgres holds {JSONB_BYTES:,} bytes of them; store the "
            "data elsewhere and enqueue a reference to it"
        )
    return text.decode(), plain


def decode(text: str) -> Any:
    """The value of a JSON text from Postgres; the text itself if Python cannot hold the value."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


_TEXT, _FLAT = frozenset({str}), frozenset({str, int, bool, float})


def _encode_flat(value: dict[Any, Any]) -> bytes | None:
    """The JSON of a hash of plain values, as most payloads are; None if it needs the general way.

    The text shows which values msgspec accepts and Postgres does not.
    """
    if not (_FLAT.issuperset(map(type, value.values())) and _TEXT.issuperset(map(type, value))):
        return None
    try:
        text = _encode(value)
    except (ValueError, OverflowError):  # lone surrogates, numbers that are too large
        return None
    # The escape of U+0000, and what msgspec makes of NaN and infinity.
    return None if b"\\u0000" in text or b"null" in text else text


def refusal_of(text: str) -> str | None:
    """Why Postgres refuses the text; None if it does not."""
    if "\0" in text:
        return "contains the character U+0000, which Postgres cannot store"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"contains a lone surrogate: {error.reason}"
    return None


def check_name(name: str, what: str) -> None:
    """Raise PayloadError for a name that Postgres would refuse; `what` is the kind of the name."""
    if name is None or name == "":
        raise PayloadError(f"{what} is empty: give a name")
    if not isinstance(name, str):
        raise PayloadError(f"{what} is {name!r}: use a text")
    _check_characters(name, what)


@lru_cache(maxsize=1_024)
def _check_characters(name: str, what: str) -> None:
    if problem := refusal_of(name):
        raise PayloadError(f"{what} {problem}")
    if len(name.encode()) > MAX_NAME:
        raise PayloadError(f"{what} {name[:40]}… is longer than {MAX_NAME} bytes")


class _Refused(Exception):
    """A value cannot be stored; `path` grows while the containers around the value unwind."""

    def __init__(self, reason: str, *, is_large: bool = False) -> None:
        self.reason = reason
        self.is_large = is_large
        self.path = ""

    def inside(self, step: str) -> "_Refused":
        self.path = step + self.path
        return self


def _plain(value: Any, depth: int = 0) -> Any:
    """The value in types of JSON: None, bool, int, float, str, list and dict."""
    write = _WRITERS.get(type(value))
    if write is None:
        write = _writer_by_base(value)
    return write(value, depth)


def _text(value: str, depth: int) -> str:
    if problem := refusal_of(value):
        raise _Refused(problem)
    return str.__str__(value)


def _float(value: float, depth: int) -> float:
    if not math.isfinite(value):
        raise _Refused(f"is {value}, which JSON cannot hold")
    return float(value)


def _decimal(value: Decimal, depth: int) -> str:
    if not value.is_finite():
        raise _Refused(f"is {value}, which is not a number")
    return str(value)


def _datetime(value: datetime, depth: int) -> str:
    if value.tzinfo is None:
        raise _Refused("is a datetime without a time zone: use an aware one")
    return _msgspec_text(value, depth)


def _msgspec_text(value: Any, depth: int) -> str:
    return str(msgspec.to_builtins(value))


def _list(value: Any, depth: int) -> list[Any]:
    deeper = _deeper(depth)
    written = []
    try:
        for item in value:
            written.append(_plain(item, deeper))
    except _Refused as refused:
        raise refused.inside(f"[{len(written)}]") from None
    if len(written) > JSONB_ELEMENTS:
        raise _Refused(
            f"has {len(written):,} elements, more than the {JSONB_ELEMENTS:,} that Postgres holds",
            is_large=True,
        )
    return written


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    deeper = _deeper(depth)
    written = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _Refused(f"has the key {key!r}, which is not a string")
        try:
            written[_text(key, depth)] = _plain(item, deeper)
        except _Refused as refused:
            raise refused.inside(f".{key}") from None
    return written


def _fields(value: Any, depth: int) -> dict[str, Any]:
    cls: Any = type(value)
    names = _field_names(cls)
    return _mapping({name: getattr(value, attribute) for attribute, name in names}, depth)


def _attributes(value: Any, depth: int) -> dict[str, Any]:
    names = [field.name for field in type(value).__attrs_attrs__]
    return _mapping({name: getattr(value, name) for name in names}, depth)


@cache
def _field_names(cls: Any) -> tuple[tuple[str, str], ...]:
    """The attribute and the JSON key of each field."""
    if issubclass(cls, msgspec.Struct):
        return tuple((f.name, f.encode_name) for f in msgspec.structs.fields(cls))
    names = source_names(cls)
    return tuple((f.name, names.get(f.name, f.name)) for f in dataclasses.fields(cls))


def _deeper(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise _Refused(f"is nested more than {MAX_DEPTH} deep")
    return depth + 1


_Writer = Callable[[Any, int], Any]
_WRITERS: dict[type, _Writer] = {
    type(None): lambda value, depth: value,
    bool: lambda value, depth: value,
    int: lambda value, depth: int(value),
    float: _float,
    str: _text,
    Decimal: _decimal,
    datetime: _datetime,
    date: _msgspec_text,
    time: lambda value, depth: value.isoformat(),
    timedelta: _msgspec_text,
    UUID: _msgspec_text,
    list: _list,
    tuple: _list,
    dict: _mapping,
}


def _writer_by_base(value: object) -> _Writer:
    """The writer for a subclass, cached by class."""
    cls: type = type(value)
    if isinstance(value, Enum):
        write: _Writer = lambda value, depth: _plain(value.value, depth)  # noqa: E731
    elif dataclasses.is_dataclass(cls) or isinstance(value, msgspec.Struct):
        write = _fields
    elif isinstance(value, Mapping):
        write = _mapping
    elif hasattr(cls, "__attrs_attrs__"):
        write = _attributes
    elif hasattr(cls, "__pydantic_validator__"):
        write = lambda value, depth: _mapping(value.model_dump(by_alias=True), depth)  # noqa: E731
    else:
        known = next((base for base in cls.__mro__ if base in _WRITERS), None)
        if known is None:
            raise _Refused(f"is a {cls.__qualname__}, which JSON cannot hold")
        write = _WRITERS[known]
    _WRITERS[cls] = write
    return write
