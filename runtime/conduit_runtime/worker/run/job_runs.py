"""Runs jobs one by one: each begins in a slot, and keeps the slot while it waits for something."""

import asyncio
from collections.abc import Awaitable
from contextvars import copy_context
from functools import partial
from time import monotonic
from typing import Any

from ...job_types.context import JobContext
from ...job_types.plain_context import PlainContext
from ...model.attempts.interruptions import TakenAway
from ...model.attempts.outcome import released
from ...model.calls import entered_job
from ...model.claimed import Claimed
from ...model.errors import PayloadMismatch
from ...model.lanes import original
from ...statements.outcomes import Attempt
from .environment import Environment
from .execution import Execution, resumed
from .outcomes import may_wait_for_keys


class JobRuns:
    """Begins jobs, and completes those that wait for something.

    `ended` is the monotonic time at which the last job ended without waiting.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._host = environment.host
        self._services = environment.services
        self._given_services = environment.host.services.services
        self._registry = environment.registry
        self._handlers = environment.registry.by_type
        self._sink = environment.sink
        self._outcomes = environment.outcomes
        self._trace = None if environment.tracer is None else environment.tracer.attempt
        self._loop = asyncio.get_running_loop()
        self.ended = 0.0

    def begin(
        self, job: Claimed, task: "asyncio.Task[None]", execution: Execution | None = None
    ) -> Execution | None:
        """Run a job until it waits for something; return None if it ended before that."""
        started = monotonic()
        if started > job.start_by:
            self._sink.add(Attempt(job, outcome=released))
            return None
        try:
            handler = self._handlers.get(job.type) or self._registry.get(job.type)
            entered_job.set(job)
            decode, function = handler.decode, handler.function
            if handler.upcasts and (upcast := handler.upcasts.get(original(job.fingerprint))):
                decode, function = upcast.decode, partial(upcast.run, function)
            try:
                payload = decode(job.payload)
            except PayloadMismatch as mismatch:
                self._outcomes.leave_unreadable(job, handler, mismatch)
                return None
            services = self._services if handler.is_generated else self._given_services
            made_by = JobContext if handler.is_async else PlainContext
            context = made_by(job, services, self._host, self._loop)
            # The copy keeps the job; the next job in this slot sets its own.
            inside = copy_context()
            if handler.is_async and self._environment.is_bare:
                work = function(context, payload)  # most jobs: this saves a call
            else:
                work = self._environment.work(handler, function, context, payload, [job])
            if job.began and handler.steps is not None and handler.batching is None:
                work = context.resume_block(handler.steps, work)
            if self._trace is not None:
                execution = traced = execution or Execution(job, task)
                work = self._trace(job, work, lambda: traced.stopped_by)
            rest: Awaitable[Any] | None = None
            try:
                rest = resumed(work, inside, inside.run(work.send, None))
            except StopIteration as end:
                result = end.value
                if job.rescues:  # a suspect's outcome is written apart
                    rest = _given(result)
            if rest is None:
                children = context.children
                if (
                    not children and handler.rules.keep_result is None
                ):  # most jobs: this saves a call
                    self.ended = now = monotonic()
                    self._sink.add(Attempt(job, now - started, None, (), None, started))
                    return None
                if not may_wait_for_keys(children):
                    attempt = self._outcomes.completed(job, handler, children, started, result)
                    self.ended = started + attempt.elapsed
                    if not attempt.is_large:
                        self._sink.add(attempt)
                        return None
                rest = _given(result)
            execution = execution or Execution(job, task)
            return execution.begun(handler, context, started, rest)
        except BaseException as error:
            # Any exception of a handler, SystemExit included, ends its job and not this task.
            self._outcomes.settle(job, started, error)
            self.ended = monotonic()
        return None

    async def finish(self, execution: Execution) -> None:
        """Run a job that waits for something, or whose start has to be written, to its end."""
        job = execution.job
        try:
            if not job.begins_written:
                await self._finish(execution)
            elif job.is_suspect:
                async with self._environment.suspects:
                    await self._begin_written(execution)
            else:
                await self._begin_written(execution)
        except BaseException as error:
            if execution.context is not None:
                error = await execution.context.undo(error)
            self._outcomes.settle(job, execution.started, execution.reason(error))

    async def _begin_written(self, execution: Execution) -> None:
        """Write the start of a job, then run the job."""
        job = execution.job
        self._registry.check_attempt(job)
        job.start_by = 0.0
        while monotonic() > job.start_by:
            job.start_by = monotonic() + self._host.timing.fresh
            if not await self._sink.apart.begin(Attempt(job)):
                raise TakenAway
        if self.begin(job, execution.task, execution) is not None:
            await self._finish(execution)

    async def _finish(self, execution: Execution) -> None:
        assert execution.context is not None
        assert execution.started is not None
        timeout = execution.job.timeout
        execution.arm(execution.handler.rules.timeout if timeout is None else timeout)
        result = await execution.rest
        children = execution.context.children
        attempt = self._outcomes.completed(
            execution.job, execution.handler, children, execution.started, result
        )
        steps = execution.context.steps
        if steps is not None and execution.handler.steps is not None:
            steps.check_all_passed()
        attempt.has_steps = steps is not None and steps.has_records
        if execution.context.at_end is not None:
            execution.disarm()
            written = await execution.context.complete(attempt)
            if written is not None:
                self._sink.note_completed(attempt, written)
                return
        if self._outcomes.is_written_apart(attempt, children):
            execution.disarm()
            await self._outcomes.write_apart(attempt)
        else:
            self._sink.add(attempt)


async def _given(result: object) -> object:
    return result
