"""Runs batches: one call of a handler for several jobs, each with an outcome of its own."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from contextvars import copy_context
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from ...job_types.batch_context import BatchContext, BatchJob
from ...job_types.context import Host
from ...model.attempts.interruptions import Shutdown, TakenAway, TooLate
from ...model.calls import entered_job
from ...model.claimed import Claimed
from ...model.errors import PayloadMismatch
from ...model.lanes import original
from ...model.text.logs import get_logger
from ...services.django_connections import renewed_in_loop
from ...statements.outcomes import Attempt
from ..interfaces import OutcomeSink
from .around import AroundHooks
from .batch_execution import BatchExecution, Member
from .execution import FRESH, check_start, resumed
from .handlers import Handler, HandlerRegistry
from .outcomes import Outcomes
from .threads import JobThreads

if TYPE_CHECKING:
    from ...telemetry.spans import BatchSpans

_log = get_logger("conduit.worker")


class RunnerInterface(Protocol):
    """A runner, as its batches see it."""

    registry: HandlerRegistry
    sink: OutcomeSink
    outcomes: Outcomes
    hooks: AroundHooks | None
    threads: JobThreads
    suspects: asyncio.Lock
    uses_django: bool
    trace_batch: "Callable[[Sequence[Claimed]], BatchSpans] | None"

    @property
    def host(self) -> Host:
        """The worker, as the contexts of its jobs see it."""

    def services_of(self, handler: Handler) -> object:
        """The services as a handler gets them."""


async def run_batch(runner: RunnerInterface, execution: BatchExecution) -> None:
    """Run a batch to its end, and have the outcomes of its jobs written."""
    first = execution.batch.jobs[0]
    async with AsyncExitStack() as stack:
        members: list[Member] = []
        try:
            handler = execution.handler = runner.registry.get(execution.batch.type)
            if first.is_suspect:
                await stack.enter_async_context(runner.suspects)
            await _confirm(runner, execution)
            members = await _readable(runner, execution, handler)
        except BaseException as error:
            _fail(runner, execution, execution.held, error)
            return
        if members:
            await _run(runner, execution, handler, members)


async def _confirm(runner: RunnerInterface, execution: BatchExecution) -> None:
    """Check that the jobs are still held, if they waited for long or were rescued before."""
    sink = runner.sink
    first = execution.batch.jobs[0]
    if first.rescues:
        first.start_by = 0.0
    while execution.held and monotonic() > min(each.job.start_by for each in execution.held):
        start_by = monotonic() + FRESH
        if first.rescues:
            held = {first.id} if await sink.apart.begin(Attempt(first)) else set()
        else:
            attempts = [Attempt(each.job) for each in execution.held]
            held = await sink.mark_started(attempts)
        for member in execution.held:
            if member.job.id in held:
                member.job.start_by = start_by
            else:
                member.stop(TakenAway())


async def _readable(
    runner: RunnerInterface, execution: BatchExecution, handler: Handler
) -> list[Member]:
    """The jobs whose payloads this code reads, each with its context; others end here."""
    entered_job.set(execution.batch)
    members = []
    for member in execution.held:
        job = member.job
        upcast = handler.upcasts.get(original(job.fingerprint)) if handler.upcasts else None
        context = member.context = BatchJob(
            job, runner.services_of(handler), runner.host, asyncio.get_running_loop()
        )
        try:
            payload = (upcast or handler).decode(job.payload)
            context.payload = await upcast.payload_of(context, payload) if upcast else payload
        except PayloadMismatch as mismatch:
            runner.outcomes.leave_unreadable(job, handler, mismatch)
        except BaseException as error:
            if execution.stopped_by is not None:
                raise
            runner.outcomes.settle(job, None, error)
        else:
            members.append(member)
            continue
        execution.members.remove(member)
    return members


async def _run(
    runner: RunnerInterface, execution: BatchExecution, handler: Handler, members: list[Member]
) -> None:
    jobs = [member.context for member in members]
    context: BatchContext[Any] = BatchContext(
        execution.batch, tuple(jobs), runner.services_of(handler), runner.host
    )
    claimed = [member.job for member in members]
    spans = runner.trace_batch(claimed) if runner.trace_batch else None
    execution.started = monotonic()
    timeout = execution.batch.timeout
    execution.arm(handler.timeout if timeout is None else timeout)
    errors: dict[Any, BaseException] = {}
    results: list[Any] = [None] * len(jobs)
    try:
        # The list is theirs to change.
        work = _work(runner, handler, context, [*jobs], partial(check_start, claimed))
        returned = await _apart(spans.around(work) if spans else work)
        results = _results(returned, len(jobs))
        errors = {j.id: r for j, r in zip(jobs, results, strict=True) if _is_error(r)}
    except BaseException as error:
        reason = execution.reason(error)
        errors = dict.fromkeys((job.id for job in jobs), reason)
        if len(jobs) > 1 and not isinstance(reason, Shutdown | TakenAway | TooLate):
            _log.warning("a batch of %d jobs of %s failed", len(jobs), handler.type)
    finally:
        execution.disarm()
    if execution.stopped_by is None:
        errors |= context.failed
    apart = []
    for member, result in zip(members, results, strict=True):
        failure = member.stopped_by or errors.get(member.job.id)
        if spans is not None:
            spans.end(member.job, failure)
        attempt = _end(runner, execution, member, result, failure)
        if attempt is not None:
            apart.append(_write_apart(runner, execution, member.job, attempt))
    with suppress(asyncio.CancelledError):  # a stop: each of these jobs has its own outcome
        await asyncio.gather(*apart)


def _work(
    runner: RunnerInterface,
    handler: Handler,
    context: BatchContext[Any],
    jobs: list[BatchJob[Any]],
    check: Callable[[], None],
) -> Coroutine[Any, Any, Any]:
    """The call of the handler, with what runs around it; `check` raises if it is too late."""
    function, hooks = handler.function, runner.hooks
    if handler.is_async:
        work = function(context, jobs)
        if hooks:
            work = hooks.around_coroutine(context, work)
        return renewed_in_loop(work, check) if runner.uses_django else work
    if not hooks:
        return runner.threads.call(function, context, jobs)
    work = runner.threads.call(hooks.in_thread(function), context, jobs)
    return hooks.around_thread(context, work)


async def _apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Do the work in a context of its own."""
    inside = copy_context()
    try:
        awaited = inside.run(work.send, None)
    except StopIteration as end:
        return end.value
    return await resumed(work, inside, awaited)


