"""A job as the queue stores it."""

import itertools
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

from .headers import headers_here

MAX_ATTEMPTS = 3
"""How many attempts a job has unless something else is said."""


class JobStatus(StrEnum):
    """The status of a job. `failed` is the dead-letter queue."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobPriority(IntEnum):
    """Names for common priorities. A priority is any int from 0 to 100; higher ones run first."""

    LOW = 0
    NORMAL = 50
    HIGH = 75
    URGENT = 100


def priority_of(value: int | str) -> int:
    """The priority as an int, from an int or a name such as "high".

    Raises ValueError for an unknown name. The range is checked when the job is enqueued.
    """
    if isinstance(value, str):
        try:
            return JobPriority[value.upper()]
        except KeyError:
            names = ", ".join(name.lower() for name in JobPriority.__members__)
            raise ValueError(f"{value!r} is not a priority: use {names} or 0 to 100") from None
    return value


def new_id() -> UUID:
    """Make a job id: a UUID of version 7, so that new rows are neighbours in the index.

    Behind the milliseconds it has their fraction in 12 bits (RFC 9562, 6.2, method 3): the order of
    ids is that of the calls in a process.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = (nanoseconds << 12) // 1_000_000
    random = int.from_bytes(os.urandom(8)) >> 2
    time_bits = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64
    return UUID(int=time_bits | 0x2 << 62 | random)


def _headers_here() -> dict[str, str]:
    return dict(headers_here())


@dataclass(slots=True)
class Job:
    """One unit of work: what to enqueue, or the state of a stored job.

    `run_at` (aware) or `delay` put the start off; the server's clock decides when the job is due.
    `timeout` is in seconds and limits one attempt. `attempts` counts the attempts that started, the
    current one included. `fingerprint` names the shape of a generated payload; if it is None, a
    worker needs to know only the type.

    `key` says whose the job is, such as a customer: any value that `unique` may have; it is stored
    as text.

    `unique` (a value, or a tuple of values) allows one job of the type with that value. It applies
    for `unique_for` from now on, even if the job ends sooner; without `unique_for`, until the job
    has ended. While such a job exists, an enqueue returns the existing job, with `duplicate` true.
    With `replace`, the existing job gets what this one says, unless its attempts have begun: then
    this one waits for its end. `debounce` replaces, too: the job becomes due so long after the last
    enqueue, but at most `at_most` after its own.

    A job that has not started `expires` after it is due never starts: it ends cancelled. A stored
    job whose first attempt has started has no `expires` any more.

    `weight` is for how many jobs it counts in limits; None is one.

    `result` is what the handler returned, while it is kept; only `get` reads it. `flow` is the
    chain or group of the job, and `waits_for` how many jobs of it have to end before this job can
    run. `parent` is the job whose handler enqueued this one, `schedule` the name of the schedule
    that did.

    `headers` are strings that go with the job to its handler, its child jobs, hooks and logs, such
    as the tenant; an enqueue adds those of the block `headers(…)` around it. `trace` is the trace
    context of the enqueue; if it is None, the current OpenTelemetry context is used, if there is
    one.

    One object is one job. To enqueue an object that `is_stored` stores and returns another job like
    it, with an id of its own. The fields from `status` on are the state of a stored job.
    """

    queue: str = "default"
    type: str = ""
    payload: Any = field(default_factory=dict)
    priority: int = JobPriority.NORMAL
    max_attempts: int = MAX_ATTEMPTS
    run_at: datetime | None = None
    id: UUID = field(default_factory=new_id)
    fingerprint: str | None = None
    delay: timedelta | None = None
    timeout: float | None = None
    key: Any = None
    unique: Any = None
    unique_for: timedelta | None = None
    replace: bool = False
    debounce: timedelta | None = None
    at_most: timedelta | None = None
    expires: timedelta | None = None
    weight: int | None = None
    trace: dict[str, str] | None = None
    headers: dict[str, str] = field(default_factory=_headers_here)
    status: JobStatus = JobStatus.PENDING
    attempts: int = 0
    error: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    progress: dict[str, Any] | None = None
    result: Any = None
    flow: UUID | None = None
    waits_for: int = 0
    parent: UUID | None = None
    schedule: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    locked_by: str | None = None
    locked_at: datetime | None = None
    token: UUID | None = field(default=None, repr=False)
    duplicate: bool = False
    is_stored: bool = field(default=False, repr=False, compare=False)

    @property
    def is_unique(self) -> bool:
        """Whether the job has a unique key: `unique` is neither None nor False."""
        return self.unique is not None and self.unique is not False

    @property
    def replaces(self) -> bool:
        """Whether an existing job of its unique key gets what this one says."""
        return self.replace or self.debounce is not None or self.at_most is not None

    def unstored(self) -> "Job":
        """The job to store: this one or, if it is already stored, another one like it."""
        if not self.is_stored:
            return self
        given = itertools.takewhile(lambda name: name != "status", Job.__slots__)
        return Job(**{name: getattr(self, name) for name in given if name != "id"})

    @property
    def is_processable(self) -> bool:
        """Whether a worker may claim the job now, by this machine's clock."""
        due = self.run_at is None or self.run_at <= datetime.now(UTC)
        return self.status is JobStatus.PENDING and due and not self.waits_for

    @property
    def is_locked(self) -> bool:
        """Whether a worker holds the job."""
        return self.status is JobStatus.RUNNING

    @property
    def is_retryable(self) -> bool:
        """Whether the job has attempts left."""
        return self.attempts < self.max_attempts
