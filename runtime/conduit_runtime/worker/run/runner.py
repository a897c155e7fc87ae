"""Runs claimed jobs, as many at once as a worker may."""

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import copy_context
from functools import partial
from itertools import islice
from operator import attrgetter
from time import monotonic
from typing import Any

from ...job_types.context import JobContext
from ...model.calls import entered_job
from ...model.claimed import Claimed
from ...model.errors import OutcomeTooLarge, PayloadMismatch
from ...model.interruptions import Shutdown, TakenAway, TooLate
from ...model.job import Job
from ...model.lanes import Lane, original
from ...model.outcome import decide, released, unreadable
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger
from ...model.text.masking import secrets_of
from ...services.django_connections import renewed_in_loop, uses_django
from ...statements.flows import ChildJobs
from ...statements.outcomes import MOST, Attempt
from ...statements.results import result_of
from ..acknowledge.acknowledger import Acknowledger
from ..interfaces import WorkerInterface
from .around import AroundHooks
from .execution import Execution, resumed
from .handlers import Handler
from .threads import JobThreads

_log = get_logger("conduit.worker")

FRESH = 1.0
"""Seconds after a claim was sent within which its jobs start; later they are claimed anew.

A job may be cancelled, its queue paused, or its worker taken for dead meanwhile. The last takes
twice as long: others rescue a worker's jobs 3 s after its heartbeat, and it sends one a second.
"""
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
        worker: WorkerInterface,
        acknowledger: Acknowledger,
        poll: Callable[[], bool],
        around: Around | None = None,
        hooks: AroundHooks | None = None,
    ) -> None:
        self._worker = worker
        self._registry = worker.registry
        self._handlers = worker.registry.by_type
        self._acknowledger = acknowledger
        self._services = worker.services
        self._metrics = worker.metrics
        self._poll = poll
        self._around = around
        self._hooks = hooks or None
        self._capped = any(cap is not None for cap in worker.queues.values())
        self._unreadable: set[Lane] = set()
        self._now = 0.0
        self._uses_django = False
        self._suspects = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._slots = 0
        self.concurrency = worker.concurrency
        self.threads = JobThreads(worker.concurrency, self._regain)
        self.ready: deque[Claimed] = deque()
        self.running: set[Execution] = set()
        self.by_queue: Counter[str] = Counter()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits to run."""
        return not self.running and not self.ready

    @property
    def free(self) -> int:
        """How many more jobs could start at once."""
        return self.threads.usable - len(self.running) - len(self.ready)

    @property
    def is_stuck(self) -> bool:
        """Whether no job can start until a thread ends that outlived its attempt."""
        return self.threads.usable <= 0

    def jobs(self) -> list[Claimed]:
        """Every job that is held here."""
        return [*self.ready, *(execution.job for execution in self.running)]

    def take(self, jobs: list[Claimed], asked: float) -> None:
        """Run claimed jobs, in their order, as slots become free.

        The claim was sent at the monotonic time `asked`; what cannot start while it is `FRESH`
        is released.
        """
        start_by = asked + FRESH
        for job in jobs:
            job.start_by = start_by
        self._uses_django = uses_django()
        self.ready.extend(jobs)
        if self._capped:
            self.by_queue.update(map(_queue_of, jobs))
        self._open_slots(1)

    def release(self) -> None:
        """Release the jobs that have not begun."""
        while self.ready:
            self._release(self.ready.popleft())

    def stop(self, reason: type[BaseException]) -> None:
        """Stop the jobs that run, each for this reason."""
        for execution in [*self.running]:
            execution.stop(reason())

    def release_rescued(self) -> bool:
        """Release the jobs that were rescued before and would have to wait here."""
        slots = max(0, self.threads.usable - len(self.running))
        rescued = [job for job in islice(self.ready, slots, None) if job.rescues]
        for job in rescued:
            self.ready.remove(job)
            self._release(job)
        return bool(rescued)

    def _release(self, job: Claimed) -> None:
        if self._capped:
            self.by_queue[job.queue] -= 1
        self._acknowledger.add(Attempt(job, outcome=released))

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
                    waiting = Execution(job, task) if job.rescues else self._begin(job, task)
                    if waiting is not None:
                        await self._see_through(waiting)
                finally:
                    if self._capped:
                        self.by_queue[job.queue] -= 1
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
            self._acknowledger.add(Attempt(job, outcome=released))
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
                self._leave_unreadable(job, handler, mismatch)
                return None
            services = self._services if handler.is_generated else self._services.services
            context = JobContext(job, services, self._worker, self._loop)
            # It takes the job along; what runs here next sets its own.
            inside = copy_context()
            if handler.is_async:
                work = function(context, payload)
                if self._hooks:
                    work = self._hooks.around_coroutine(context, work)
                if self._uses_django:
                    work = renewed_in_loop(work, partial(_check_start, job))
            elif self._hooks:
                work = self.threads.call(self._hooks.in_thread(function), context, payload)
                work = self._hooks.around_thread(context, work)
            else:
                work = self.threads.call(function, context, payload)
            if self._around is not None:
                work = self._around(job, work, partial(self._why_stopped, job))
            rest: Awaitable[Any] | None = None
            try:
                rest = resumed(work, inside, inside.run(work.send, None))
            except StopIteration as end:
                result = end.value
            if rest is None:
                children = context.children
                if not children and handler.keep_result is None:  # as most: a call less for each
                    self._now = now = monotonic()
                    self._acknowledger.add(Attempt(job, now - started, None, (), None, started))
                    return None
                if not (children and _may_wait_for_keys(children)):
                    attempt = self._completed(job, handler, children, started, result)
                    if not attempt.is_large:
                        self._acknowledger.add(attempt)
                        return None
                rest = _given(result)
            execution = execution or Execution(job, task)
            return execution.begun(handler, context, started, rest)
        except BaseException as error:
            # Whatever a handler raises, SystemExit included, is the end of its job, not of ours.
            self._settle(job, started, error)
        return None

    def _leave_unreadable(self, job: Claimed, handler: Handler, mismatch: PayloadMismatch) -> None:
        """Have the job wait for another reader."""
        outcome = unreadable(job.fingerprint, handler.reader, mismatch, secrets_of(job))
        self._acknowledger.add(Attempt(job, outcome=outcome))
        shape = original(job.fingerprint)
        if (job.type, shape) not in self._unreadable:
            self._unreadable.add((job.type, shape))
            _log.warning(
                "jobs of %s with %s wait, since this code cannot read their payloads: %s (job %s). "
                "They run when code that reads them is deployed, perhaps by an upcaster; "
                "`conduit-jobs preflight` tells whether a package does",
                *(job.type, f"the shape {shape}" if shape else "no fingerprint"),
                *((outcome.error or "").removeprefix("unreadable: "), job.id),
                extra=job_fields(job),
            )

    def _why_stopped(self, job: Claimed) -> BaseException | None:
        return next((each.stopped_by for each in self.running if each.job is job), None)

    async def _see_through(self, execution: Execution) -> None:
        """Await the end of a job that waits: it can be stopped now, and others can run."""
        job = execution.job
        self.running.add(execution)
        self._open_slots(len(self.ready))
        try:
            if not job.rescues:
                await self._finish(execution)
            elif job.is_suspect:
                async with self._suspects:
                    await self._attempt_again(execution)
            else:
                await self._attempt_again(execution)
        except BaseException as error:
            self._settle(job, execution.started, execution.reason(error))
        finally:
            execution.disarm()
            self.running.discard(execution)

    async def _attempt_again(self, execution: Execution) -> None:
        """Run a job that was rescued before: that it starts is written first."""
        job = execution.job
        job.start_by = 0.0
        while monotonic() > job.start_by:
            job.start_by = monotonic() + FRESH
            if not await self._acknowledger.apart.begin(Attempt(job)):
                raise TakenAway
        if self._begin(job, execution.task, execution) is not None:
            await self._finish(execution)

    async def _finish(self, execution: Execution) -> None:
        assert execution.context is not None
        assert execution.started is not None
        execution.arm()
        result = await execution.rest
        children = execution.context.children
        attempt = self._completed(
            execution.job, execution.handler, children, execution.started, result
        )
        if attempt.is_large or (children and _may_wait_for_keys(children)):
            execution.disarm()
            await self._acknowledger.apart.write(attempt)
            self._metrics.record_completed([attempt])
        else:
            self._acknowledger.add(attempt)

    def _completed(
        self,
        job: Claimed,
        handler: Handler,
        children: ChildJobs | None,
        started: float,
        result: object,
    ) -> Attempt:
        enqueued = children.rows() if children else ()
        self._now = now = monotonic()
        attempt = Attempt(job, now - started, None, enqueued, None, started)
        if handler.keep_result is not None:
            attempt.result = result_of(result, handler.keep_result, job.id)
        if attempt.weight > MOST:
            raise OutcomeTooLarge(
                f"the job enqueues {attempt.weight:,} bytes of jobs, more than {MOST:,}: let "
                "several jobs enqueue them"
            )
        return attempt

    def _regain(self) -> None:
        """A thread that outlived its attempt has ended."""
        self._open_slots(1)
        self._worker.on_capacity()

    def _settle(self, job: Claimed, started: float | None, error: BaseException) -> None:
        """Write what comes of an attempt that ended with an exception."""
        self._now = now = monotonic()
        elapsed = 0.0 if started is None else now - started
        if isinstance(error, TakenAway):
            fields = job_fields(job, elapsed)
            _log.info("job %s (%s) was taken away while it ran", job.id, job.type, extra=fields)
            return
        if isinstance(error, Shutdown | TooLate):
            self._acknowledger.add(Attempt(job, elapsed, released))
            return
        policy = self._registry.policy(job.type)
        jitter = random.random()  # noqa: S311
        outcome = decide(job.attempts, job.max_attempts, error, policy, jitter, secrets_of(job))
        if outcome.detail is not None:
            retried = outcome.status == "pending"
            self._metrics.record_failed(job.type, elapsed, retried=retried)
            level, then = (logging.WARNING, "is retried") if retried else (logging.ERROR, "failed")
            fields = job_fields(job, elapsed)
            _log.log(
                level, "job %s (%s) %s: %s", job.id, job.type, then, outcome.error, extra=fields
            )
        self._acknowledger.add(Attempt(job, elapsed, outcome, started=started))


def _check_start(job: Claimed) -> None:
    if monotonic() > job.start_by:
        raise TooLate


def _may_wait_for_keys(children: Sequence[Job]) -> bool:
    """Whether a completion that enqueues these child jobs may have to wait for their keys."""
    return any(each.is_unique for each in children)


async def _given(result: object) -> object:
    return result
