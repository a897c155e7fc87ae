"""Pauses and limits of queues and job types, as far as they concern a worker."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, TypeAlias

from ..arguments import check_type, describe_argument

_LONGEST_PERIOD = timedelta(days=365)
_MOST = 2**31 - 1

NOTICE = "control"
"""The payload of a notification after operators changed something."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The paused queues, the queues with a limit, and the types with a limit."""

    paused: frozenset[str] = frozenset()
    limited: frozenset[str] = frozenset()
    limited_types: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, paused: Iterable[str] = (), limited: Iterable[str] = (), types: Iterable[str] = ()
    ) -> "Controls":
        return cls(frozenset(paused), frozenset(limited), frozenset(types))

    def of_types(self, types: Container[str]) -> "Controls":
        """The controls without limits of other types, which must cost this worker nothing."""
        return replace(
            self, limited_types=frozenset(filter(types.__contains__, self.limited_types))
        )

    @property
    def has_limits(self) -> bool:
        """Whether some claims have to count jobs."""
        return bool(self.limited or self.limited_types)


Origin: TypeAlias = Literal["source", "command"]
"""The origin of a limit: the code, or `conduit-jobs` and the methods of the queue."""


@dataclass(frozen=True, slots=True)
class TypeLimits:
    """The limits of a job type, over all workers: jobs at once, and starts within any `per`.

    `key_concurrency` is the number of jobs of one key at once. None is no limit. What ends in
    `_from` is where a limit is set; None if nowhere.
    """

    type: str
    concurrency: int | None = None
    concurrency_from: Origin | None = None
    starts: int | None = None
    per: timedelta | None = None
    rate_from: Origin | None = None
    key_concurrency: int | None = None
    key_concurrency_from: Origin | None = None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many jobs of a type may start within any `per`; `rate_from` is where that is set."""

    type: str
    starts: int
    per: timedelta
    rate_from: Origin | None = None


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """The limits of a type in the code: jobs at once, starts within so many seconds.

    `key_concurrency` is the number of jobs of one key at once.
    """

    concurrency: int | None = None
    starts: int | None = None
    seconds: float | None = None
    key_concurrency: int | None = None

    @classmethod
    def of(
        cls,
        concurrency: int | None,
        rate_limit: int | None,
        per: timedelta | None,
        key_concurrency: int | None = None,
    ) -> "SourceLimits | None":
        """The limits in the options, if any. Raises TypeError or ValueError for a bad one."""
        if concurrency is not None:
            check_count(concurrency, "concurrency")
        if key_concurrency is not None:
            check_count(key_concurrency, "key_concurrency")
        if rate_limit is None:
            if per is not None:
                raise ValueError("per needs rate_limit: how many jobs may start in that time")
            given = cls(concurrency, key_concurrency=key_concurrency)
            return None if given == cls() else given
        check_count(rate_limit, "rate_limit")
        per = timedelta(seconds=1) if per is None else per
        return cls(concurrency, rate_limit, period_of(per), key_concurrency)


def check_count(count: object, what: str, instead: str = "") -> None:
    """Raise ValueError for a value that is no number of jobs."""
    if type(count) is not int or not 1 <= count <= _MOST:
        raise ValueError(describe_argument(what, count, f"1 to {_MOST}{instead and '; '}{instead}"))


def period_of(per: timedelta) -> float:
    """The period of a rate in seconds. Raises TypeError or ValueError for a bad one."""
    check_type(per, "per", timedelta, "a timedelta")
    if not timedelta(milliseconds=1) <= per <= _LONGEST_PERIOD:
        raise ValueError(f"per is {per}: use a millisecond to {_LONGEST_PERIOD.days} days")
    return per.total_seconds()
