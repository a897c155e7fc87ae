"""Pauses and limits, as far as they concern a worker: of queues, and of job types."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from .arguments import check_type, describe_argument

_LONGEST_PERIOD = timedelta(days=365)
_MOST = 2**31 - 1

NOTICE = "control"
"""What a notification says when operators changed something."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The queues that are paused, those with a limit, and the types with a rate."""

    paused: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    rated: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, paused: Iterable[str] = (), limited: Iterable[str] = (), rated: Iterable[str] = ()
    ) -> "Controls":
        return cls(frozenset(paused), frozenset(limited), frozenset(rated))

    @property
    def has_limits(self) -> bool:
        """Whether some claims have to count."""
        return bool(self.limited or self.rated)


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """The limits that the code gives a type: jobs at once, and starts within so many seconds."""

    concurrency: int | None = None
    starts: int | None = None
    seconds: float | None = None

    @classmethod
    def of(
        cls, concurrency: int | None, rate_limit: int | None, per: timedelta | None
    ) -> "SourceLimits | None":
        """Those of the options, None without any. Raises TypeError or ValueError for bad ones."""
        if concurrency is not None:
            check_count(concurrency, "concurrency")
        if rate_limit is None:
            if per is not None:
                raise ValueError("per needs rate_limit: how many jobs may start in that time")
            return None if concurrency is None else cls(concurrency)
        check_count(rate_limit, "rate_limit")
        per = timedelta(seconds=1) if per is None else per
        return cls(concurrency, rate_limit, period_of(per))


def check_count(count: object, what: str, instead: str = "") -> None:
    """Raise ValueError for what is no number of jobs."""
    if type(count) is not int or not 1 <= count <= _MOST:
        raise ValueError(describe_argument(what, count, f"1 to {_MOST}{instead and '; '}{instead}"))


def period_of(per: timedelta) -> float:
    """The seconds of the period of a rate. Raises TypeError or ValueError for what is none."""
    check_type(per, "per", timedelta, "a timedelta")
    if not timedelta(milliseconds=1) <= per <= _LONGEST_PERIOD:
        raise ValueError(f"per is {per}: use a millisecond to {_LONGEST_PERIOD.days} days")
    return per.total_seconds()
