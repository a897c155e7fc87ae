"""The parts of a job's page and of a flow's page, beside the job's own row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class JobBrief:
    """A line of a list of jobs. `status` is `blocked` while the job waits for jobs of its flow.

    `follows` are the jobs that it waits or waited for, if a flow is read. Jobs that follow the same
    jobs share one object.
    """

    id: UUID
    queue: str
    type: str
    status: str
    flow: UUID | None
    parent: UUID | None
    run_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    follows: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Children:
    """The jobs that a job enqueued. With `is_cut`, there may be more."""

    jobs: Sequence[JobBrief] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Some of the jobs that a job waits or waited for, and some of those that wait for it."""

    before: Sequence[JobBrief] = ()
    after: Sequence[JobBrief] = ()


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique key that a job holds: until `expires_at`, or until the job ends (None)."""

    key: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class StartFacts:
    """The facts that decide when a job starts; `now` is the server's time.

    `serving` is how many live workers serve its queue, `knowing` how many of these run its type.
    The numbers of running jobs are over all workers.
    """

    id: UUID
    status: str
    queue: str
    type: str
    attempts: int
    max_attempts: int
    run_at: datetime | None
    now: datetime
    error: str | None = None
    locked_by: str | None = None
    waits_for: int = 0
    is_unreadable: bool = False
    is_refused: bool = False
    is_paused: bool = False
    serving: int = 0
    knowing: int = 0
    running_in_queue: int = 0
    queue_limit: int | None = None
    running_of_type: int = 0
    type_limit: int | None = None
    has_rate: bool = False
    is_parked: bool = False
