"""Makes workers that claim from the database of a queue themselves."""

from collections.abc import Callable

from ..client.async_queue import AsyncQueue
from ..client.queue import Queue
from ..services.protocols import Prepared
from ..telemetry.tracing import job_tracer
from .arrival import reach
from .interfaces import OutcomeSink
from .pool_settings import PoolSettings
from .run.runner import Runner
from .worker import Worker
from .worker_factory import WorkerFactory


class DirectWorkers(WorkerFactory):
    """Makes workers that open their own connections, by the DSN of a queue."""

    def __init__(self, queue: Queue | AsyncQueue) -> None:
        self.dsn: str | None = queue.dsn
        self._dsn = queue.dsn
        self.schema = queue.schema

    async def reach(self, seconds: float) -> None:
        """Wait at most `seconds` for the database, and find our tables in it."""
        self.schema = await reach(self._dsn, self.schema, seconds)

    def new_worker(self, pool: PoolSettings, services: Prepared, *, is_draining: bool) -> Worker:
        """A worker whose runner runs the handlers of a pool."""
        tracer = job_tracer(pool.tracer_provider)

        def new_runner(worker: Worker, sink: OutcomeSink, poll: Callable[[], bool]) -> Runner:
            return Runner(
                worker, pool.handlers, sink, pool.hooks, tracer, poll, children=pool.children
            )

        place = self._dsn, self.schema
        return Worker(pool, services, *place, new_runner, is_draining=is_draining)
