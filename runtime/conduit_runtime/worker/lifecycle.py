"""How the worker of a pool starts and ends: in a thread, in a running loop, or by signals."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from ..model.errors import QueueError
from ..model.text.logs import enable_loggers, get_logger
from ..schedules.ticker import add_schedules
from ..services.loading import entered
from .health.loop_monitor import LoopMonitor
from .health.pool_health import PoolHealth
from .isolation.children import Children
from .loops import LoopThread, cancel_rest, is_in_loop, rare_collections, stopped_by_signals, unless
from .pool_settings import PoolSettings
from .worker_factory import PoolWorker, WorkerFactory

_log = get_logger("conduit.worker")


class Lifecycle:
    """Makes a worker by the pool's settings at the start, and ends it; one at a time."""

    def __init__(self, pool: PoolSettings, workers: WorkerFactory) -> None:
        self._pool = pool
        self._workers = workers
        self._exits = AsyncExitStack()
        self._thread: LoopThread | None = None
        self._end_run: Callable[[], object] | None = None
        self._monitor: LoopMonitor | None = None
        self._is_stopping = False
        self.worker: PoolWorker | None = None

    def health(self) -> PoolHealth:
        """Whether the pool lives and is ready, at this moment; from any thread."""
        worker, monitor = self.worker, self._monitor
        return PoolHealth(
            is_started=worker is not None,
            is_stopping=self._is_stopping,
            blocked=0.0 if monitor is None else monitor.blocked,
            heartbeat_age=None if worker is None else worker.heartbeat_age,
            hub="broker" if self._workers.dsn is None else "database",
        )

    def start_thread(self) -> None:
        """Begin to work in a thread of its own; returns when the worker is ready."""
        if self._thread is not None or self.worker is not None:
            raise QueueError("the pool is running already")
        self._thread = LoopThread(self._new_loop())
        try:
            self._thread.call(self.enter())
        except BaseException:
            self._end_thread()
            raise

    def end(self, grace: float | None) -> None:
        """End the work that `start_thread` began, or that `run` does in another thread.

        Running jobs get `grace` seconds; by default, as many as the pool gives them.
        """
        if (end_run := self._end_run) is not None:
            if grace is not None:
                self._pool.grace = grace
            end_run()
        elif self._thread is not None:
            try:
                self._thread.call(self.exit(self._pool.grace if grace is None else grace))
            finally:
                self._end_thread()

    def _end_thread(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.end()

    def run(
        self,
        drain: bool,
        on_ready: Callable[[], object] | None,
        on_stopping: Callable[[], object] | None,
    ) -> None:
        """Work until a signal, `end`, or the end of a drain, in a loop of its own."""
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
        """A loop with a thread for the plain services of each job that runs at once."""
        loop = asyncio.new_event_loop()
        threads = ThreadPoolExecutor(self._pool.workers, thread_name_prefix="conduit-service")
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
                    await unless(stopping, self.wait())
            finally:
                self._end_run = None
                if on_stopping is not None:
                    on_stopping()
                await self.exit(self._pool.grace)

    async def enter(self) -> None:
        """Begin to work in the running loop."""
        await self._reach()
        await self._start(drain=False)

    async def _reach(self) -> None:
        await self._workers.reach(self._pool.connect_timeout)

    async def _start(self, drain: bool) -> None:
        if self.worker is not None:
            raise QueueError("the pool is running already")
        pool = self._pool
        async with AsyncExitStack() as exits:
            self._is_stopping = False
            self._monitor = monitor = LoopMonitor()
            monitor.start()
            exits.callback(monitor.end)
            services = await exits.enter_async_context(entered(pool.services, pool.job_types))
            enable_loggers()  # the application may have configured logging, as Django's setup does
            if pool.schedules and self._workers.dsn is not None:
                self._warn_of_types_without_code()
                await add_schedules(pool.schedules, self._workers.dsn, self._workers.schema)
            factory = self._workers
            stores_within = factory.dsn is not None
            children = Children(pool, factory.job_dsn, factory.schema, stores_within=stores_within)
            exits.push_async_callback(children.close)
            await children.start()
            pool.children = children
            worker = factory.new_worker(pool, services, is_draining=drain)
            await worker.start()
            self.worker = worker
            self._exits = exits.pop_all()

    def _warn_of_types_without_code(self) -> None:
        for schedule in self._pool.schedules:
            if schedule.type not in self._pool.handlers:
                _log.warning(
                    "the schedule %s enqueues jobs of %s, and this worker has no code for them",
                    *(schedule.name, schedule.type),
                )

    async def wait(self) -> None:
        """Wait until the worker ends; raises the error that ended it, if it cannot go on."""
        if self.worker is not None:
            await self.worker.run()

    async def exit(self, grace: float) -> None:
        """End the work in this loop: running jobs get `grace` seconds."""
        worker = self.worker
        self._is_stopping = True
        try:
            if worker is not None:
                await worker.stop(grace)
        finally:
            self.worker = None
            await self._exits.aclose()
