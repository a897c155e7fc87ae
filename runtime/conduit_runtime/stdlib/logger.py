"""`Logger`."""

import keyword
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from .. import operators
from ..model.calls import entered_job
from ..model.text.job_fields import job_fields
from ..model.text.masking import mask
from ..model.text.printable import one_line, one_word
from ..model.values import ErrorValue, error_message
from ..payloads.sensitive import secrets_here
from ._namespace import ArgumentError, properties

Text: TypeAlias = Annotated[object, "string"]

_logger = logging.getLogger("conduit")
_RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


@dataclass(frozen=True, slots=True)
class Event:
    """The `msg` of a record: the message as the source has it, and the named values.

    Its text, which `record.getMessage()` returns, has both.
    """

    message: str
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        fields = (f"{name}={_shown(value)}" for name, value in self.fields.items())
        return " ".join([one_line(self.message), *fields])


class Logger:
    """Structured messages, sent through the `logging` of Python under the name `conduit`.

    The message of a record reads `order shipped number=AB-1`. Each named value is also an attribute
    of the record, as with `extra=`, so that any JSON formatter shows it. A name that records use
    themselves gets a trailing `_`. An error becomes `error`, and its kind `error_type`;
    `Logger.error` adds the traceback of an exception. Values of sensitive fields that the job or
    hook has read are masked everywhere. In a job, a record also has `job_id`, `job_type`, `queue`,
    `attempt`, `headers` and `trace_id`, unless the source gives a value of that name.
    """

    @staticmethod
    @properties("effect")
    def debug(message: Text, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what helps to find a fault."""
        _log("Logger.debug", logging.DEBUG, message, error, context, values)

    @staticmethod
    @properties("effect")
    def info(message: Text, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what happened."""
        _log("Logger.info", logging.INFO, message, error, context, values)

    @staticmethod
    @properties("effect")
    def warn(message: Text, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what needs attention."""
        _log("Logger.warn", logging.WARNING, message, error, context, values)

    @staticmethod
    @properties("effect")
    def error(message: Text, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what went wrong."""
        _log("Logger.error", logging.ERROR, message, error, context, values)


def _log(
    call: str, level: int, message: object, error: Any, context: Any, values: dict[str, Any]
) -> None:
    if message is None:
        raise ArgumentError(f"{call}: `message` must be a string, not nil")
    if not _logger.isEnabledFor(level):
        return
    fields = {name: _masked(value) for name, value in _fields(values, error, context).items()}
    text = message if isinstance(message, str) else operators.text(message)
    shown = None
    job = entered_job.get(None)
    if isinstance(error, BaseException) and level >= logging.ERROR:
        shown = _presentable(error)
    _logger.log(
        level,
        Event(_masked(text), fields),
        exc_info=shown,
        extra={
            **({} if job is None else job_fields(job)),
            **{f"{name}_" if name in _RESERVED else name: each for name, each in fields.items()},
        },
        stacklevel=3,
    )


def _masked(value: Any) -> Any:
    """The value; if it holds sensitive values, its text with these masked."""
    secrets = secrets_here()
    if not secrets:
        return value
    try:
        text = value if isinstance(value, str) else operators.text(value)
    except Exception:  # a log line must not fail for an object whose `str()` does
        return value
    shown = mask(text, secrets)
    return value if shown == text else shown


def _presentable(error: BaseException) -> BaseException:
    """The exception; if its text tells too much, one of the same name with another text."""
    message = mask(error_message(error), secrets_here())
    try:
        if message == str(error):
            return error
    except BaseException:
        return error
    kind = type(error)
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    shown: BaseException = type(kind.__name__, (Exception,), names)(message)
    return shown.with_traceback(error.__traceback__)


def _fields(values: Mapping[str, Any], error: object, context: object) -> dict[str, Any]:
    """The named values by their names in the source, then the context, then the error."""
    # A keyword has its trailing `_` only in Python.
    fields = {
        name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name: value
        for name, value in values.items()
    }
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


def _shown(value: Any) -> str:
    """The text of a value as in a string; in quotes if it would not read as one word."""
    if value is None:
        return "nil"
    try:
        text = operators.text(value)
    except Exception:  # a log line must not fail for an object whose `str()` does
        text = type(value).__name__
    return one_word(text)
