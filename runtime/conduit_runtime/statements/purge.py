"""Deleting jobs that ended long ago. Statements without IO."""

from datetime import timedelta
from uuid import UUID

from ..model.arguments import check_text
from ..model.job import JobStatus
from ..postgres.statement import Statement, counted
from ..postgres.steps import Steps
from .bulk import Status, seconds, statuses

PAGE = 5_000
"""Jobs that one statement looks at."""
_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


def purge(age: timedelta, status: Status, queue: str | None) -> Steps[int]:
    """Delete the jobs that ended longer ago than `age`; returns how many.

    One walk through all jobs by their key, a page at a time: an index of when they ended would cost
    each completion a third more than it saves here. Jobs that another session holds just then stay.
    Raises ValueError for a status of jobs that have not ended, and for a negative age; TypeError
    for a queue that is no text.
    """
    check_text(queue, "queue")
    ended = statuses(status) or []
    for each in ended:
        if each not in _ENDED:
            raise ValueError(f"only ended jobs can be purged, not {each} ones")
    parameters = {"age": seconds(age), "status": ended, "queue": queue, "limit": PAGE}
    deleted, looked_at, after = 0, PAGE, UUID(int=0)
    while looked_at == PAGE:
        page = {**parameters, "after": after}
        gone, looked_at, after = yield Statement("job/purge", page, lambda rows, count: rows[0])
        deleted += gone
    if JobStatus.FAILED in ended:
        deleted += yield Statement("job/purge_refused", parameters, counted)
    return deleted
