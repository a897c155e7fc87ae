"""Purges of jobs that have ended, a bounded number at a time."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from ...model.arguments import check_text
from ...model.job import JobStatus
from ...postgres.statement import Statement, counted
from ...postgres.steps import Steps
from .bulk import Status, seconds, statuses
from .refused import Refused, each_part, or_split

PAGE = 5_000
"""The jobs that one statement of a purge checks."""
_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
START = UUID(int=0)


class Rule(NamedTuple):
    """Delete jobs with this status that ended so many seconds ago; queue None is every queue."""

    queue: str | None
    status: str
    age: float


class Page(NamedTuple):
    """How many jobs were deleted, how many the page has, and the last job of the page."""

    deleted: int
    jobs: int
    last: UUID


def purge(age: timedelta, status: Status, queue: str | None) -> Steps[int]:
    """Delete the jobs that ended longer ago than `age`; returns how many.

    It walks once through all jobs by their key, a page at a time: an index of the ends would make
    each completion cost a third more than it saves here. Jobs that another session has locked stay,
    and so do jobs that Postgres refuses to delete. Raises ValueError for a status of jobs that have
    not ended and for a negative age, TypeError for a queue that is no text.
    """
    check_text(queue, "queue")
    ended = statuses(status) or []
    for each in ended:
        if each not in _ENDED:
            raise ValueError(f"only ended jobs can be purged, not {each} ones")
    rules = [Rule(queue, each, seconds(age)) for each in ended]
    refused = Refused("delete")
    deleted, looked_at, after = 0, PAGE, START
    while looked_at == PAGE:
        gone, looked_at, after = yield from purge_page(rules, after, refused, PAGE)
        deleted += gone
    return deleted + (yield from purge_blocked(rules))


def purge_page(rules: Iterable[Rule], after: UUID, refused: Refused, limit: int) -> Steps[Page]:
    """Delete, of the `limit` jobs from the id `after` on, those that a rule matches."""
    values = {**_parameters(rules), "after": after, "ids": None, "limit": limit}

    def delete(ids: object) -> Steps[int]:
        part = {**values, "after": START, "ids": ids}
        deleted: int = yield Statement("job/purge", part, lambda rows, count: rows[0][0])
        return deleted

    def split(found: Any) -> Steps[Any]:
        ids, jobs, last = found
        return (yield from each_part(ids, delete, refused)), jobs, last

    whole: Statement[Any] = Statement("job/purge", values, lambda rows, count: rows[0])
    finding: Statement[Any] = Statement("job/purgeable", values, lambda rows, count: rows[0])
    return Page(*(yield from or_split(whole, finding, split)))


def purge_blocked(rules: Iterable[Rule]) -> Steps[int]:
    """Delete the blocked jobs that failed, by the rules for failed jobs."""
    if not any(rule.status == JobStatus.FAILED for rule in rules):
        return 0
    deleted: int = yield Statement("job/purge_refused", _parameters(rules), counted)
    return deleted


def _parameters(rules: Iterable[Rule]) -> Mapping[str, Any]:
    rules = [*rules]
    return {
        "queues": [rule.queue for rule in rules],
        "statuses": [rule.status for rule in rules],
        "ages": [rule.age for rule in rules],
    }
