"""Changes of jobs: what each does, to which statuses, and how it is applied to given jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from ...model.arguments import describe_argument, is_whole
from ...model.job import JobStatus
from ...model.payload import check_name
from ...postgres.statement import Rows, Statement
from ...postgres.steps import Steps
from .refused import Refused, each_part

ENDED = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.COMPLETED)
"""The statuses of jobs that have ended."""


class Changed(NamedTuple):
    """The result of a statement: where to continue, how many jobs changed, and the locked jobs."""

    last: UUID | None
    changed: int
    locked: Sequence[UUID]


def read_changed(rows: Rows, count: int) -> Changed:
    """Decode for statements that end with `fragments/changed.sql`."""
    return Changed(*rows[0][:3])


@dataclass(frozen=True, slots=True)
class JobChange:
    """A change of jobs of these statuses; jobs of other statuses stay as they are."""

    query: str
    statuses: Sequence[str]
    values: Mapping[str, Any] = field(default_factory=dict)

    def refused(self) -> Refused:
        """A log of the jobs whose change Postgres refuses."""
        return Refused(self.query.removeprefix("job/").removesuffix("_many"))

    def of(self, ids: Sequence[UUID], lock: str = "SKIP LOCKED") -> Statement[Changed]:
        """The change of these jobs in one statement, without those that other transactions lock."""
        values = {**self.values, "ids": [*ids], "status": [*self.statuses], "limit": -1}
        return Statement(self.query, values, read_changed, {"page": "{these}", "lock": lock})


def cancel() -> JobChange:
    """Cancel pending and running jobs."""
    return JobChange("job/cancel_many", (JobStatus.PENDING, JobStatus.RUNNING))


def retry(statuses: Sequence[str] = (JobStatus.FAILED, JobStatus.CANCELLED)) -> JobChange:
    """Make ended jobs due now with all their attempts."""
    return JobChange("job/retry_many", statuses)


def delete() -> JobChange:
    """Delete ended jobs, except those for which jobs still wait."""
    return JobChange("job/delete_many", ENDED)


def run_now() -> JobChange:
    """Make pending jobs due that would be due later."""
    return JobChange("job/run_now_many", (JobStatus.PENDING,))


def move(queue: str) -> JobChange:
    """Move pending jobs to another queue. Raises PayloadError for a bad name."""
    check_name(queue, "queue")
    return JobChange("job/move_many", (JobStatus.PENDING,), {"to_queue": queue})


def prioritize(priority: int) -> JobChange:
    """Give pending jobs another priority. Raises ValueError unless it is from 0 to 100."""
    if not is_whole(priority) or not 0 <= priority <= 100:
        raise ValueError(describe_argument("priority", priority, "0 to 100"))
    return JobChange("job/prioritize_many", (JobStatus.PENDING,), {"to_priority": priority})


def change_free(change: JobChange, ids: Sequence[UUID], refused: Refused) -> Steps[int]:
    """Change these jobs except those that are locked, and return how many were changed.

    A job whose change Postgres refuses stays as it is.
    """

    def change_part(part: Sequence[UUID]) -> Steps[int]:
        done: Changed = yield change.of(part)
        return done.changed

    return (yield from each_part(ids, change_part, refused))


def change_jobs(change: JobChange, ids: Sequence[UUID], refused: Refused) -> Steps[int]:
    """Change these jobs, and return how many were changed.

    It waits for each locked job on its own: to wait while other jobs are locked could be a
    deadlock. A job whose change Postgres refuses stays as it is.
    """

    def change_part(part: Sequence[UUID]) -> Steps[int]:
        done: Changed = yield change.of(part)
        return done.changed + (yield from change_locked(change, done.locked, refused))

    return (yield from each_part(ids, change_part, refused))


def change_locked(change: JobChange, ids: Sequence[UUID], refused: Refused) -> Steps[int]:
    """Change jobs that other transactions have locked, one after another."""

    def change_one(one: Sequence[UUID]) -> Steps[int]:
        done: Changed = yield change.of(one, lock="")
        return done.changed

    changed = 0
    for id_ in ids:
        changed += yield from each_part([id_], change_one, refused)
    return changed
