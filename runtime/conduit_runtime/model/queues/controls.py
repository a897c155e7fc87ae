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


OnFailure: TypeAlias = Literal["hold", "skip"]
"""What a failed job does to those of its key that run in order: they wait for it, or go on."""


@dataclass(frozen=True, slots=True)
class TypeLimits:
    """The limits of a job type, over all workers: jobs at once, and starts within any `per`.

    What begins with `key_` limits the jobs of one key. None is no limit. What ends in `_from` is
    where a limit is set; None if nowhere. `key_order` says that the jobs of one key run in order,
    and what a failed one does.
    """

    type: str
    concurrency: int | None = None
    concurrency_from: Origin | None = None
    starts: int | None = None
    per: timedelta | None = None
    rate_from: Origin | None = None
    key_concurrency: int | None = None
    key_concurrency_from: Origin | None = None
    key_starts: int | None = None
    key_per: timedelta | None = None
    key_rate_from: Origin | None = None
    key_order: OnFailure | None = None


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

    What begins with `key_` limits the jobs of one key. `fair` is the queue that it makes fair.
    """

    concurrency: int | None = None
    starts: int | None = None
    seconds: float | None = None
    key_concurrency: int | None = None
    key_starts: int | None = None
    key_seconds: float | None = None
    key_order: OnFailure | None = None
    fair: str | None = None

    @classmethod
    def of(
        cls,
        concurrency: int | None = None,
        rate_limit: int | None = None,
        per: timedelta | None = None,
        key_concurrency: int | None = None,
        key_rate_limit: int | None = None,
        key_per: timedelta | None = None,
        ordered: bool = False,
        on_failure: OnFailure | None = None,
        fair: str | None = None,
    ) -> "SourceLimits | None":
        """The limits in the options, if any. Raises TypeError or ValueError for a bad one."""
        for name, given in (("concurrency", concurrency), ("key_concurrency", key_concurrency)):
            if given is not None:
                check_count(given, name)
        if ordered not in (True, False):
            raise ValueError(describe_argument("ordered", ordered, "True or False"))
        if on_failure not in (None, "hold", "skip"):
            raise ValueError(describe_argument("on_failure", on_failure, '"hold" or "skip"'))
        if on_failure is not None and not ordered:
            raise ValueError("on_failure needs ordered=True: it says what a failed job does")
        if ordered and key_concurrency not in (None, 1):
            raise ValueError(
                "ordered=True runs one job of a key at a time: leave out key_concurrency"
            )
        limits = cls(
            concurrency,
            *_rate(rate_limit, per),
            key_concurrency,
            *_rate(key_rate_limit, key_per, "key_"),
            (on_failure or "skip") if ordered else None,
            fair,
        )
        return None if limits == cls() else limits


def _rate(
    starts: int | None, per: timedelta | None, prefix: str = ""
) -> tuple[int | None, float | None]:
    if starts is None:
        if per is not None:
            needed = f"{prefix}rate_limit: how many jobs may start in that time"
            raise ValueError(f"{prefix}per needs {needed}")
        return None, None
    check_count(starts, f"{prefix}rate_limit")
    return starts, period_of(timedelta(seconds=1) if per is None else per)


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
