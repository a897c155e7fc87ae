"""Runs claimed jobs, as many at once as a worker may."""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING, Any

from ...job_types.context import JobContext
from ...model.attempts.interruptions import TakenAway
from ...model.attempts.outcome import released
from ...model.calls import entered_job
from ...model.claimed import Claimed, ClaimedBatch
from ...model.errors import PayloadMismatch
from ...model.lanes import original
from ...model.text.logs import get_logger
from ...services.django_connections import renewed_in_loop, uses_django
from ...statements.outcomes import Attempt
from ..interfaces import OutcomeSink, RunnerHost
from .around import AroundHooks
from .batch_execution import BatchExecution
from .batch_runs import run_batch
from .execution import FRESH, Execution, Running, check_start, resumed
from .gathering import Gatherer
from .handlers import Handler, HandlerRegistry
from .outcomes import Outcomes, may_wait_for_keys
from .threads import JobThreads

if TYPE_CHECKING:
    from ...telemetry.spans import BatchSpans

    TraceBatch = Callable[[Sequence[Claimed]], BatchSpans]

_log = get_logger("conduit.worker")

SLICE = 0.005
"""Seconds that jobs which never wait may hold the loop."""
GLANCE = 0.0005
"""Seconds after which they let the loop read what the database has sent."""

WhyStopped = Callable[[], BaseException | None]
Around = Callable[[Any, Coroutine[Any, Any, Any], WhyStopped], Coroutine[Any, Any, Any]]
"""Wraps the work of a job; its last argument returns why the job was stopped, if it was."""

_queue_of = attrgetter("queue")


