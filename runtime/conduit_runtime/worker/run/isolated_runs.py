"""Runs jobs in processes of their own: here are their start, their timeout and their outcome."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import monotonic
from typing import Protocol
from uuid import UUID

from ...model.attempts.interruptions import TakenAway
from ...model.attempts.outcome import Outcome, Snooze
from ...model.claimed import Claimed
from ...model.job import JobStatus
from ...model.new_job import NewJob
from ...statements.outcomes import Attempt, Written
from ...statements.results import Result
from ..interfaces import RunnerHost
from .environment import Environment
from .execution import Execution
from .handler import Handler


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt in a child ended, as `statements.outcomes.Attempt` says it.

    Without `has_outcome`, the job was taken away. With `is_apart`, others should not wait for the
    outcome. A child that `is_spent` is to be replaced. With `advancing`, the completion is written;
    these are the jobs whose flows have more to release.
    """

    has_outcome: bool = False
    outcome: Outcome | None = None
    enqueued: Sequence[NewJob] = ()
    result: Result | None = None
    has_steps: bool = False
    waits: bool = False
    is_apart: bool = False
    is_spent: bool = False
    advancing: Sequence[UUID] | None = None


class Child(Protocol):
    """A process that waits for a job."""

    async def attempt(
        self, job: Claimed, host: RunnerHost, why_stopped: Callable[[], BaseException | None]
    ) -> Ended:
        """Run a job to its end. If this is cancelled, the job is stopped, and killed if need be.

        Raises ProcessDied if the child dies, CancelledError if it was stopped without an outcome.
        """


class ChildProcesses(ABC):
    """The processes in which a worker runs isolated jobs."""

    @abstractmethod
    def lent(self, handler: Handler) -> AbstractAsyncContextManager[Child]:
        """A child for a job of this handler, as long as the block runs.

        Raises QueueError if it cannot be started, ProcessDied if it dies meanwhile.
        """


class FailedInChild(Exception):
    """An attempt failed in a child, with the error of this text."""


class IsolatedRuns:
    """Sees isolated jobs through: a slot waits for each while its child runs it."""

    def __init__(self, environment: Environment, children: ChildProcesses) -> None:
        self._children = children
        self._host = environment.host
        self._registry = environment.registry
        self._sink = environment.sink
        self._outcomes = environment.outcomes
        self._trace = None if environment.tracer is None else environment.tracer.attempt

    async def finish(self, execution: Execution) -> None:
        """Run a job to its end, and hand on its outcome."""
        try:
            await self._finish(execution)
        except BaseException as error:
            self._outcomes.settle(execution.job, execution.started, execution.reason(error))

    async def _finish(self, execution: Execution) -> None:
        job = execution.job
        handler = execution.handler = self._registry.get(job.type)
        self._registry.check_attempt(job)
        async with self._children.lent(handler) as child:
            await self._confirm(execution)
            execution.started = monotonic()
            execution.arm(handler.rules.timeout if job.timeout is None else job.timeout)
            ended = await self._ended(execution, child)
            execution.disarm()
        if not ended.has_outcome:
            raise TakenAway
        elapsed = monotonic() - execution.started
        attempt = Attempt(
            job,
            elapsed,
            ended.outcome,
            ended.enqueued,
            ended.result,
            execution.started,
            ended.has_steps,
            ended.waits,
        )
        if ended.advancing is not None:
            self._sink.note_completed(attempt, Written([attempt], ended.advancing))
            return
        if ended.outcome is None and (ended.is_apart or job.is_suspect):
            await self._outcomes.write_apart(attempt)
            return
        if ended.outcome is not None and ended.outcome.detail is not None:
            retried = ended.outcome.status is JobStatus.PENDING
            self._host.metrics.record_failed(job.type, elapsed, retried=retried)
        self._sink.add(attempt)

    async def _confirm(self, execution: Execution) -> None:
        """Check that a job is still held that has waited for a child; write its start if need be.

        A job that may have killed its worker needs no care: here it can kill its child alone.
        """
        job = execution.job
        if job.begins_written:
            job.start_by = 0.0
        while monotonic() > job.start_by:
            job.start_by = monotonic() + self._host.timing.fresh
            if job.begins_written:
                is_held = await self._sink.apart.begin(Attempt(job))
            else:
                is_held = not await self._sink.lost_among([execution])
            if not is_held:
                raise TakenAway

    async def _ended(self, execution: Execution, child: Child) -> Ended:
        """How the attempt ended, in a span of its own if there is a tracer."""
        found: list[Ended] = []

        async def attempt() -> None:
            ended = await child.attempt(execution.job, self._host, lambda: execution.stopped_by)
            found.append(ended)
            if (outcome := ended.outcome) is not None and self._trace is not None:
                if outcome.is_snooze:
                    raise Snooze(outcome.delay or 0.0)
                raise FailedInChild(outcome.error or "")

        work = attempt()
        if self._trace is not None:
            work = self._trace(execution.job, work, lambda: execution.stopped_by)
        try:
            await work
        except (FailedInChild, Snooze, asyncio.CancelledError):
            if not found:
                raise
        return found[0]
