"""Stored return values of handlers, for types that ask for it."""

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
"""Results that one sweep deletes at most."""
MAX_RESULT = 16 * 1024 * 1024
"""Bytes of JSON text that a stored result may have."""


class Result(NamedTuple):
    """A returned value as JSON, and the seconds until it expires."""

    text: str
    seconds: float


def result_of(value: Any, seconds: float, job: object) -> Result | None:
    """A handler's return value as it is stored; None for None.

    One that has no form in JSON is left out with an error in the log: the work is done, and running
    the job again would not better it. Raises OutcomeTooLarge for one of more than `MAX_RESULT`
    bytes.
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

    False when there is no job to wait for, or another transaction locks it.

    The mark need not survive a crash of the server, and is not waited for. A claim that met the
    mark's lock has skipped the job, so an idle worker is notified once more.
    """
    return Statement("job/await_end", {"id": job}, lambda rows, count: bool(rows[0][0]))


def channel() -> Statement[str]:
    """The channel on which the ends of awaited jobs are announced, by their ids."""
    query = "SELECT pg_catalog.concat({control_channel}, '_ended')"
    return Statement(query, {}, lambda rows, count: str(rows[0][0]))


def ended_value(job: Job | None, id: UUID) -> tuple[bool, Any]:
    """Whether a job has ended, and the value that it returned.

    Raises JobFailed, JobCancelled or UnknownJob for one that has no result.
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
    """The kept results of the jobs that a job of a flow waited for, None for each other."""
    return Statement(
        "job/results_before",
        {"id": job},
        lambda rows, count: [None if text is None else decode(text) for (text,) in rows],
    )


def sweep() -> Statement[int]:
    """Delete results whose time is over, a bounded number of them; returns how many."""
    return Statement("outcome/sweep_results", {"limit": SWEPT}, counted)