class Runner:
    """The jobs that a worker has claimed: those that run and those that wait for a free slot.

    A slot is a task that runs one job after another, each in a context of its own; a job that
    waits makes it open others. All methods belong to the worker's loop, which sees in `running` the
    jobs that wait for something, and in `threads` what plain functions run in. When queues have
    limits of their own here, `by_queue` counts the jobs of each that are held.

    `poll` reads what the database has sent, and says whether there was any.
    """

    def __init__(
        self,
        worker: RunnerHost,
        registry: HandlerRegistry,
        sink: OutcomeSink,
        poll: Callable[[], bool],
        around: Around | None = None,
        hooks: AroundHooks | None = None,
        trace_batch: "TraceBatch | None" = None,
    ) -> None:
        self._worker = self.host = worker
        self.registry = registry
        self._handlers = registry.by_type
        self.sink = sink
        self._services = worker.services
        self._poll = poll
        self._around = around
        self.trace_batch = trace_batch
        self.hooks = hooks or None
        self._capped = any(cap is not None for cap in worker.queues.values())
        self.outcomes = Outcomes(registry, sink, worker.metrics)
        self._now = 0.0
        self.uses_django = False
        self.suspects = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._slots = 0
        self.concurrency = worker.concurrency
        self.threads = JobThreads(worker.concurrency, self._regain)
        self.ready: deque[Claimed | ClaimedBatch] = deque()
        self._batched = registry.batched
        self._gatherer = Gatherer(self._batched, self._take_batch)
        self._batches_wait = False
        self.running: set[Running] = set()
        self.by_queue: Counter[str] = Counter()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits to run."""
        return not self.running and not self.ready and not self._gatherer.jobs

    @property
    def room_in_batches(self) -> int:
        """How many more jobs of batch handlers would fill a batch of each type."""
        return self._gatherer.room()

    @property
    def free(self) -> int:
        """How many more jobs could start at once."""
        return self.threads.usable - len(self.running) - len(self.ready)

    def room_in(self, queue: str, *, of_batches: bool = False) -> int:
        """How many more jobs of a queue may be held, of batch handlers or of others."""
        cap = self._worker.queues[queue]
        return sys.maxsize if cap is None else cap - self.by_queue[queue]

    @property
    def is_stuck(self) -> bool:
        """Whether no job can start until a thread ends that outlived its attempt."""
        return self.threads.usable <= 0

    def jobs(self) -> list[Claimed]:
        """Every job that is held here."""
        held = [each.job for execution in self.running for each in execution.held]
        return [*chain.from_iterable(map(_jobs_of, self.ready)), *self._gatherer.jobs, *held]

    def take(self, jobs: list[Claimed], asked: float) -> None:
        """Run claimed jobs, in their order, as slots become free.

        The claim was sent at the monotonic time `asked`; what cannot start while it is `FRESH`
        is released.
        """
        start_by = asked + FRESH
        for job in jobs:
            job.start_by = start_by
        self.uses_django = uses_django()
        if self._capped:
            self.by_queue.update(map(_queue_of, jobs))
        if self._batched:
            for job in jobs:
                if job.type in self._batched:
                    self._gatherer.add(job)
                else:
                    self.ready.append(job)
            if self._worker.is_draining:
                self._gatherer.end_all()
        else:
            self.ready.extend(jobs)
        self._open_slots(1)

    def _take_batch(self, batch: ClaimedBatch) -> None:
        """Run a batch before other jobs, after earlier batches: its jobs have waited already.

        Others come first when a batch took the slot that they waited for in vain.
        """
        if self._batches_wait:
            self.ready.append(batch)
        else:
            others = (place for place, each in enumerate(self.ready) if isinstance(each, Claimed))
            self.ready.insert(next(others, len(self.ready)), batch)
        self._open_slots(1)

    def release(self) -> None:
        """Release the jobs that have not begun."""
        self.release_ready()
        for job in self._gatherer.release():
            self._release(job)

    def release_ready(self) -> None:
        """Release the jobs that wait for a slot."""
        if self._batched and self.ready:
            self._batches_wait = any(isinstance(each, Claimed) for each in self.ready)
        while self.ready:
            for job in _jobs_of(self.ready.popleft()):
                self._release(job)

    def stop(self, reason: type[BaseException]) -> None:
        """Stop the jobs that run, each for this reason."""
        for execution in [*self.running]:
            execution.stop(reason())

    async def until_idle(self, seconds: float) -> None:
        """Wait until what runs now has ended, for so many seconds at most."""
        tasks = [execution.task for execution in self.running]
        if tasks and seconds > 0:
            await asyncio.wait(tasks, timeout=seconds)

    def linger(self, thread: "Future[None]") -> None:
        """Keep the slot of a stopped attempt, until its thread ends."""
        self.threads.linger(thread)

    def close(self) -> None:
        """Let the threads end that run nothing."""
        self.threads.close()

    def release_rescued(self) -> bool:
        """Release the jobs that were rescued before and would have to wait here."""
        slots = max(0, self.threads.usable - len(self.running))
        rescued = [each for each in islice(self.ready, slots, None) if each.rescues]
        for each in rescued:
            self.ready.remove(each)
            for job in _jobs_of(each):
                self._release(job)
        return bool(rescued)

    def _release(self, job: Claimed) -> None:
        if self._capped:
            self.by_queue[job.queue] -= 1
        self.sink.add(Attempt(job, outcome=released))

    def services_of(self, handler: Handler) -> object:
        """The services as a handler gets them."""
        return self._services if handler.is_generated else self._services.services

    def _open_slots(self, most: int) -> None:
        for _ in range(min(most, len(self.ready), self.threads.usable - self._slots)):
            self._slots += 1
            self._loop.create_task(self._work(), name="conduit jobs")

    async def _work(self) -> None:
        """Run one job after another in a slot until none is ready."""
        task = asyncio.current_task()
        assert task is not None
        began = glanced = monotonic()
        try:
            while self.ready:
                job = self.ready.popleft()
                try:
                    waiting: Running | None
                    if type(job) is Claimed:  # cheaper than isinstance, once a job
                        waiting = Execution(job, task) if job.rescues else self._begin(job, task)
                    else:
                        assert isinstance(job, ClaimedBatch)
                        waiting = BatchExecution(job, task)
                    if waiting is not None:
                        await self._see_through(waiting)
                finally:
                    if self._capped:
                        self.by_queue[job.queue] -= len(_jobs_of(job))
                if task.cancelling():
                    break  # what is left of the cancellation must not hit the next job
                if waiting is not None:
                    self._worker.on_capacity()
                    began = glanced = monotonic()
                elif self._now > glanced + GLANCE:
                    if self._poll() or self._now > began + SLICE:
                        self._worker.on_capacity()
                        await asyncio.sleep(0)
                        began = monotonic()
                    glanced = monotonic()
        except GeneratorExit:
            pass  # a job's thread raised it; an await takes it for the end of the whole task
        finally:
            self._slots -= 1
            self._open_slots(1)
            self._worker.on_capacity()

    def _begin(
        self, job: Claimed, task: "asyncio.Task[None]", execution: Execution | None = None
    ) -> Execution | None:
        """Run a job until it waits for something; None when it ended before that."""
        started = monotonic()
        if started > job.start_by:
            self.sink.add(Attempt(job, outcome=released))
            return None
        try:
            handler = self._handlers.get(job.type) or self.registry.get(job.type)
            entered_job.set(job)
            decode, function = handler.decode, handler.function
            if handler.upcasts and (upcast := handler.upcasts.get(original(job.fingerprint))):
                decode, function = upcast.decode, partial(upcast.run, function)
            try:
                payload = decode(job.payload)
            except PayloadMismatch as mismatch:
                self.outcomes.leave_unreadable(job, handler, mismatch)
                return None
            services = self._services if handler.is_generated else self._services.services
            context = JobContext(job, services, self._worker, self._loop)
            # It takes the job along; what runs here next sets its own.
            inside = copy_context()
            if handler.is_async:
                work = function(context, payload)
                if self.hooks:
                    work = self.hooks.around_coroutine(context, work)
                if self.uses_django:
                    work = renewed_in_loop(work, partial(check_start, [job]))
            elif self.hooks:
                work = self.threads.call(self.hooks.in_thread(function), context, payload)
                work = self.hooks.around_thread(context, work)
            else:
                work = self.threads.call(function, context, payload)
            if self._around is not None:
                work = self._around(job, work, partial(self._why_stopped, job))
            rest: Awaitable[Any] | None = None
            try:
                rest = resumed(work, inside, inside.run(work.send, None))
            except StopIteration as end:
                result = end.value
                if execution is not None:  # it may have to be written before the next one starts
                    rest = _given(result)
            if rest is None:
                children = context.children
                if not children and handler.keep_result is None:  # as most: a call less for each
                    self._now = now = monotonic()
                    self.sink.add(Attempt(job, now - started, None, (), None, started))
                    return None
                if not may_wait_for_keys(children):
                    attempt = self.outcomes.completed(job, handler, children, started, result)
                    self._now = started + attempt.elapsed
                    if not attempt.is_large:
                        self.sink.add(attempt)
                        return None
                rest = _given(result)
            execution = execution or Execution(job, task)
            return execution.begun(handler, context, started, rest)
        except BaseException as error:
            # Whatever a handler raises, SystemExit included, is the end of its job, not of ours.
            self.outcomes.settle(job, started, error)
            self._now = monotonic()
        return None

    def _why_stopped(self, job: Claimed) -> BaseException | None:
        executions = (each for each in self.running if isinstance(each, Execution))
        return next((each.stopped_by for each in executions if each.job is job), None)

    async def _see_through(self, running: Running) -> None:
        """Await the end of what waits: it can be stopped now, and others can run."""
        self.running.add(running)
        self._open_slots(len(self.ready))
        try:
            if isinstance(running, Execution):
                await self._finish_alone(running)
            elif isinstance(running, BatchExecution):
                await run_batch(self, running)
        finally:
            running.disarm()
            self.running.discard(running)

    async def _finish_alone(self, execution: Execution) -> None:
        job = execution.job
        try:
            if not job.rescues:
                await self._finish(execution)
            elif job.is_suspect:
                async with self.suspects:
                    await self._attempt_again(execution)
            else:
                await self._attempt_again(execution)
        except BaseException as error:
            self.outcomes.settle(job, execution.started, execution.reason(error))

    async def _attempt_again(self, execution: Execution) -> None:
        """Run a job that was rescued before: that it starts is written first."""
        job = execution.job
        job.start_by = 0.0
        while monotonic() > job.start_by:
            job.start_by = monotonic() + FRESH
            if not await self.sink.apart.begin(Attempt(job)):
                raise TakenAway
        if self._begin(job, execution.task, execution) is not None:
            await self._finish(execution)

    async def _finish(self, execution: Execution) -> None:
        assert execution.context is not None
        assert execution.started is not None
        timeout = execution.job.timeout
        execution.arm(execution.handler.timeout if timeout is None else timeout)
        result = await execution.rest
        children = execution.context.children
        attempt = self.outcomes.completed(
            execution.job, execution.handler, children, execution.started, result
        )
        if self.outcomes.is_written_apart(attempt, children):
            execution.disarm()
            await self.outcomes.write_apart(attempt)
        else:
            self.sink.add(attempt)

    def _regain(self) -> None:
        """A thread that outlived its attempt has ended."""
        self._open_slots(1)
        self._worker.on_capacity()


def _jobs_of(each: Claimed | ClaimedBatch) -> Sequence[Claimed]:
    return each.jobs if isinstance(each, ClaimedBatch) else (each,)


async def _given(result: object) -> object:
    return result
