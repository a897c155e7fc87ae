"""Worker pools: the handlers and workers of an application."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from ..client.async_queue import AsyncQueue
from ..client.queue import Queue
from ..job_types.job_type import JobType
from ..model.arguments import check_type
from ..model.attempts.failed_job import FailedJob
from ..model.errors import QueueError
from ..model.schedules.schedule import Schedule
from .arrival import CONNECT_TIMEOUT
from .direct import DirectWorkers
from .health.pool_health import PoolHealth
from .lifecycle import Lifecycle
from .pool_settings import PoolSettings, check_seconds
from .run.around import AroundHook
from .run.failures import OnFailed
from .run.handler import WAIT, HandlerOptions
from .worker_factory import WorkerFactory

if TYPE_CHECKING:
    from ..telemetry.tracing import TracerProvider

F = TypeVar("F", bound=Callable[..., Any])
Hook = TypeVar("Hook", bound=Callable[[FailedJob], object])
Wrapper = TypeVar("Wrapper", bound=AroundHook)

GRACE = 30.0
"""Seconds that running jobs get to end before the worker releases them."""


class WorkerPool(PoolSettings):
    """Runs the jobs of one or more queues, at most `workers` at once.

    `queues` is a name, several names, or a mapping of names to the most jobs of that queue at once
    (None: no limit of its own); without it, the queues of `jobs` are served, or "default".
    `services` is what the jobs call: an object, a callable without arguments or a context manager.
    The pool stores `schedules` at each start, as `CronScheduler.add` does. `on_failed` is called
    for each job that ends failed, `around` are hooks around each job: see the decorators of these
    names. `tracer_provider` gets a span of each attempt; by default it is the process's provider,
    if the process has set one up.
    With `keep_completed` and `keep_failed`, one worker at a time deletes the jobs of these queues
    that long after they ended; cancelled jobs count as completed ones.
    At the start, the pool tries for `connect_timeout` seconds to reach the database.

    Handlers are plain functions, which run in threads, or coroutine functions, which run in the
    pool's loop. Use it as `with pool:` (a loop in a thread), `async with pool:` (the running loop),
    or `pool.run()` (until SIGTERM or SIGINT). A plain function that does not end in time after a
    stop keeps its thread; its job is released. A plain function that runs on after its timeout
    keeps its slot among the `workers` until it ends.
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
        super().__init__(
            queues,
            workers=workers,
            jobs=jobs,
            services=services,
            schedules=schedules,
            grace=grace,
            connect_timeout=connect_timeout,
            on_failed=on_failed,
            around=around,
            tracer_provider=tracer_provider,
            keep_completed=keep_completed,
            keep_failed=keep_failed,
        )
        self._workers: WorkerFactory = (
            DirectWorkers(queue) if isinstance(queue, Queue | AsyncQueue) else queue
        )
        if self.dsn is None and (self.schedules or not self.retention.is_empty):
            raise QueueError(
                "a pool with a broker has no database: on a host with one, add schedules with "
                "CronScheduler.add, and set keep_completed and keep_failed with `conduit-jobs "
                "queues retention`"
            )
        self._lifecycle = Lifecycle(self, self._workers)

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
        return self._lifecycle.health()

    def add_job_types(self, jobs: Sequence[JobType[Any, Any]]) -> None:
        """Run the jobs of these types as well, and serve their queues, before the pool starts.

        Raises QueueError if the pool has a handler of that name.
        """
        self.handlers.register_job_types(jobs)
        self.job_types = [*self.job_types, *jobs]
        for job_type in jobs:
            self._queues.setdefault(job_type.queue, None)

    def handler(self, type: str, **options: Unpack[HandlerOptions]) -> Callable[[F], F]:
        """Decorator: run the jobs of a type by `function(context, payload)`, as `register` does."""
        return self.handlers.handler(type, **options)

    def register(
        self, type: str, function: Callable[[Any, Any], Any], **options: Unpack[HandlerOptions]
    ) -> None:
        """Run the jobs of a type by `function(context, payload)`; also while the pool runs.

        The pool serves `queue` as well. `max_attempts` is for jobs that do not say how many they
        have. `timeout` bounds an attempt. `backoff`, `base` and `max_backoff` say when a failed
        attempt is made again. An annotation of `payload` with a dataclass, or a class of msgspec,
        attrs or pydantic, makes it an object of that class; a payload that does not fit it fails.
        With `keep_result`, the return value is kept for that long, as `queue.get(id).result`.
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
        """Decorator: run up to `size` jobs of a type by one call of `function(context, jobs)`.

        A job waits at most `wait` (seconds or a timedelta) for others; the batch then takes one
        slot. `jobs` is a list of BatchJob, each with its `payload`. The function returns None when
        all jobs are done, or a list with a result or an exception for each job; `context.fail(job,
        error)` makes one of them fail. If it raises, each job of the batch fails. A job that was
        rescued from a worker that died runs alone. The options are those of `register`.
        """
        return self.handlers.batch_handler(type, size=size, wait=wait, **options)

    def on_failed(self, function: Hook) -> Hook:
        """Decorator: call `function(failed_job)` for each job that ends failed here.

        A job ends failed if its attempts are used up, it raises `Discard`, or it killed a worker
        once too often. A retried job has not ended, and an unreadable job waits. The call comes
        after the commit of the outcome, at most once, beside the worker's other work and for
        several jobs at a time. A plain function runs in a thread. The pool logs what the function
        raises. A crash between the commit and the call loses the call, not the job:
        `queue.list(status="failed")` is the record.
        """
        check_type(function, "function", Callable, "a function")  # type: ignore[arg-type]
        self.failure_hook = function
        return function

    def around(self, function: Wrapper) -> Wrapper:
        """Decorator: run a generator function of the job's context around each job.

        Around a batch handler it runs once for the batch, with the BatchContext, which has no
        payload and no headers: its jobs have them.

        The code before its one `yield` runs before the handler, the code after it when the handler
        has returned. An exception of the handler is raised at the `yield`. The hooks of a coroutine
        handler run on the loop, where a plain hook must not block. For a plain handler, plain hooks
        run in the handler's thread, and `async` hooks on the loop, around the plain ones. Hooks
        nest in the order of registration, the first outermost. A hook that raises ends the attempt
        with that exception; a hook that swallows an exception does not change the outcome. Raises
        QueueError while the pool runs, TypeError for a function that does not yield.
        """
        if self._lifecycle.worker is not None:
            raise QueueError("the pool is running: add hooks around jobs before it starts")
        self.hooks.add(function)
        return function

    def start(self) -> None:
        """Start working in a thread of its own; returns when the pool is ready."""
        self._lifecycle.start_thread()

    def stop(self, grace: float | None = None) -> None:
        """Stop what `start` started: running jobs get `grace` seconds, the rest is released.

        Ends a `run` in another thread as well, without waiting for it.
        """
        if grace is not None:
            check_seconds(grace, "grace")
        self._lifecycle.end(grace)

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
        if plain functions of stopped attempts held all slots for a minute, so that no job could
        start. Then end the process by `os._exit`, since their threads do not end.
        """
        self._lifecycle.run(drain, on_ready, on_stopping)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    async def wait(self) -> None:
        """Wait, in the loop of `async with pool`, until the pool stops.

        Raises the error that ended it, such as WorkerStuck: then leave `async with`.
        """
        await self._lifecycle.wait()

    async def __aenter__(self) -> Self:
        await self._lifecycle.enter()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._lifecycle.exit(self.grace)
