"""The attempts of a job, from its row and its entries of failed attempts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from conduit_runtime.model.job import Job, JobStatus


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt: `status` is failed, running or completed.

    Times, the worker and `seconds` are None if they are not recorded. `place` is the line of the
    source at which the attempt failed, as in "order.conduit:43".
    """

    number: int | None
    status: str
    worker: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    error: str | None = None
    place: str | None = None
    traceback: str | None = None


def attempts_of(job: Job, masked: Callable[[str], str]) -> Iterator[Attempt]:
    """The attempts of a job, the newest first; `masked` hides sensitive values of a text."""
    if job.status in (JobStatus.RUNNING, JobStatus.COMPLETED):
        # Until its start is written, a claimed job has the start of its last attempt.
        is_new = not (job.locked_at and job.started_at and job.started_at < job.locked_at)
        started_at = job.started_at if is_new else None
        number = job.attempts if is_new else job.attempts + 1
        seconds = _seconds(started_at, job.completed_at)
        yield Attempt(number, job.status, job.locked_by, started_at, job.completed_at, seconds)
    for entry in reversed(job.errors):
        yield _failed(entry, masked)


def _failed(entry: Any, masked: Callable[[str], str]) -> Attempt:
    if not isinstance(entry, dict):  # typed by hand
        return Attempt(None, "failed", error=masked(str(entry)))
    number = entry.get("attempt")
    started_at, ended_at = _time(entry.get("started_at")), _time(entry.get("at"))
    texts = {name: entry.get(name) for name in ("worker", "error", "source", "traceback")}
    known = {name: masked(text) for name, text in texts.items() if isinstance(text, str)}
    return Attempt(
        number if isinstance(number, int) else None,
        "failed",
        known.get("worker"),
        started_at,
        ended_at,
        _seconds(started_at, ended_at),
        known.get("error"),
        known.get("source"),
        known.get("traceback"),
    )


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return max((end - start).total_seconds(), 0) if start and end else None
