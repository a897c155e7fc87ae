"""What became of the attempts at the jobs of one type in one queue, as numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from .histogram import BOUNDS

Key = tuple[str, str]
"""A queue and a type."""


def _buckets() -> list[int]:
    return [0] * (len(BOUNDS) + 1)


@dataclass(slots=True)
class AttemptCounters:
    """What became of the attempts at jobs of one type in one queue.

    `retried` and `discarded` are among the `failed`. `duration` and `wait` are sums of seconds,
    `durations` and `waits` their histograms; the wait is from when a job was due to its start.
    """

    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    discarded: int = 0
    snoozed: int = 0
    cancelled: int = 0
    duration: float = 0.0
    wait: float = 0.0
    durations: list[int] = field(default_factory=_buckets)
    waits: list[int] = field(default_factory=_buckets)

    def since(self, before: "AttemptCounters") -> "AttemptCounters":
        """What was counted since `before`."""
        numbers = {name: getattr(self, name) - getattr(before, name) for name in _NUMBERS}
        return AttemptCounters(
            **numbers,
            durations=[now - then for now, then in _pairs(self.durations, before.durations)],
            waits=[now - then for now, then in _pairs(self.waits, before.waits)],
        )

    def copy(self) -> "AttemptCounters":
        """The present values."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        return AttemptCounters(**numbers, durations=self.durations.copy(), waits=self.waits.copy())

    def __bool__(self) -> bool:
        return any((self.succeeded, self.failed, self.snoozed, self.cancelled))


_NUMBERS = tuple(each.name for each in fields(AttemptCounters))[:-2]


def _pairs(one: Sequence[int], other: Sequence[int]) -> Iterable[tuple[int, int]]:
    return zip(one, other, strict=True)
