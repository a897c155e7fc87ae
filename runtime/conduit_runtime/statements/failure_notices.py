"""Notices of jobs that a rescue ended as failed, for a live worker to report."""

from collections.abc import Sequence
from uuid import UUID

from ..model.failed_job import FailedJob
from ..model.payload import decode
from ..postgres.arrays import array, uuids
from ..postgres.statement import Statement, nothing

_PAGE = 1_000
"""Notices that a worker takes over at a time."""


def take(queues: Sequence[str], worker: str) -> Statement[list[FailedJob]]:
    """Take over the notices that no live worker has, of these queues and old ones of others."""
    return Statement(
        "worker/take_failure_notices",
        {"queues": list(queues), "worker": worker, "limit": _PAGE},
        lambda rows, count: [
            FailedJob(id_, type_, queue, attempts, most, decode(payload), error or "")
            for id_, type_, queue, attempts, most, payload, error in rows
        ],
    )


def delete(reported: Sequence[tuple[UUID, str]]) -> Statement[None]:
    """Delete the notices of these jobs, as far as the named workers still have them."""
    parameters = {
        "jobs": uuids([job for job, _ in reported]),
        "workers": array([worker for _, worker in reported]),
    }
    return Statement("worker/delete_failure_notices", parameters, nothing)


def sweep() -> Statement[None]:
    """Delete a page of the notices of more than a day ago: no worker has an `on_failed`."""
    return Statement("worker/sweep_failure_notices", {"limit": _PAGE}, nothing)
