"""The lines of the dashboard's list of jobs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job of a list. `error` is cut; `payload` is None for a large one."""

    id: UUID
    queue: str
    type: str
    key: str | None
    fingerprint: str
    status: str
    is_unreadable: bool
    is_refused: bool
    is_due: bool
    priority: int
    attempts: int
    max_attempts: int
    error: str | None
    worker: str | None
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    payload: Any


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many of the jobs that were read match; `is_complete` is whether all jobs were read."""

    found: int
    looked_at: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class JobLines:
    """Jobs, the newest first.

    `ended_at` is how far back a search went that found too few. `next` is the id before which to
    continue; None if there are no more jobs.
    """

    jobs: list[JobLine]
    next: UUID | None
    ended_at: datetime | None = None
