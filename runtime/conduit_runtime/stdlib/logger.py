"""`Logger`."""

import logging
from typing import Any

from .. import operators
from ..model.text.masking import mask
from ..model.values import error_message
from ..payloads.sensitive import secrets_here
from ._fields import Event, attributes, fields_of
from ._namespace import ArgumentError

_logger = logging.getLogger("conduit")


class Logger:
    """Structured messages, sent through the `logging` of Python under the name `conduit`.

    The message of a record reads `order shipped number=AB-1`. Each named value is also an
    attribute of the record, as `extra=` makes it, so that any formatter of JSON shows it; a name
    that records use themselves gets a trailing `_`. An error stands as `error`, and its kind as
    `error_type`; `Logger.error` adds the traceback of an exception. Values of sensitive fields that
    the job or hook has read are masked in all of it.
    """

    @staticmethod
    def debug(message: object, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what helps to find a fault."""
        _log("Logger.debug", logging.DEBUG, message, error, context, values)

    @staticmethod
    def info(message: object, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what happened."""
        _log("Logger.info", logging.INFO, message, error, context, values)

    @staticmethod
    def warn(message: object, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what needs attention."""
        _log("Logger.warn", logging.WARNING, message, error, context, values)

    @staticmethod
    def error(message: object, /, *, error: Any = None, context: Any = None, **values: Any) -> None:
        """Log what went wrong."""
        _log("Logger.error", logging.ERROR, message, error, context, values)


def _log(
    call: str, level: int, message: object, error: Any, context: Any, values: dict[str, Any]
) -> None:
    if message is None:
        raise ArgumentError(f"{call}: `message` must be a string, not nil")
    if not _logger.isEnabledFor(level):
        return
    fields = {name: _masked(value) for name, value in fields_of(values, error, context).items()}
    text = message if isinstance(message, str) else operators.text(message)
    shown = None
    if isinstance(error, BaseException) and level >= logging.ERROR:
        shown = _presentable(error)
    _logger.log(
        level,
        Event(_masked(text), fields),
        exc_info=shown,
        extra=attributes(fields),
        stacklevel=3,
    )


def _masked(value: Any) -> Any:
    """The value; its text with the sensitive values masked, if it holds any."""
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
    """The exception; one of the same name with another text, if its own tells too much."""
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
