"""What a test reads of the queue's tables. Statements without IO."""

from datetime import timedelta
from typing import NamedTuple

from ..model.job import Job
from ..postgres.statement import Statement
from ..postgres.steps import Steps
from ..statements.jobs import get_jobs
from .run.clock import shifted


def all_jobs(offset: timedelta) -> Steps[list[Job]]:
    """Every job in the order in which they were enqueued, blocked ones last."""
    listed = yield Statement("testing/all_jobs", {}, lambda rows, count: dict(rows))
    waits_for: dict[object, int] = listed
    stored: list[Job] = yield shifted(get_jobs([*listed]), offset)
    jobs = {job.id: job for job in stored}
    for id_, job in jobs.items():
        if job.waits_for or waits_for[id_]:
            job.waits_for, job.run_at = waits_for[id_], None
    return [jobs[id_] for id_ in listed if id_ in jobs]


class Pending(NamedTuple):
    """How many jobs of a type wait in a queue, and whether one of them is due."""

    queue: str
    type: str
    jobs: int
    is_due: bool


def pending() -> Statement[list[Pending]]:
    """The waiting jobs by queue and type."""
    return Statement("testing/pending", {}, lambda rows, count: [Pending(*row) for row in rows])
