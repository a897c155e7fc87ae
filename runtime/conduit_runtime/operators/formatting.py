"""Values as texts: as they read in a string, and as messages name their types."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from ..model import payload
from ..model.kinds import WORDS
from ..model.values import ConduitError, ErrorValue


def text(value: Any) -> str:
    """The text of a value in a string.

    Nil is empty, bools and numbers read as in JSON, decimals with all their digits, times as RFC
    3339, arrays, hashes and records as compact JSON. Raises ConduitError for an int of more digits
    than Python writes.
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
    except ValueError:  # JSON cannot hold it: infinity, say, or an object of the application
        try:
            return str(value)
        except ValueError:  # Python's limit of digits
            raise ConduitError("an int has too many digits to be written in a string") from None
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
    return WORDS.get(type(value), type(value).__name__)
