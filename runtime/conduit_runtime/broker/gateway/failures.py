"""The outcomes of jobs that fail at a gateway, whatever became of them in a worker."""

from ...model.attempts.outcome import Outcome
from ...model.job import JobStatus
from ..messages import LARGEST


def of_refused_children(type: str, attempt: int) -> Outcome:
    """The outcome of a job that enqueues jobs of a type that is not accepted."""
    error = (
        f"the job enqueues a job of {type}, but no worker of this gateway has code for that type: "
        "start a worker with its package, or give the gateway the package"
    )
    return _failed(error, attempt)


def of_unread(reason: str, attempt: int) -> Outcome:
    """The outcome of a job whose worker sent one that cannot be read."""
    return _failed(f"the worker sent an outcome that the gateway cannot read: {reason}", attempt)


def of_large_job(size: int, attempt: int) -> Outcome:
    """The outcome of a job that is a message of `size` bytes, more than a broker takes."""
    return _failed(
        f"the job is a message of {size:,} bytes, more than the {LARGEST:,} that the broker takes: "
        "run it in a worker with a database, or store the data elsewhere and enqueue a reference "
        "to it",
        attempt,
    )


def _failed(error: str, attempt: int) -> Outcome:
    return Outcome(JobStatus.FAILED, error=error, detail={"attempt": attempt, "error": error})
