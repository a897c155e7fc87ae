"""Decides the outcomes of attempts, and hands them on to be written."""

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import monotonic

from ...model.attempts.interruptions import Shutdown, TakenAway, TooLate
from ...model.attempts.outcome import (
    Outcome,
    Waiting,
    decide,
    released,
    unreadable,
    without_group,
)
from ...model.claimed import Claimed
from ...model.errors import OutcomeTooLarge, StepsMismatch
from ...model.job import JobStatus
from ...model.lanes import Lane, original
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger
from ...model.text.masking import secrets_of
from ...statements.flows import ChildJobs
from ...statements.outcomes import MOST, Attempt
from ...statements.results import result_of
from ..counted_log import CountedLog
from ..interfaces import OutcomeSink, RunnerHost
from .handler import Handler
from .handlers import HandlerRegistry

ATTEMPTS = "conduit.worker.attempts"
"""The name of the logger of attempts."""
_log = get_logger(ATTEMPTS)

listeners: list[Callable[[Claimed, BaseException, Outcome], object]] = []
"""Called in the worker's loop with each failed attempt of this process: they must not raise."""


class Outcomes:
    """Hands the outcomes of attempts to a sink, and logs attempts that did not complete."""

    def __init__(self, registry: HandlerRegistry, sink: OutcomeSink, host: RunnerHost) -> None:
        self._registry = registry
        self._sink = sink
        self._metrics = host.metrics
        self._unreadable: set[Lane] = set()
        self._retries = CountedLog(
            _log,
            host.timing.retries,
            "job %s (%s) is retried: %s",
            "%d more attempts of %s are retried, the last one of job %s: %s",
        )

    def completed(
        self,
        job: Claimed,
        handler: Handler,
        children: ChildJobs | None,
        started: float,
        result: object,
    ) -> Attempt:
        """An attempt that completed. Raises OutcomeTooLarge if it is too large to write."""
        enqueued = children.rows() if children else ()
        attempt = Attempt(job, monotonic() - started, None, enqueued, None, started)
        if handler.rules.keep_result is not None:
            attempt.result = result_of(result, handler.rules.keep_result, job.id)
        if attempt.weight > MOST:
            raise OutcomeTooLarge(
                f"the job enqueues {attempt.weight:,} bytes of jobs, more than {MOST:,}: let "
                "several jobs enqueue them"
            )
        return attempt

    def is_written_apart(self, attempt: Attempt, children: ChildJobs | None) -> bool:
        """Whether other outcomes should not wait while this one is written.

        A suspect's outcome is written before the next suspect starts, which may kill the worker.
        """
        job = attempt.job
        is_suspect = isinstance(job, Claimed) and job.is_suspect
        return is_suspect or attempt.is_large or may_wait_for_keys(children)

    async def write_apart(self, attempt: Attempt) -> None:
        """Write that a job completed, beside the other outcomes."""
        await self._sink.apart.write(attempt)
        self._metrics.record_completed([attempt])

    def settle(self, job: Claimed, started: float | None, error: BaseException) -> None:
        """Write the outcome of an attempt that ended with an exception."""
        elapsed = 0.0 if started is None else monotonic() - started
        if isinstance(error, TakenAway):
            fields = job_fields(job, elapsed)
            _log.info(
                "job %s (%s) was cancelled, retried or rescued while it ran, and was stopped here",
                *(job.id, job.type),
                extra=fields,
            )
            return
        if isinstance(error, Shutdown | TooLate):
            self._sink.add(Attempt(job, elapsed, released))
            return
        if isinstance(error, StepsMismatch):
            self.leave_unreadable(job, self._registry.by_type[job.type], error)
            return
        error = without_group(error)
        policy = self._registry.policy(job.type)
        jitter = random.random()  # noqa: S311
        outcome = decide(job.attempts, job.max_attempts, error, policy, jitter, secrets_of(job))
        if job.type in self._registry.max_attempts:
            is_counted = outcome.counted and job.attempts <= job.max_attempts
            outcome = replace(outcome, max_attempts=job.max_attempts, counted=is_counted)
        if outcome.detail is not None:
            retried = outcome.status == "pending"
            self._metrics.record_failed(job.type, elapsed, retried=retried)
            if retried:
                self._retries.add(job.type, job, outcome.error or "", elapsed)
            else:
                fields = job_fields(job, elapsed)
                message = "job %s (%s) failed: %s"
                _log.error(message, job.id, job.type, outcome.error, extra=fields)
            for listener in listeners:
                listener(job, error, outcome)
        waits = isinstance(error, Waiting)
        self._sink.add(Attempt(job, elapsed, outcome, started=started, waits=waits))

    def leave_unreadable(self, job: Claimed, handler: Handler, mismatch: BaseException) -> None:
        """Let the job wait for another reader: this one does not fit its payload or its steps."""
        outcome = unreadable(job.fingerprint, handler.reader, mismatch, secrets_of(job))
        self._sink.add(Attempt(job, outcome=outcome))
        shape = original(job.fingerprint)
        if (job.type, shape) not in self._unreadable:
            self._unreadable.add((job.type, shape))
            what, mend = "read their payloads", "reads them, for instance with an upcaster"
            if isinstance(mismatch, StepsMismatch):
                what, mend = "go on behind their finished steps", "has these steps"
            _log.warning(
                "jobs of %s with %s wait, since this code cannot %s: %s (job %s). Deploy code that "
                "%s; `conduit-jobs preflight PACKAGE` says whether a package can run them",
                *(job.type, f"the shape {shape}" if shape else "no fingerprint", what),
                *((outcome.error or "").removeprefix("unreadable: "), job.id, mend),
                extra=job_fields(job),
            )


def log_ended(attempts: Sequence[Attempt]) -> None:
    """Write a line of debug for each attempt whose outcome is written."""
    if not _log.isEnabledFor(logging.DEBUG):
        return
    for each in attempts:
        if isinstance(job := each.job, Claimed):
            what = "completed"
            if each.outcome is not None:
                is_pending = each.outcome.status is JobStatus.PENDING
                what = "is pending again" if is_pending else f"is {each.outcome.status.value}"
            fields = job_fields(job, each.elapsed)
            _log.debug(
                "job %s (%s) %s after %.3f s", job.id, job.type, what, each.elapsed, extra=fields
            )


def may_wait_for_keys(children: ChildJobs | None) -> bool:
    """Whether a completion that enqueues these child jobs may have to wait for their keys."""
    return children is not None and any(each.is_unique for each in children)
