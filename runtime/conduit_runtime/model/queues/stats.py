"""Counts of the jobs of a queue."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .controls import Origin


@dataclass(frozen=True, slots=True)
class QueueStats:
    """How many jobs there are of each status; readable as attributes and as items.

    `unreadable` are the pending jobs whose payload no worker could read so far, `refused` those
    whose last claim Postgres refused.
    """

    pending: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    unreadable: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        """The number of all stored jobs."""
        return self.pending + self.running + self.completed + self.failed + self.cancelled

    def __getitem__(self, status: str) -> int:
        return int(getattr(self, status))


@dataclass(frozen=True, slots=True)
class QueueOverview:
    """The state of a queue: its jobs by status, its workers, and the settings of operators.

    `unreadable` are the pending jobs whose payload no worker could read so far, `refused` those
    whose last claim Postgres refused. Among the other due jobs, `unknown` are those whose type no
    live worker of the queue knows. `oldest_due` is when the
    first of the other due jobs became due; None if none is due. `keep_completed` and `keep_failed`
    are how long its ended jobs are kept, in seconds, if an operator set it; `keep_steps` is how
    long the steps of completed ones are. `key_concurrency` limits the jobs of each key. In a `fair`
    queue, keys take turns; `fair_from` is where that is set, None if nowhere.
    """

    queue: str
    pending: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    unknown: int = 0
    unreadable: int = 0
    refused: int = 0
    workers: int = 0
    paused_at: datetime | None = None
    concurrency: int | None = None
    oldest_due: datetime | None = None
    keep_completed: float | None = None
    keep_failed: float | None = None
    keep_steps: float | None = None
    key_concurrency: int | None = None
    fair: bool = False
    fair_from: Origin | None = None

    @property
    def paused(self) -> bool:
        """Whether none of its jobs may start."""
        return self.paused_at is not None


class QueueDepth(NamedTuple):
    """A queue's due jobs, its running jobs, and the age in seconds of the job that is due longest.

    Unreadable jobs are not among the due ones. Postgres refused the last claim of the `refused`
    ones, which are due again later. No count goes further than the caller asked for.
    """

    queue: str
    due: int
    running: int
    oldest: float
    unreadable: int
    refused: int
