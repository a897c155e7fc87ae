"""Runs batches: one call of a handler for several jobs. Each job has an outcome of its own."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from contextvars import copy_context
from functools import partial
from time import monotonic
from typing import Any

from ...job_types.batch_context import BatchContext, BatchJob
from ...model.attempts.interruptions import Shutdown, TakenAway, TooLate
from ...model.calls import entered_job
from ...model.claimed import Claimed
from ...model.errors import PayloadMismatch, StepsMismatch
from ...model.lanes import original
from ...model.text.logs import get_logger
from ...statements.outcomes import Attempt
from .environment import Environment
from .execution import BatchExecution, Member, resumed
from .handler import Handler

_log = get_logger("conduit.worker")


class BatchRuns:
    """Runs batches to their ends, and hands the outcomes of their jobs to a sink."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._outcomes = environment.outcomes
        self._sink = environment.sink

    async def run(self, execution: BatchExecution) -> None:
        """Run a batch to its end."""
        first = execution.batch.jobs[0]
        async with AsyncExitStack() as stack:
            members: list[Member] = []
            try:
                handler = self._environment.registry.get(execution.batch.type)
                execution.handler = handler
                if first.is_suspect:
                    await stack.enter_async_context(self._environment.suspects)
                self._environment.registry.check_attempt(first)
                await self._confirm(execution)
                members = await self._readable(execution, handler)
            except BaseException as error:
                reason = execution.stopped_by or error
                for member in execution.held:
                    self._outcomes.settle(member.job, None, reason)
                return
            if members:
                await self._call(execution, handler, members)

    async def _confirm(self, execution: BatchExecution) -> None:
        """Check that jobs are still held that waited for long, and those whose start is written."""
        for member in execution.held:
            if member.job.begins_written:
                member.job.start_by = 0.0
        while execution.held and monotonic() > min(each.job.start_by for each in execution.held):
            start_by = monotonic() + self._environment.host.timing.fresh
            written = [each for each in execution.held if each.job.begins_written]
            others = [each for each in execution.held if not each.job.begins_written]
            lost = [each for each in written if not await self._sink.apart.begin(Attempt(each.job))]
            for member in [*lost, *await self._sink.lost_among(others)]:
                member.stop(TakenAway())
            for member in execution.held:
                member.job.start_by = start_by

    async def _readable(self, execution: BatchExecution, handler: Handler) -> list[Member]:
        """The jobs whose payloads this code reads, each with its context; others end here."""
        entered_job.set(execution.batch)
        services, host = self._environment.services_of(handler), self._environment.host
        loop = asyncio.get_running_loop()
        members = []
        for member in execution.held:
            job = member.job
            upcast = handler.upcasts.get(original(job.fingerprint)) if handler.upcasts else None
            context = member.context = BatchJob(job, services, host, loop)
            try:
                payload = (upcast or handler).decode(job.payload)
                context.payload = await upcast.payload_of(context, payload) if upcast else payload
                if job.began and handler.steps is not None:
                    await context.check_steps(handler.steps)
            except (PayloadMismatch, StepsMismatch) as mismatch:
                self._outcomes.leave_unreadable(job, handler, mismatch)
            except BaseException as error:
                if execution.stopped_by is not None:
                    raise
                self._outcomes.settle(job, None, error)
            else:
                members.append(member)
                continue
            execution.members.remove(member)
        return members

    async def _call(
        self, execution: BatchExecution, handler: Handler, members: list[Member]
    ) -> None:
        environment = self._environment
        jobs = [member.context for member in members]
        services = environment.services_of(handler)
        failures: dict[BatchJob[Any], BaseException] = {}
        context: BatchContext[Any] = BatchContext(
            execution.batch, tuple(jobs), services, environment.host, failures
        )
        claimed = [member.job for member in members]
        spans = environment.tracer.batch(claimed) if environment.tracer else None
        execution.started = monotonic()
        timeout = execution.batch.timeout
        execution.arm(handler.rules.timeout if timeout is None else timeout)
        errors: dict[BatchJob[Any], BaseException] = {}
        results: list[Any] = [None] * len(jobs)
        try:
            # The handler gets a copy of the list, since it may change the list.
            work = environment.work(handler, handler.function, context, [*jobs], claimed)
            returned = await _apart(spans.around(work) if spans else work)
            results = _results(returned, len(jobs))
            pairs = zip(jobs, results, strict=True)
            errors = {job: each for job, each in pairs if isinstance(each, BaseException)}
        except BaseException as error:
            reason = execution.reason(error)
            errors = dict.fromkeys(jobs, reason)
            if len(jobs) > 1 and not isinstance(reason, Shutdown | TakenAway | TooLate):
                _log.warning("a batch of %d jobs of %s failed", len(jobs), handler.type)
        finally:
            execution.disarm()
        if execution.stopped_by is None:
            errors |= failures
        apart: list[asyncio.Task[None]] = []
        for member, result in zip(members, results, strict=True):
            failure = member.stopped_by or errors.get(member.context)
            if spans is not None:
                spans.end(member.job, failure)
            attempt = self._end(execution, member, result, failure)
            if attempt is not None:
                writing = asyncio.create_task(self._outcomes.write_apart(attempt))
                writing.add_done_callback(partial(self._settle_unwritten, execution, member.job))
                apart.append(writing)
        with suppress(asyncio.CancelledError):  # a stop: each of these jobs has its own outcome
            await asyncio.gather(*apart, return_exceptions=True)

    def _end(
        self,
        execution: BatchExecution,
        member: Member,
        result: object,
        error: BaseException | None,
    ) -> Attempt | None:
        """Hand the outcome of a job to the sink, or return it if others should not wait for it."""
        job, children = member.job, member.context.children
        assert execution.started is not None
        if error is not None:
            self._outcomes.settle(job, execution.started, error)
            return None
        try:
            attempt = self._outcomes.completed(
                job, execution.handler, children, execution.started, result
            )
        except BaseException as raised:
            self._outcomes.settle(job, execution.started, raised)
            return None
        if self._outcomes.is_written_apart(attempt, children):
            return attempt
        self._sink.add(attempt)
        return None

    def _settle_unwritten(
        self, execution: BatchExecution, job: Claimed, writing: "asyncio.Task[None]"
    ) -> None:
        """Settle a job whose outcome was not written; a stop may cancel a task before it began."""
        error = asyncio.CancelledError() if writing.cancelled() else writing.exception()
        if error is not None:
            self._outcomes.settle(job, execution.started, execution.reason(error))


async def _apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Do the work in a context of its own."""
    inside = copy_context()
    try:
        awaited = inside.run(work.send, None)
    except StopIteration as end:
        return end.value
    return await resumed(work, inside, awaited)


def _results(returned: object, count: int) -> list[Any]:
    """The results that a handler returned, one for each job."""
    if returned is None:
        return [None] * count
    if not isinstance(returned, list | tuple) or len(returned) != count:
        what = f"{len(returned)} items" if isinstance(returned, list | tuple) else repr(returned)
        raise TypeError(
            f"the handler of a batch returned {what:.100}: return None, or a list with a result or "
            f"an exception for each of the {count} jobs"
        )
    return [_checked(result) for result in returned]


def _checked(result: object) -> object:
    """The result; a TypeError for an exception class, which no handler means as a result."""
    if isinstance(result, type) and issubclass(result, BaseException):
        return TypeError(f"the handler returned {result!r} for this job: return an exception")
    return result
