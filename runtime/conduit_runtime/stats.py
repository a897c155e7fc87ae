"""Counts of the jobs of a queue."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueStats:
    """How many jobs there are of each status; readable as attributes and as items."""

    pending: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """All jobs that are stored."""
        return self.pending + self.running + self.completed + self.failed + self.cancelled

    def __getitem__(self, status: str) -> int:
        return int(getattr(self, status))
