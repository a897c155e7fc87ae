"""Decides whether and when a failed attempt is retried."""

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias, get_args

from ..arguments import describe_argument, listed

BackoffKind = Literal["exponential", "linear", "constant"]
ErrorType: TypeAlias = type[Exception] | str
"""A class of errors, or the name of one without its module."""
JITTER = 0.1
LONGEST = timedelta(days=365).total_seconds()
_WANTED = 'a class that derives from Exception, or its name, as "TimeoutError"'
_NO_ERRORS = {"Retry", "Discard", "Snooze", "CancelledError"} | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type)
    and issubclass(value, BaseException)
    and not issubclass(value, Exception)
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """After which errors a job is retried, and how long it waits after its n-th failed attempt.

    `base` is in seconds: exponential waits base × 1, 2, 4, 8 …, linear base × 1, 2, 3 …, constant
    base each time; never longer than `longest` seconds. An error of `discard_on` ends the job at
    once; with `retry_on`, so does any error that is not in it.
    """

    backoff: BackoffKind = "exponential"
    base: float = 60.0
    retry_on: Sequence[ErrorType] = ()
    discard_on: Sequence[ErrorType] = ()
    longest: float = LONGEST

    def discards(self, error: BaseException) -> bool:
        """Whether an attempt that ended with this error is the job's last.

        The first class that `retry_on` or `discard_on` names decides, from the error's own class up
        through its bases. An error that is not an `Exception` came from the queue itself and is not
        decided here.
        """
        if not (self.retry_on or self.discard_on) or not isinstance(error, Exception):
            return False
        for kind in type(error).__mro__:
            if kind in self.discard_on or kind.__name__ in self.discard_on:
                return True
            if kind in self.retry_on or kind.__name__ in self.retry_on:
                return False
        return bool(self.retry_on)

    def delay(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after failed attempt number `attempt`; the first is 1.

        `jitter` from 0 to 1 lengthens the wait by up to 10 %, so that jobs that failed together do
        not run again together.
        """
        if self.backoff == "exponential":
            factor = 2.0 ** min(attempt - 1, 40)
        elif self.backoff == "linear":
            factor = float(attempt)
        else:
            factor = 1.0
        return min(self.base * factor, self.longest) * (1 + JITTER * jitter)


DEFAULT_POLICY = RetryPolicy()


def check_backoff(backoff: object) -> None:
    """Raise ValueError for a value that is no backoff."""
    if backoff not in get_args(BackoffKind):
        raise ValueError(
            describe_argument("backoff", backoff, " or ".join(map(repr, get_args(BackoffKind))))
        )


def check_error_types(
    retry_on: Iterable[ErrorType], discard_on: Iterable[ErrorType]
) -> tuple[tuple[ErrorType, ...], tuple[ErrorType, ...]]:
    """Both as tuples. Raises TypeError for a value that is no class of errors and no name of one.

    Raises ValueError for a text that cannot be such a name, and for an error that is in both.
    """
    retried = _checked(retry_on, "retry_on")
    discarded = _checked(discard_on, "discard_on")
    names = {_name(each) for each in retried}
    for each in discarded:
        if each in retried or (_name(each) in names and _is_by_name(each, retried)):
            raise ValueError(f"retry_on and discard_on both name {_name(each)}: use one of them")
    return retried, discarded


def _checked(given: Iterable[ErrorType], what: str) -> tuple[ErrorType, ...]:
    given = [given] if isinstance(given, str | type) else listed(given, what)
    for each in given:
        if isinstance(each, str):
            if not each.isidentifier() or each in _NO_ERRORS:
                raise ValueError(describe_argument(what, each, _WANTED))
        elif not (isinstance(each, type) and issubclass(each, Exception)):
            raise TypeError(describe_argument(what, each, _WANTED))
    return tuple(given)


def _is_by_name(error: ErrorType, others: Iterable[ErrorType]) -> bool:
    """Whether one of the errors is given by the name of this one: two classes may share a name."""
    return isinstance(error, str) or _name(error) in others


def _name(error: ErrorType) -> str:
    return error if isinstance(error, str) else error.__name__
