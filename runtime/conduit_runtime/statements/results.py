"""Stored return values of handlers, for types that ask for it."""

from typing import Any, NamedTuple

from ..model.errors import OutcomeTooLarge, PayloadError, TooLarge
from ..model.payload import encode
from ..model.text.logs import get_logger
from ..postgres.statement import Statement, counted

_log = get_logger("conduit.worker")

SWEPT = 5_000
"""Results that one sweep deletes at most."""
MAX_RESULT = 16 * 1024 * 1024
"""Bytes of JSON text that a stored result may have."""


class Result(NamedTuple):
    """A returned value as JSON, and the seconds until it expires."""

    text: str
    seconds: float


def result_of(value: Any, seconds: float, job: object) -> Result | None:
    """A handler's return value as it is stored; None for None.

    One that has no form in JSON is left out with an error in the log: the work is done, and running
    the job again would not better it. Raises OutcomeTooLarge for one of more than `MAX_RESULT`
    bytes.
    """
    if value is None:
        return None
    try:
        text = encode(value)
        size = len(text.encode())
        if size > MAX_RESULT:
            raise TooLarge(
                f"payload is {size:,} bytes of JSON, more than {MAX_RESULT:,}: store the data "
                "elsewhere and return a reference to it"
            )
        return Result(text, seconds)
    except TooLarge as error:
        raise OutcomeTooLarge(str(error).replace("payload", "the result", 1)) from None
    except PayloadError as error:
        reason = str(error).replace("payload", "it", 1)
        _log.error("the result of job %s cannot be kept: %s", job, reason)
        return None


def sweep() -> Statement[int]:
    """Delete results whose time is over, a bounded number of them; returns how many."""
    return Statement("outcome/sweep_results", {"limit": SWEPT}, counted)
