"""Stored return values of handlers, for the types that keep them."""

from typing import Any, NamedTuple
from uuid import UUID

from ..model.errors import (
    JobCancelled,
    JobFailed,
    OutcomeTooLarge,
    PayloadError,
    TooLarge,
    UnknownJob,
)
from ..model.job import Job, JobStatus
from ..model.payload import decode, encode
from ..model.text.logs import get_logger
from ..postgres.statement import Statement, counted

_log = get_logger("conduit.worker")

SWEPT = 5_000
"""The most results that one sweep deletes."""
MAX_RESULT = 16 * 1024 * 1024
"""The most bytes of JSON text of a stored result."""


class Result(NamedTuple):
    """A return value as JSON, and the seconds until it expires."""

    text: str
    seconds: float


def result_of(value: Any, seconds: float, job: object) -> Result | None:
    """A handler's return value, to be stored; None for None.

    A value that JSON cannot hold is not stored, and an error is logged: the work is done, and
    another run of the job would not help. Raises OutcomeTooLarge for more than `MAX_RESULT` bytes.
    """
    if value is None:
        return None
    try:
        text = encode(value)
        size = len(text.encode())
        if size > MAX_RESULT:
            raise TooLarge(
                f"payload is {size:,} bytes of JSON, more than {MAX_RESULT:,}: store the data "
                "elsewhere and return a reference to it"
            )
        return Result(text, seconds)
    except TooLarge as error:
        raise OutcomeTooLarge(str(error).replace("payload", "the result", 1)) from None
    except PayloadError as error:
        reason = str(error).replace("payload", "it", 1)
        _log.error("the result of job %s cannot be kept: %s", job, reason)
        return None


def await_end(job: UUID) -> Statement[bool]:
    """Have the end of a job send a notification.

    Returns False if there is no job to wait for, or another transaction locks it.

    The mark on the job may be lost in a crash of the server, so the commit does not wait for the
    disk. A claim that meets the lock of this statement skips the job, so an idle worker is notified
    again.
    """
    return Statement("job/await_end", {"id": job}, lambda rows, count: bool(rows[0][0]))


def channel() -> Statement[str]:
    """The channel of the ends of awaited jobs; the payloads are their ids."""
    query = "SELECT pg_catalog.concat({control_channel}, '_ended')"
    return Statement(query, {}, lambda rows, count: str(rows[0][0]))


def ended_value(job: Job | None, id: UUID) -> tuple[bool, Any]:
    """Whether a job has ended, and the value that it returned.

    Raises JobFailed, JobCancelled or UnknownJob for a job that has no result.
    """
    if job is None:
        raise UnknownJob(
            f"there is no job {id}: the transaction that enqueued it has not committed, or it is "
            "purged"
        )
    match job.status:
        case JobStatus.COMPLETED:
            return True, job.result
        case JobStatus.FAILED:
            error = job.error or "no error is recorded"
            raise JobFailed(f"job {id} ({job.type}) failed: {error}", error)
        case JobStatus.CANCELLED:
            raise JobCancelled(f"job {id} ({job.type}) was cancelled")
    return False, None


def of_predecessors(job: UUID) -> Statement[list[Any]]:
    """The kept results of the jobs that a job of a flow waited for; None for a job without one."""
    return Statement(
        "job/results_before",
        {"id": job},
        lambda rows, count: [None if text is None else decode(text) for (text,) in rows],
    )


def sweep(limit: int = SWEPT) -> Statement[int]:
    """Delete at most `limit` expired results; returns how many."""
    return Statement("outcome/sweep_results", {"limit": limit}, counted)
