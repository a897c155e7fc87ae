"""Worker pools: the handlers and workers of an application."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from ..client.async_queue import AsyncQueue
from ..client.queue import Queue
from ..job_types.job_type import JobType
from ..model.arguments import check_callable, check_type, each, listed
from ..model.attempts.failed_job import FailedJob
from ..model.errors import QueueError
from ..model.queues.retention import Retention, check_age
from ..model.schedules.schedule import Schedule
from ..model.text.logs import enable_loggers, get_logger
from ..schedules.ticker import add_schedules
from ..services.loading import entered
from ..telemetry.attempt_counters import Recorder
from .arrival import CONNECT_TIMEOUT
from .direct import DirectWorkers
from .health.loop_monitor import LoopMonitor
from .health.pool_health import PoolHealth
from .interfaces import PoolWorker, WorkerFactory
from .loops import LoopThread, cancel_rest, is_in_loop, rare_collections, stopped_by_signals, unless
from .metrics import Metrics
from .options import check_count, check_seconds, queues_of
from .run.around import AroundHook, AroundHooks
from .run.batching import WAIT
from .run.failures import OnFailed
from .run.handlers import HandlerOptions, HandlerRegistry

if TYPE_CHECKING:
    from ..telemetry.tracing import TracerProvider

F = TypeVar("F", bound=Callable[..., Any])
Hook = TypeVar("Hook", bound=Callable[[FailedJob], object])
Wrapper = TypeVar("Wrapper", bound=AroundHook)

_log = get_logger("conduit.worker")

GRACE = 30.0
"""Seconds that running jobs get to end before the worker releases them."""


class WorkerPool:
    """Runs the jobs of one or more queues, at most `workers` at once.

    `queues` is a name, several names, or a mapping of names to the most jobs of that queue at once
    (None: no limit of its own); without it, the queues of `jobs` are served, or "default".
    `services` is what the jobs call: an object, a callable without arguments or a context manager.
    `schedules` are added to the database's at each start, as `CronScheduler.add` does. `on_failed`
    is called for each job that ends failed, `around` are hooks around each job: see the decorators
    of these names. `tracer_provider` gets a span of each attempt; without one, the provider that
    the process has set up, if it has.
    With `keep_completed` and `keep_failed`, one worker at a time deletes the jobs of these queues
    so long after they ended; cancelled jobs count as completed ones.
    A database that is not reachable yet is tried again for `connect_timeout` seconds at the start.

    Handlers are plain functions, which run in threads, or coroutine functions, which run in the
    pool's loop. Use it as `with pool:` (a loop in a thread), `async with pool:` (the running loop),
    or `pool.run()` (until SIGTERM or SIGINT). A plain function that does not end in time after a
    stop keeps its thread; its job is released. One that runs on after its timeout keeps its
    slot among the `workers` until it ends.
    """

    def __init__(
        self,
        queue: Queue | AsyncQueue | WorkerFactory,
        queues: str | Iterable[str] | Mapping[str, int | None] | None = None,
        *,
        workers: int = 10,
        jobs: Iterable[JobType[Any, Any]] = (),
        services: object = None,
        schedules: Iterable[Schedule] = (),
        grace: float = GRACE,
        connect_timeout: float = CONNECT_TIMEOUT,
        on_failed: OnFailed | None = None,
        around: Iterable[AroundHook] = (),
        tracer_provider: "TracerProvider | None" = None,
        keep_completed: timedelta | None = None,
        keep_failed: timedelta | None = None,
    ) -> None:
        expected = "a Queue, an AsyncQueue or a Broker"
        check_type(queue, "queue", (Queue, AsyncQueue, WorkerFactory), expected)
        check_count(workers, "workers")
        check_seconds(grace, "grace")
        check_seconds(connect_timeout, "connect_timeout")
        check_callable(on_failed, "on_failed")
        self.job_types = jobs = each(jobs, "jobs", JobType, "a JobType of a generated package")
        self.handlers = HandlerRegistry()
        self.handlers.register_job_types(jobs)
        self.metrics = Metrics()
        self.queues = queues_of(queues, jobs)
        self.workers = workers
        self.services = services
        self.schedules = each(schedules, "schedules", Schedule, "a Schedule")
        self.grace = grace
        self.connect_timeout = connect_timeout
        self._workers: WorkerFactory = (
            DirectWorkers(queue) if isinstance(queue, Queue | AsyncQueue) else queue
        )
        self.recorder = Recorder()
        self.failure_hook = on_failed
        self.hooks = AroundHooks(listed(around, "around"))
        self.tracer_provider = tracer_provider
        check_age(keep_completed, "keep_completed")
        check_age(keep_failed, "keep_failed")
        self.retention = Retention(keep_completed, keep_failed)
        if self.dsn is None and (self.schedules or not self.retention.is_empty):
            raise QueueError(
                "a pool with a broker does not know the database of its queue: add schedules with "
                "CronScheduler.add, and set keep_completed and keep_failed with `conduit-jobs "
                "queues keep`, where the database is"
            )
        self._exits = AsyncExitStack()
        self._worker: PoolWorker | None = None
        self._thread: LoopThread | None = None
        self._end_run: Callable[[], object] | None = None
        self._monitor: LoopMonitor | None = None
        self._is_stopping = False

    @property
    def dsn(self) -> str | None:
        """The DSN of the queue; None for a pool that does not know its database."""
        return self._workers.dsn

    @property
    def schema(self) -> str | None:
        """The schema of our tables, None while it is not known."""
        return self._workers.schema

    def health(self) -> PoolHealth:
        """Whether the pool lives and is ready, at this moment; from any thread, at no cost."""
        worker, monitor = self._worker, self._monitor
        return PoolHealth(
            is_started=worker is not None,
            is_stopping=self._is_stopping,
            blocked=0.0 if monitor is None else monitor.blocked,
            heartbeat_age=None if worker is None else worker.heartbeat_age,
            hub="broker" if self.dsn is None else "database",
        )

    def handler(self, type: str, **options: Unpack[HandlerOptions]) -> Callable[[F], F]:
        """Decorator: have `function(context, payload)` run the jobs of a type, as `register`."""
        return self.handlers.handler(type, **options)

    def register(
        self, type: str, function: Callable[[Any, Any], Any], **options: Unpack[HandlerOptions]
    ) -> None:
        """Have `function(context, payload)` run the jobs of a type; also while the pool runs.

        `timeout` bounds an attempt, `backoff` and `base` say when one that failed is made again;
        with `keep_result`, what it returns is kept for that long, for `queue.get(id).result`.
        `concurrency`, `rate_limit` and `per` limit the type over all workers. `retry_on` and
        `discard_on` say after which errors an attempt is made again.
        """
        self.handlers.register(type, function, **options)

    def batch_handler(
        self,
        type: str,
        *,
        size: int,
        wait: float | timedelta = WAIT,
        **options: Unpack[HandlerOptions],
    ) -> Callable[[F], F]:
        """Decorator: have `function(context, jobs)` run up to `size` jobs of a type in one call.

        A job waits at most `wait` (seconds or a timedelta) for others; the batch then takes one
        slot. `jobs` is a list of BatchJob, each with its `payload`. The function returns None when
        all jobs are done, or a list with a result or an exception for each job; `context.fail(job,
        error)` makes one of them fail. When it raises, each job of the batch has failed. A job that
        was rescued from a worker that died runs alone. The options are those of `register`.
        """
        return self.handlers.batch_handler(type, size=size, wait=wait, **options)

    def on_failed(self, function: Hook) -> Hook:
        """Decorator: have `function(failed_job)` called for each job that ends failed here.

        That is: attempts used up, `Discard`, a worker that the job killed once too often; never for
        a retry, or for an unreadable job, which waits. Called once the outcome is committed, at
        most once, beside the worker's other work and for several jobs at a time; a plain function
        runs in a thread. What it raises is logged. A crash between the commit and the call loses
        the call, not the job: `queue.list(status="failed")` is the record.
        """
        check_type(function, "function", Callable, "a function")  # type: ignore[arg-type]
        self.failure_hook = function
        return function

    def around(self, function: Wrapper) -> Wrapper:
        """Decorator: have a generator function of the job's context run around each job.

        What comes before its one `yield` runs before the handler, what comes after it when the
        handler has returned; what the handler raises is raised at the `yield`. A coroutine
        handler's hooks run on the loop, where a plain one must not block. Of a plain handler, a
        plain hook runs in the handler's thread, an `async` one on the loop, around those. Hooks
        nest in the order of registration, the first outermost. A hook that raises ends the attempt
        with that exception; one that swallows an exception does not change the outcome. Raises
        QueueError while the pool runs, TypeError for a function that does not yield.
        """
        if self._worker is not None:
            raise QueueError("the pool is running: add hooks around jobs before it starts")
        self.hooks.add(function)
        return function

    def start(self) -> None:
        """Start working in a thread of its own; returns when the pool is ready."""
        if self._thread is not None or self._worker is not None:
            raise QueueError("the pool is running already")
        self._thread = LoopThread(self._new_loop())
        try:
            self._thread.call(self.__aenter__())
        except BaseException:
            self._end_thread()
            raise

    def stop(self, grace: float | None = None) -> None:
        """Stop what `start` started: running jobs get `grace` seconds, the rest is released.

        Ends a `run` in another thread as well, without waiting for it.
        """
        if grace is not None:
            check_seconds(grace, "grace")
        if (end_run := self._end_run) is not None:
            if grace is not None:
                self.grace = grace
            end_run()
        elif self._thread is not None:
            try:
                self._thread.call(self._stop(self.grace if grace is None else grace))
            finally:
                self._end_thread()

    def _end_thread(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.end()

    def run(
        self,
        *,
        drain: bool = False,
        on_ready: Callable[[], object] | None = None,
        on_stopping: Callable[[], object] | None = None,
    ) -> None:
        """Work until SIGTERM or SIGINT, or until nothing is due when draining.

        The first signal stops gently, as `stop` does; a second one ends the process at once.
        `on_ready` is called, in the loop, once the pool works, `on_stopping` when it begins to end.
        Raises RuntimeError inside a running loop: use `async with pool` there. Raises WorkerStuck
        when no job could start for a minute, since plain functions held all slots after their
        attempts were stopped: end the process then, by `os._exit`, as their threads do not.
        """
        if is_in_loop():
            raise RuntimeError("a loop is running here: use `async with pool:` instead of run()")
        # Not asyncio.run: it waits for threads, and a handler may never end.
        loop = self._new_loop()
        try:
            loop.run_until_complete(self._run(drain, on_ready, on_stopping))
        finally:
            loop.run_until_complete(cancel_rest())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        """A loop in whose threads plain services run, one for each job at once."""
        loop = asyncio.new_event_loop()
        threads = ThreadPoolExecutor(self.workers, thread_name_prefix="conduit-service")
        loop.set_default_executor(threads)
        return loop

    async def _run(
        self,
        drain: bool,
        on_ready: Callable[[], object] | None,
        on_stopping: Callable[[], object] | None,
    ) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        with stopped_by_signals(stopping):
            self._end_run = lambda: loop.call_soon_threadsafe(stopping.set)
            try:
                if not await unless(stopping, self._reach()):
                    return
                await self._start(drain)
                if on_ready is not None:
                    on_ready()
                with rare_collections():
                    assert self._worker is not None
                    await unless(stopping, self._worker.run())
            finally:
                self._end_run = None
                if on_stopping is not None:
                    on_stopping()
                await self._stop(self.grace)

    async def _reach(self) -> None:
        await self._workers.reach(self.connect_timeout)

    async def _start(self, drain: bool) -> None:
        if self._worker is not None:
            raise QueueError("the pool is running already")
        async with AsyncExitStack() as exits:
            self._is_stopping = False
            self._monitor = monitor = LoopMonitor()
            monitor.start()
            exits.callback(monitor.end)
            services = await exits.enter_async_context(entered(self.services, self.job_types))
            enable_loggers()  # the application may have configured logging, as Django's setup does
            if self.schedules and self.dsn is not None:
                self._warn_of_types_without_code()
                await add_schedules(self.schedules, self.dsn, self.schema)
            worker = self._workers.new_worker(self, services, is_draining=drain)
            await worker.start()
            self._worker = worker
            self._exits = exits.pop_all()

    def _warn_of_types_without_code(self) -> None:
        for schedule in self.schedules:
            if schedule.type not in self.handlers:
                _log.warning(
                    "the schedule %s enqueues jobs of %s, and no code of this worker has that type",
                    *(schedule.name, schedule.type),
                )

    async def _stop(self, grace: float) -> None:
        worker = self._worker
        self._is_stopping = True
        try:
            if worker is not None:
                await worker.stop(grace)
        finally:
            self._worker = None
            await self._exits.aclose()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    async def wait(self) -> None:
        """Wait, in the loop of `async with pool`, until the pool stops.

        Raises what ended it, such as WorkerStuck, when it cannot go on: then leave `async with`.
        """
        if self._worker is not None:
            await self._worker.run()

    async def __aenter__(self) -> Self:
        await self._reach()
        await self._start(drain=False)
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._stop(self.grace)
