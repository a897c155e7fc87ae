"""Runs claimed jobs, as many at once as a worker may."""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING

from ...model.attempts.outcome import released
from ...model.claimed import Claimed, ClaimedBatch
from ...model.job import MAX_ATTEMPTS
from ...statements.outcomes import Attempt
from ..interfaces import AttemptRunner, OutcomeSink, RunnerHost
from .around import AroundHooks
from .batch_runs import BatchRuns
from .environment import Environment, JobThreads
from .execution import BatchExecution, Execution, Running
from .handlers import HandlerRegistry
from .isolated_runs import ChildProcesses, IsolatedRuns
from .job_runs import JobRuns
from .ready_queue import Gatherer, ReadyQueue, jobs_of

if TYPE_CHECKING:
    from ...telemetry.spans import JobTracer

SLICE = 0.005
"""Seconds that jobs which never wait may hold the loop."""
GLANCE = 0.0005
"""Seconds after which such jobs let the loop read what the database has sent."""

_queue_of = attrgetter("queue")


class Runner(AttemptRunner):
    """The jobs that a worker has claimed: those that run and those that wait for a free slot.

    A slot is a task that runs one job after another, each in a context of its own. When its job
    waits, the slot opens others. `running` has the jobs and batches that wait for something. All
    methods belong to the worker's loop.

    `poll` reads what the database has sent, and returns whether it sent anything. Plain functions
    run in threads of the `executor`, if it is given. Isolated jobs run in `children`; without them,
    they run here.
    """

    def __init__(
        self,
        worker: RunnerHost,
        registry: HandlerRegistry,
        sink: OutcomeSink,
        hooks: AroundHooks | None = None,
        tracer: "JobTracer | None" = None,
        poll: Callable[[], bool] = lambda: False,
        executor: ThreadPoolExecutor | None = None,
        children: ChildProcesses | None = None,
    ) -> None:
        self._worker = worker
        self._sink = sink
        self._poll = poll
        self._capped = any(cap is not None for cap in worker.queues.values())
        self._loop = asyncio.get_running_loop()
        self._slots = 0
        self.threads = JobThreads(worker.concurrency, self._regain, executor)
        self._environment = Environment(worker, registry, sink, self.threads, hooks, tracer)
        self._job_runs = JobRuns(self._environment)
        self._batch_runs = BatchRuns(self._environment)
        self._isolated: Collection[str] = ()
        if children is not None:
            self._isolated = registry.isolated
            self._isolated_runs = IsolatedRuns(self._environment, children)
        self._queue = ReadyQueue()
        self.ready: deque[Claimed | ClaimedBatch] = self._queue.waiting
        self._batched = registry.batched
        self._max_attempts = registry.max_attempts
        self._gatherer = Gatherer(self._batched, self._take_batch)
        self.running: set[Running] = set()
        self._by_queue: Counter[str] = Counter()

    @property
    def concurrency(self) -> int:
        return self._worker.concurrency

    @property
    def is_idle(self) -> bool:
        return not self.running and not self.ready and not self._gatherer.jobs

    @property
    def room_in_batches(self) -> int:
        return self._gatherer.room()

    @property
    def free(self) -> int:
        return self.threads.usable - len(self.running) - len(self.ready)

    def room_in(self, queue: str, *, of_batches: bool = False) -> int:
        cap = self._worker.queues[queue]
        return sys.maxsize if cap is None else cap - self._by_queue[queue]

    @property
    def is_stuck(self) -> bool:
        return self.threads.usable <= 0

    def jobs(self) -> list[Claimed]:
        held = [each.job for execution in self.running for each in execution.held]
        return [*self._queue.jobs(), *self._gatherer.jobs, *held]

    def take(self, jobs: list[Claimed], asked: float) -> None:
        """Run claimed jobs, in their order, as slots become free.

        The claim was sent at the monotonic time `asked`. Jobs that cannot start while it is fresh
        are released.
        """
        start_by = asked + self._worker.timing.fresh
        for job in jobs:
            job.start_by = start_by
            if job.expires is not None and asked + job.expires > start_by:
                self._spare(job)
        if self._max_attempts:
            for job in jobs:
                if job.max_attempts == MAX_ATTEMPTS:
                    job.max_attempts = self._max_attempts.get(job.type, MAX_ATTEMPTS)
        self._environment.look_for_django()
        if self._capped:
            self._by_queue.update(map(_queue_of, jobs))
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

    def _spare(self, job: Claimed) -> None:
        """Note that a job starts before it expires, or is released; a batch may wait for longer."""
        if job.type not in self._batched:
            job.expires = None

    def _take_batch(self, batch: ClaimedBatch) -> None:
        self._queue.add_batch(batch)
        self._open_slots(1)

    def release(self) -> None:
        self.release_ready()
        self._release(self._gatherer.release())

    def release_ready(self) -> None:
        self._release(self._queue.take_all())

    def release_rescued(self) -> bool:
        slots = max(0, self.threads.usable - len(self.running))
        rescued = self._queue.take_rescued(slots)
        self._release(rescued)
        return bool(rescued)

    def _release(self, jobs: Iterable[Claimed]) -> None:
        for job in jobs:
            if self._capped:
                self._by_queue[job.queue] -= 1
            self._sink.add(Attempt(job, outcome=released))

    def stop(self, reason: type[BaseException]) -> None:
        for execution in [*self.running]:
            execution.stop(reason())

    async def until_idle(self, seconds: float) -> None:
        tasks = [execution.task for execution in self.running]
        if tasks and seconds > 0:
            await asyncio.wait(tasks, timeout=seconds)

    def linger(self, thread: "Future[None]") -> None:
        self.threads.linger(thread)

    def close(self) -> None:
        self.threads.close()

    def _open_slots(self, most: int) -> None:
        for _ in range(min(most, len(self.ready), self.threads.usable - self._slots)):
            self._slots += 1
            self._loop.create_task(self._work(), name="conduit jobs")

    async def _work(self) -> None:
        """Run one job after another in a slot until none is ready."""
        task = asyncio.current_task()
        assert task is not None
        ready, runs = self.ready, self._job_runs
        began = glanced = monotonic()
        try:
            while ready:
                job = ready.popleft()
                try:
                    waiting: Running | None
                    if type(job) is Claimed:  # cheaper than isinstance, once a job
                        is_begun_apart = (
                            job.rescues
                            or job.expires is not None
                            or (self._isolated and job.type in self._isolated)
                        )
                        waiting = Execution(job, task) if is_begun_apart else runs.begin(job, task)
                    else:
                        assert isinstance(job, ClaimedBatch)
                        waiting = BatchExecution(job, task)
                    if waiting is not None:
                        await self._see_through(waiting)
                finally:
                    if self._capped:
                        self._by_queue[job.queue] -= len(jobs_of(job))
                if task.cancelling():
                    break  # the rest of the cancellation must not hit the next job
                if waiting is not None:
                    self._worker.on_capacity()
                    began = glanced = monotonic()
                elif runs.ended > glanced + GLANCE:
                    if self._poll() or runs.ended > began + SLICE:
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

    async def _see_through(self, running: Running) -> None:
        """Await the end of a job or batch that waits; it can be stopped, and others can run."""
        self.running.add(running)
        self._open_slots(len(self.ready))
        try:
            if isinstance(running, Execution):
                is_isolated = self._isolated and running.job.type in self._isolated
                runs = self._isolated_runs if is_isolated else self._job_runs
                await runs.finish(running)
            elif isinstance(running, BatchExecution):
                await self._batch_runs.run(running)
        finally:
            running.disarm()
            self.running.discard(running)

    def _regain(self) -> None:
        """A thread that outlived its attempt has ended."""
        self._open_slots(1)
        self._worker.on_capacity()