def _results(returned: object, count: int) -> list[Any]:
    """What a handler returned for each of the jobs."""
    if returned is None:
        return [None] * count
    if not isinstance(returned, list | tuple) or len(returned) != count:
        what = f"{len(returned)} items" if isinstance(returned, list | tuple) else repr(returned)
        raise TypeError(
            f"the handler of a batch returned {what:.100}: it returns None, or a list with a "
            f"result or an exception for each of the {count} jobs"
        )
    return [_checked(result) for result in returned]


def _checked(result: object) -> object:
    """The result; an error for the class of one, which no handler means as a result."""
    if isinstance(result, type) and issubclass(result, BaseException):
        return TypeError(f"the handler returned {result!r} for this job: return an exception")
    return result


def _is_error(result: object) -> bool:
    return isinstance(result, BaseException)


def _end(
    runner: RunnerInterface,
    execution: BatchExecution,
    member: Member,
    result: object,
    error: BaseException | None,
) -> Attempt | None:
    """Hand on the outcome of a job; return it if others should not wait while it is written."""
    job, children = member.job, member.context.children
    assert execution.started is not None
    if error is not None:
        runner.outcomes.settle(job, execution.started, error)
        return None
    try:
        attempt = runner.outcomes.completed(
            job, execution.handler, children, execution.started, result
        )
    except BaseException as raised:
        runner.outcomes.settle(job, execution.started, raised)
        return None
    if runner.outcomes.is_written_apart(attempt, children):
        return attempt
    runner.sink.add(attempt)
    return None


async def _write_apart(
    runner: RunnerInterface, execution: BatchExecution, job: Claimed, attempt: Attempt
) -> None:
    try:
        await runner.outcomes.write_apart(attempt)
    except BaseException as error:
        runner.outcomes.settle(job, execution.started, execution.reason(error))


def _fail(
    runner: RunnerInterface,
    execution: BatchExecution,
    members: Iterable[Member],
    error: BaseException,
) -> None:
    """End the jobs of a batch that did not start."""
    reason = execution.stopped_by or error
    for member in members:
        runner.outcomes.settle(member.job, None, reason)
