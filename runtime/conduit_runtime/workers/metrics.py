"""What the handlers of a pool did so far, in memory."""

from dataclasses import dataclass, replace

__all__ = ["Metrics", "TypeStats"]


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

    def record(self, type: str, duration: float, *, succeeded: bool, retried: bool = False) -> None:
        """Count an attempt; called by the loop of one worker."""
        stats = self._types.get(type)
        if stats is None:
            stats = self._types[type] = TypeStats(min=duration)
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

    def stats(self, type: str) -> TypeStats:
        """A copy of a type's counts; zeros for one that has not run."""
        return replace(self._types.get(type, TypeStats()))

    def all_stats(self) -> dict[str, TypeStats]:
        """A copy of every type's counts."""
        return {type_: replace(stats) for type_, stats in list(self._types.items())}
