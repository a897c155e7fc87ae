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


@dataclass(frozen=True, slots=True)
class QueueOverview:
    """How a queue stands: its jobs by status, and who works on them.

    `unknown` are the due jobs whose type no live worker of the queue knows.
    """

    queue: str
    pending: int
    running: int
    completed: int
    failed: int
    cancelled: int
    unknown: int
    workers: int
