"""What the handlers of a pool did so far, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..statements.outcomes import Attempt


@dataclass(slots=True)
class TypeStats:
    """Counts of one type, and how long its attempts took, in seconds.

    Every attempt is processed and either succeeded or failed; `retried` are the failed ones that
    will be made again.
    """

    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    total: float = 0.0
    min: float = 0.0
    max: float = 0.0

    @property
    def avg(self) -> float:
        """The mean duration of an attempt."""
        return self.total / self.processed if self.processed else 0.0

    @property
    def success_rate(self) -> float:
        """The share of attempts that succeeded, from 0 to 1."""
        return self.succeeded / self.processed if self.processed else 0.0


class Metrics:
    """Counts by type, of one pool since it was made."""

    def __init__(self) -> None:
        self._types: dict[str, TypeStats] = {}

    def record_completed(self, attempts: Sequence["Attempt"]) -> None:
        """Count attempts that completed, a batch at once."""
        lasted: dict[str, list[float]] = {}
        if len({attempt.job.type for attempt in attempts}) == 1:
            lasted[attempts[0].job.type] = [attempt.elapsed for attempt in attempts]
        else:
            for attempt in attempts:
                lasted.setdefault(attempt.job.type, []).append(attempt.elapsed)
        for type_, durations in lasted.items():
            stats = self._of(type_, durations[0])
            stats.processed += len(durations)
            stats.succeeded += len(durations)
            stats.total += sum(durations)
            stats.max = max(stats.max, *durations)
            stats.min = min(stats.min, *durations)

    def record(self, type: str, duration: float, *, succeeded: bool, retried: bool = False) -> None:
        """Count an attempt; called by the loop of one worker."""
        stats = self._of(type, duration)
        stats.processed += 1
        stats.total += duration
        if duration > stats.max:
            stats.max = duration
        if duration < stats.min:
            stats.min = duration
        if succeeded:
            stats.succeeded += 1
        else:
            stats.failed += 1
            stats.retried += retried

    def _of(self, type: str, duration: float) -> TypeStats:
        stats = self._types.get(type)
        if stats is None:
            stats = self._types[type] = TypeStats(min=duration)
        return stats

    def stats(self, type: str) -> TypeStats:
        """A copy of a type's counts; zeros for one that has not run."""
        return replace(self._types.get(type, TypeStats()))

    def all_stats(self) -> dict[str, TypeStats]:
        """A copy of every type's counts."""
        return {type_: replace(stats) for type_, stats in list(self._types.items())}
