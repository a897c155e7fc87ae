"""What the handlers of a pool did so far, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..model.workers.child_counts import ChildCounts
from ..statements.outcomes import Attempt
from ..telemetry.attempt_counters import by_key


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
        self.children = ChildCounts()

    def record_completed(self, attempts: Sequence[Attempt]) -> None:
        """Count attempts that completed, a batch at once."""
        for (_, type_), group in by_key(attempts):
            self._add(type_, [attempt.elapsed for attempt in group]).succeeded += len(group)

    def record_failed(self, type: str, duration: float, *, retried: bool) -> None:
        """Count an attempt that failed; called by the loop of one worker."""
        stats = self._add(type, [duration])
        stats.failed += 1
        stats.retried += retried

    def _add(self, type: str, durations: list[float]) -> TypeStats:
        stats = self._types.get(type)
        if stats is None:
            stats = self._types[type] = TypeStats(min=durations[0])
        stats.processed += len(durations)
        stats.total += sum(durations)
        stats.max = max(stats.max, *durations)
        stats.min = min(stats.min, *durations)
        return stats

    def stats(self, type: str) -> TypeStats:
        """A copy of a type's counts; zeros for one that has not run."""
        return replace(self._types.get(type, TypeStats()))

    def all_stats(self) -> dict[str, TypeStats]:
        """A copy of every type's counts."""
        return {type_: replace(stats) for type_, stats in list(self._types.items())}
