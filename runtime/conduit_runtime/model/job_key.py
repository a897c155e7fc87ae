"""The key of a job: whose it is, as text."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from .arguments import describe_argument
from .errors import PayloadError
from .payload import encode

MAX_BYTES = 200
"""Bytes of UTF-8 that a key may have."""


def key_text(value: object) -> str | None:
    """A key as it is stored and shown; None without one: for None and False.

    A string is its own text; other values are JSON, so a tuple is an array. Raises PayloadError for
    a value that JSON cannot hold, and for a text of more than `MAX_BYTES`.
    """
    if value is None or value is False:
        return None
    try:
        plain = plain_value(value)
    except PayloadError as error:
        raise PayloadError(f"key: {str(error).replace('payload', 'its value', 1)}") from None
    if not isinstance(plain, str):
        plain = msgspec.json.encode(plain, order="sorted").decode()
    if len(plain.encode()) > MAX_BYTES:
        raise PayloadError(
            describe_argument("key", value, f"a value of at most {MAX_BYTES} bytes as text")
        )
    return plain


def plain_value(value: object) -> Any:
    """A key or a unique value in types of JSON, with its times in UTC.

    A session reads the times of a row in its own zone, and equal times have to be one key. Raises
    PayloadError for a value that JSON cannot hold.
    """
    text = encode(value)  # refuses what contains itself
    if not isinstance(value, str | int):
        text = encode(_in_utc(value))
    return msgspec.json.decode(text)


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        with suppress(OverflowError):  # on the first or the last day that Python knows
            return value.astimezone(UTC)
    elif isinstance(value, list | tuple):
        return [_in_utc(each) for each in value]
    elif isinstance(value, Mapping):
        return {name: _in_utc(each) for name, each in value.items()}
    return value
