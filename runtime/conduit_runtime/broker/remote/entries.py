"""Jobs as they come in messages, and outcomes as they leave in them."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from msgspec import UNSET

from ...model.attempts.outcome import Outcome
from ...model.claimed import Claimed
from ...model.job import JobStatus
from ...statements.outcomes import Attempt
from ..messages import JobEntry, Jobs, OutcomeEntry


def claimed_jobs(message: Jobs) -> list[Claimed]:
    """The jobs of a message, in their order."""
    queue, type_ = message.queue, message.type
    return [_claimed(entry, queue, type_) for entry in message.jobs]


_FIELDS = [field.name for field in fields(Claimed) if field.init]
_REST = attrgetter(*_FIELDS[_FIELDS.index("payload") + 1 :])


def _claimed(entry: JobEntry, queue: str, type_: str) -> Claimed:
    payload = entry.nested or ("null" if entry.payload is UNSET else str(entry.payload, "utf-8"))
    return Claimed(entry.token, entry.id, type_, queue, payload, *_REST(entry))


def outcome_entries(attempts: Sequence[Attempt], now: float) -> list[OutcomeEntry]:
    """The entries of attempts in a message, at the monotonic time `now`."""
    return [_entry(attempt, now) for attempt in attempts]


def _entry(attempt: Attempt, now: float) -> OutcomeEntry:
    job, outcome, started = attempt.job, attempt.outcome, attempt.started
    assert isinstance(job, Claimed)
    entry = OutcomeEntry(
        job.id,
        job.token,
        job.type,
        job.queue,
        job.run_at,
        job.attempts,
        job.max_attempts,
        attempt.elapsed,
        None if started is None else now - started,
        job.flow,
    )
    if outcome is not None:
        entry.outcome, entry.waits = outcome, attempt.waits
        if outcome.status is JobStatus.FAILED:
            entry.payload, entry.headers = job.payload, job.headers
    else:
        entry.has_steps = attempt.has_steps
        if attempt.enqueued:
            entry.children = [*attempt.enqueued]
        if attempt.result is not None:
            entry.result = (attempt.result.text, attempt.result.seconds)
    return entry


def too_large(attempt: Attempt, size: int, most: int) -> Attempt:
    """The attempt as one that failed because its outcome is too large for the broker."""
    text = (
        f"the outcome is a message of {size:,} bytes, more than the {most:,} that the broker "
        "takes: return a reference to the data, or let several jobs enqueue the child jobs"
    )
    detail = {"attempt": attempt.job.attempts, "error": text}
    outcome = Outcome(JobStatus.FAILED, error=text, detail=detail)
    return Attempt(attempt.job, attempt.elapsed, outcome, started=attempt.started)
