"""How values read: in a string, and in a message that says what one is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ..model import payload
from ..model.values import KINDS, ErrorValue


def text(value: Any) -> str:
    """How a value reads in a string.

    Nil as nothing, bools and numbers as JSON, decimals with all their digits, times as RFC 3339,
    arrays, hashes and records as compact JSON.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, BaseException):
        return ErrorValue.of(value).message
    if isinstance(value, ErrorValue):
        return value.message
    try:
        written = payload.encode(value)
    except ValueError:  # no JSON has it: infinity, say, or an object of the application
        return str(value)
    if written.startswith('"'):
        return str(msgspec.json.decode(written))
    return written


def kind_of(value: Any) -> str:
    """The type of a value in the language's words."""
    if value is None:
        return "nil"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, Mapping):
        return "a hash"
    return KINDS.get(type(value), type(value).__name__)
