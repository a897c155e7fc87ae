"""Cancelling and retrying many jobs, a bounded number at a time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from ...model.arguments import check_callable, check_text
from ...model.job import JobStatus
from ...model.job_key import key_text
from ...postgres.statement import Statement
from ...postgres.steps import Steps
from .changes import Changed, JobChange, change_jobs, change_locked, read_changed
from .refused import or_split

BATCH = 1_000
"""The most jobs that one statement changes."""
UNENDED = (JobStatus.PENDING, JobStatus.RUNNING)
_START = UUID(int=0)
_LONGEST = 6e10
"""The most seconds of an age: any more would reach back before the server's first year."""

Status = JobStatus | str | Iterable[JobStatus | str]
OnProgress = Callable[[int], object]
"""Called with the number of jobs that are changed so far."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of jobs: of this queue, type, status and key, and enqueued longer ago than this."""

    queue: str | None = None
    type: str | None = None
    status: Status | None = None
    older_than: timedelta | None = None
    key: Any = None

    @property
    def is_empty(self) -> bool:
        """Whether it matches every job."""
        given = (self.queue, self.type, self.status, self.older_than, key_text(self.key))
        return all(each is None for each in given)

    def parameters(self) -> dict[str, Any]:
        """The values of the filter for SQL.

        Raises TypeError for a queue or type that is no text, ValueError for an unknown status or a
        negative age.
        """
        check_text(self.queue, "queue")
        check_text(self.type, "type")
        return {
            "queue": self.queue,
            "type": self.type,
            "status": statuses(self.status),
            "age": None if self.older_than is None else seconds(self.older_than),
            "key": key_text(self.key),
        }


def statuses(given: Status | None) -> list[str] | None:
    """One status or several, as texts; None for all. Raises ValueError for an unknown one."""
    if given is None:
        return None
    if isinstance(given, str):
        given = (given,)
    return [JobStatus(each).value for each in given]


def seconds(older_than: timedelta) -> float:
    """An age for SQL. Raises ValueError for a negative age: every job would be older."""
    if not isinstance(older_than, timedelta) or older_than < timedelta(0):
        raise ValueError(f"older_than is {older_than}: use a timedelta of 0 or more")
    return min(older_than.total_seconds(), _LONGEST)


def cancel_many(wanted: Filter, every: bool, on_progress: OnProgress | None) -> Steps[int]:
    """Cancel the pending and running jobs that match the filter; returns how many.

    Blocked jobs are cancelled first. While this runs, a blocked job may become an ordinary one, but
    no ordinary job becomes blocked.
    """
    check_callable(on_progress, "on_progress")
    parameters = _parameters(wanted, every, UNENDED)
    if not set(parameters["status"]) <= {*UNENDED}:
        raise ValueError("only pending and running jobs can be cancelled")
    values = yield from _until_now(parameters)
    done = 0
    if JobStatus.PENDING in parameters["status"]:
        done = yield from _cancel_blocked(values, on_progress)
    return (yield from _change("job/cancel_many", values, done, on_progress))


def retry_many(wanted: Filter, every: bool, on_progress: OnProgress | None) -> Steps[int]:
    """Make the jobs that match the filter due now with all their attempts; returns how many."""
    check_callable(on_progress, "on_progress")
    values = yield from _until_now(_parameters(wanted, every, (JobStatus.FAILED,)))
    return (yield from _change("job/retry_many", values, 0, on_progress))


def _parameters(wanted: Filter, every: bool, usual: Iterable[JobStatus]) -> dict[str, Any]:
    if wanted.is_empty and not every:
        raise ValueError("no filter is given: name a queue, type, status or age, or ask for all")
    parameters = wanted.parameters()
    if parameters["status"] is None:
        parameters["status"] = statuses(usual)
    return parameters


def _until_now(parameters: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    """The filter's values, for pages of jobs that were enqueued before now."""
    until = yield Statement("SELECT pg_catalog.now()", {}, lambda rows, count: rows[0][0])
    return {**parameters, "until": until, "limit": BATCH}


def _cancel_blocked(values: Mapping[str, Any], on_progress: OnProgress | None) -> Steps[int]:
    """Cancel the blocked jobs that match the filter, page by page."""
    page = Statement("job/cancel_blocked", values, lambda rows, count: int(rows[0][0]))
    done = 0
    while True:
        changed: int = yield page
        done += changed
        if changed < values["limit"]:
            return done
        if on_progress is not None:
            on_progress(done)


def _change(
    query: str, values: Mapping[str, Any], done: int, on_progress: OnProgress | None
) -> Steps[int]:
    """Walk through the jobs by id, so that each is met once and new jobs are not.

    Returns how many were changed, plus the `done` ones.
    """
    values = {**values, "after": _START}
    change = JobChange(query, values["status"])
    refused = change.refused()

    def split(found: Any) -> Steps[Any]:
        last, ids = found
        return Changed(last, (yield from change_jobs(change, ids, refused)), ())

    while True:
        whole: Statement[Any] = Statement(query, values, read_changed, {"lock": "SKIP LOCKED"})
        finding: Statement[Any] = Statement(
            "job/to_change", values, lambda rows, count: rows[0], {"lock": ""}
        )
        last, changed, locked = yield from or_split(whole, finding, split)
        done += changed + (yield from change_locked(change, locked, refused))
        if last is None:
            return done
        if on_progress is not None:
            on_progress(done)
        values["after"] = last
