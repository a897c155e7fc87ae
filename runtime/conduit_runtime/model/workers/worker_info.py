"""A registered worker, as operators see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .child_counts import ChildCounts
from .worker_state import LEASE


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that a worker runs, and the seconds since this attempt began."""

    id: UUID
    type: str
    queue: str
    attempt: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker that is registered in the database.

    `heartbeat_age` is the number of seconds since its last heartbeat, by the server's clock.
    `claimed` is how many of its jobs have not begun, or began less than a second ago; `running` are
    the others, the oldest first. `children` are its processes of isolated jobs. The `version` of a
    gateway is `gateway`: other processes run its jobs.
    """

    name: str
    host: str
    pid: int
    version: str
    queues: Sequence[str]
    heartbeat_age: float
    started_at: datetime
    claimed: int
    running: Sequence[RunningJob]
    children: ChildCounts = field(default_factory=ChildCounts)

    @property
    def is_silent(self) -> bool:
        """Whether the worker is dead, or cut off from the database."""
        return self.heartbeat_age > LEASE
