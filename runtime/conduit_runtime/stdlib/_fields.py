"""The named values of a log message, and how a message with them reads."""

import json
import keyword
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import operators
from ..model.text.printable import escape_controls, one_line
from ..model.values import ErrorValue

_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@dataclass(frozen=True, slots=True)
class Event:
    """What a record's `msg` is: the message as the source has it, and the named values.

    Its text, which is what `record.getMessage()` gives, has both.
    """

    message: str
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        fields = (f"{name}={_shown(value)}" for name, value in self.fields.items())
        return " ".join([one_line(self.message), *fields])


def fields_of(values: Mapping[str, Any], error: object, context: object) -> dict[str, Any]:
    """The named values by their names in the source, then the context, then the error."""
    fields = {_source_name(name): value for name, value in values.items()}
    if context is not None:
        fields["context"] = context
    if isinstance(error, BaseException):
        error = ErrorValue.of(error)
    if isinstance(error, ErrorValue):
        fields["error"] = error.message
        fields["error_type"] = error.type
    elif error is not None:
        fields["error"] = error
    return fields


def attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields under names that a `LogRecord` does not use itself."""
    return {f"{name}_" if name in _RESERVED else name: value for name, value in fields.items()}


def _source_name(name: str) -> str:
    """A keyword has its trailing `_` only in Python."""
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name


def _shown(value: Any) -> str:
    """A value as a string has it; quoted where it would not read as one word."""
    if value is None:
        return "nil"
    try:
        text = operators.text(value)
    except Exception:  # a log line must not fail for an object whose `str()` does
        text = type(value).__name__
    if text and text.isprintable() and not any(mark in text for mark in ' "='):
        return text
    return escape_controls(json.dumps(text, ensure_ascii=False))
