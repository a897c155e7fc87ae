"""Notices of jobs that a rescue ended as failed, for a live worker to report."""

from collections.abc import Sequence
from uuid import UUID

from ..postgres.arrays import array, uuids
from ..postgres.statement import Statement, nothing, sql
from .worker_registry import Rescued

__all__ = ["delete", "sweep", "take"]

_PAGE = 1_000
"""Notices that a worker takes over at a time."""


def take(queues: Sequence[str], worker: str, schema: str | None) -> Statement[list[Rescued]]:
    """Take over the notices that no live worker has, of these queues and old ones of others."""
    return Statement(
        sql("worker/take_failure_notices", schema),
        {"queues": list(queues), "worker": worker, "limit": _PAGE},
        lambda rows, count: [Rescued(*row) for row in rows],
    )


def delete(reported: Sequence[tuple[UUID, str]], schema: str | None) -> Statement[None]:
    """Delete the notices of these jobs, as far as the named workers still have them."""
    parameters = {
        "jobs": uuids([job for job, _ in reported]),
        "workers": array([worker for _, worker in reported]),
    }
    return Statement(sql("worker/delete_failure_notices", schema), parameters, nothing)


def sweep(schema: str | None) -> Statement[None]:
    """Delete a page of the notices of more than a day ago: no worker has an `on_failed`."""
    return Statement(sql("worker/sweep_failure_notices", schema), {"limit": _PAGE}, nothing)
