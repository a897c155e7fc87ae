"""What a log shows of values and errors that may hold sensitive values."""

from typing import Any

from .. import operators
from ..model.text.masking import mask
from ..model.values import error_message
from ..payloads.sensitive import secrets_here


def masked(value: Any) -> Any:
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


def presentable(error: BaseException) -> BaseException:
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
