"""Runs claimed jobs, as many at once as a worker may."""

import asyncio
import inspect
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from .acknowledge import Acknowledger
from .attempts import Attempt
from .claimed import Claimed
from .context import Host, JobContext
from .handlers import Handler, HandlerRegistry
from .metrics import Metrics
from .outcome import Outcome, decide, released
from .results import result_of
from .services import Prepared
from .store import insert_parameters

__all__ = ["Execution", "Runner", "Shutdown", "TakenAway"]

_log = logging.getLogger("conduit.worker")


class Execution:
    """A job that is running: its task, and why that was stopped, if it was."""

    __slots__ = ("begun", "context", "job", "started", "stopped_by", "task")

    def __init__(self, job: Claimed) -> None:
        self.job = job
        self.started: float | None = None
        self.begun = False
        self.context: JobContext[Any] | None = None
        self.task: asyncio.Task[None] | None = None
        self.stopped_by: BaseException | None = None

    def stop(self, reason: BaseException) -> None:
        """Cancel the job's task; `reason` says what becomes of the attempt."""
        if self.stopped_by is None:
            self.stopped_by = reason
            if self.context is not None:
                self.context.cancel()
            # A task that is cancelled before its first step would never run, nor end properly.
            if self.begun and self.task is not None:
                self.task.cancel()

    def age(self, now: float) -> float:
        """Seconds since the attempt began; 0 before that."""
        return 0.0 if self.started is None else now - self.started


class Shutdown(BaseException):
    """The worker ends: the job goes back as if it had not been claimed."""


class TakenAway(BaseException):
    """The job was cancelled, retried by hand or rescued: nothing more is to be written of it."""


class Runner:
    """The jobs that a worker has claimed: those that run and those that wait for a free place.

    `on_room` is called whenever a job ended. All methods belong to the worker's loop.
    """

    def __init__(
        self,
        registry: HandlerRegistry,
        acknowledger: Acknowledger,
        host: Host[Claimed],
        services: Prepared,
        metrics: Metrics,
        concurrency: int,
        on_room: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._acknowledger = acknowledger
        self._host = host
        self._services = services
        self._metrics = metrics
        self._on_room = on_room
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="conduit-job")
        self._suspects = asyncio.Lock()
        self.concurrency = concurrency
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
        return self.concurrency - len(self.running) - len(self.ready)

    def jobs(self) -> list[Claimed]:
        """Every job that is held here."""
        return [*self.ready, *(execution.job for execution in self.running)]

    def take(self, jobs: list[Claimed]) -> None:
        """Run claimed jobs, in their order, as places become free."""
        self.ready.extend(jobs)
        for job in jobs:
            self.by_queue[job.queue] += 1
        self._fill()

    def hand_back(self) -> None:
        """Give back every job that has not begun."""
        while self.ready:
            self._give_back(self.ready.pop())

    def hand_back_rescued(self) -> bool:
        """Give back the jobs that were rescued before and would have to wait here."""
        rescued = [job for job in self.ready if job.rescues]
        for job in rescued:
            self.ready.remove(job)
            self._give_back(job)
        return bool(rescued)

    def _give_back(self, job: Claimed) -> None:
        self.by_queue[job.queue] -= 1
        self._acknowledger.add(Attempt(job, outcome=released))

    def close(self) -> None:
        """Let go of the threads; those that still run are left to end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        while self.ready and len(self.running) < self.concurrency:
            job = self.ready.popleft()
            execution = Execution(job)
            self.running.add(execution)
            execution.task = loop.create_task(self._execute(execution))

    async def _execute(self, execution: Execution) -> None:
        job = execution.job
        execution.begun = True
        try:
            if execution.stopped_by is not None:
                raise execution.stopped_by
            if job.is_suspect:
                async with self._suspects:
                    await self._attempt(execution)
            else:
                await self._attempt(execution)
        except BaseException as error:
            # Whatever a handler raises, SystemExit included, is the end of its job, not of ours.
            self._settle(execution, execution.stopped_by or error)
        finally:
            self.running.discard(execution)
            self.by_queue[job.queue] -= 1
            self._fill()
            self._on_room()

    async def _attempt(self, execution: Execution) -> None:
        job = execution.job
        handler = self._registry.get(job.type)
        if job.rescues:
            held = await self._acknowledger.mark_started([Attempt(job)])
            if job.id not in held:
                raise TakenAway
        execution.started = time.monotonic()
        payload = handler.decode(job.payload)
        services = self._services if handler.is_generated else self._services.services
        context: JobContext[Any] = JobContext(job, services, self._host)
        context.activate()
        execution.context = context
        timeout = job.timeout if job.timeout is not None else handler.timeout
        if timeout is None:
            result = await self._call(handler, context, payload)
        else:
            late = TimeoutError(f"the attempt took longer than {timeout:g} s")
            timer = asyncio.get_running_loop().call_later(timeout, execution.stop, late)
            try:
                result = await self._call(handler, context, payload)
            finally:
                timer.cancel()
        enqueued = [insert_parameters(nested) for nested in context.enqueued]
        elapsed = execution.age(time.monotonic())
        attempt = Attempt(job, elapsed, None, enqueued)
        if handler.keep_result is not None:
            attempt.result = result_of(result, handler.keep_result, job.id)
        if any(each.is_unique for each in context.enqueued):
            await self._acknowledger.complete_apart(attempt, self._host.connection)
        else:
            self._acknowledger.add(attempt)
        self._metrics.record(job.type, elapsed, succeeded=True)

    async def _call(self, handler: Handler, context: JobContext[Any], payload: Any) -> Any:
        if handler.is_async:
            return await handler.function(context, payload)
        run = copy_context().run
        result = await asyncio.get_running_loop().run_in_executor(
            self._threads, run, _plainly, handler.function, context, payload
        )
        return await result if inspect.isawaitable(result) else result

    def _settle(self, execution: Execution, error: BaseException) -> None:
        """Write what comes of an attempt that ended with an exception."""
        job = execution.job
        elapsed = execution.age(time.monotonic())
        if isinstance(error, TakenAway):
            _log.info("job %s (%s) was taken away while it ran", job.id, job.type)
            return
        if isinstance(error, Shutdown):
            self._acknowledger.add(Attempt(job, elapsed, released))
            return
        outcome = self._decide(job, error)
        if outcome.detail is not None:
            retried = outcome.status == "pending"
            self._metrics.record(job.type, elapsed, succeeded=False, retried=retried)
            level, then = (logging.WARNING, "is retried") if retried else (logging.ERROR, "failed")
            _log.log(level, "job %s (%s) %s: %s", job.id, job.type, then, outcome.error)
        self._acknowledger.add(Attempt(job, elapsed, outcome))

    def _decide(self, job: Claimed, error: BaseException) -> Outcome:
        policy = self._registry.policy(job.type)
        return decide(job.attempts, job.max_attempts, error, policy, random.random())  # noqa: S311


def _plainly(function: Callable[[Any, Any], Any], context: Any, payload: Any) -> Any:
    try:
        return function(context, payload)
    except StopIteration as stop:  # a future cannot carry it
        raise RuntimeError("the handler raised StopIteration") from stop
