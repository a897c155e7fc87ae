"""What the pages of a job and of a flow show beside the job's own row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class JobBrief:
    """A line of a list of jobs. `status` is `blocked` while it waits for jobs of its flow.

    `follows` are the jobs that it waited or waits for, where a flow is read: one object for all
    jobs that follow the same.
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
    """The jobs that a job enqueued; not all of them if `is_cut`."""

    jobs: Sequence[JobBrief] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The jobs that a job waits or waited for, and those that wait for it: some of each."""

    before: Sequence[JobBrief] = ()
    after: Sequence[JobBrief] = ()


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique key that a job holds: until `expires_at`, or until it ends (None)."""

    key: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What decides when a job starts; `now` is the server's time.

    `serving` live workers take jobs of its queue, and `knowing` ones of these run its type. The
    numbers of running jobs are over all workers.
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
    is_paused: bool = False
    serving: int = 0
    knowing: int = 0
    running_in_queue: int = 0
    queue_limit: int | None = None
    running_of_type: int = 0
    type_limit: int | None = None
    has_rate: bool = False
