"""Counters of the attempts at the jobs of one type in one queue."""

from dataclasses import dataclass, field, fields
from typing import Any

from .histogram import BOUNDS

Key = tuple[str, str]
"""A queue and a type."""


def _buckets() -> list[int]:
    return [0] * (len(BOUNDS) + 1)


@dataclass(slots=True)
class AttemptCounters:
    """Counters of the attempts at jobs of one type in one queue.

    `retried` and `discarded` are among the `failed`. `expired` jobs had no attempt. `duration` and
    `wait` are sums of seconds, `durations` and `waits` their histograms; the wait is from when a
    job was due to its start.
    """

    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    discarded: int = 0
    snoozed: int = 0
    cancelled: int = 0
    expired: int = 0
    duration: float = 0.0
    wait: float = 0.0
    durations: list[int] = field(default_factory=_buckets)
    waits: list[int] = field(default_factory=_buckets)

    def since(self, before: "AttemptCounters") -> "AttemptCounters":
        """The counts since `before`."""
        names = [each.name for each in fields(self)]
        return AttemptCounters(*(_minus(getattr(self, n), getattr(before, n)) for n in names))

    def copy(self) -> "AttemptCounters":
        """A copy of the present counts."""
        return self.since(AttemptCounters())

    def __bool__(self) -> bool:
        return any((self.succeeded, self.failed, self.snoozed, self.cancelled, self.expired))


def _minus(now: Any, before: Any) -> Any:
    if isinstance(now, list):
        return [one - other for one, other in zip(now, before, strict=True)]
    return now - before
