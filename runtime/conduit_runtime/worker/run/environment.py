"""What the attempts of a runner have in common, such as the threads of plain functions."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from ...model.claimed import Claimed
from ...model.text.logs import get_logger
from ...services.django_connections import (
    call_plainly,
    release_threads,
    renewed_in_loop,
    uses_django,
)
from ..interfaces import OutcomeSink, RunnerHost
from .around import AroundHooks
from .execution import check_start
from .handler import Handler
from .handlers import HandlerRegistry
from .outcomes import Outcomes

if TYPE_CHECKING:
    from ...telemetry.spans import JobTracer


_log = get_logger("conduit.worker")


class JobThreads:
    """As many threads as a worker has slots.

    A plain function cannot be ended from outside. When its attempt is stopped, its thread goes on
    and keeps its slot until it ends, so no job waits for a thread. `on_free` is called when such a
    thread has ended. The threads are those of `pool`, if it is given.
    """

    def __init__(
        self, slots: int, on_free: Callable[[], None], pool: ThreadPoolExecutor | None = None
    ) -> None:
        self._slots = slots
        self._on_free = on_free
        self._pool = pool or ThreadPoolExecutor(slots, thread_name_prefix="conduit-job")
        self._loop = asyncio.get_running_loop()
        self._lingering = 0

    @property
    def usable(self) -> int:
        """The slots that no thread of a stopped attempt keeps."""
        return self._slots - self._lingering

    async def call(self, function: Callable[[Any, Any], Any], context: object, payload: Any) -> Any:
        """Call `function(context, payload)` in a thread; an awaitable result is awaited here."""
        run = copy_context().run
        thread = self._pool.submit(run, call_plainly, function, context, payload)
        try:
            result = await asyncio.wrap_future(thread)
        finally:
            if thread.running():
                self.linger(thread)
        return await result if inspect.isawaitable(result) else result

    def linger(self, thread: "Future[Any]") -> None:
        self._lingering += 1
        thread.add_done_callback(self._let_go)
        if self.usable == 0:
            _log.warning(
                "plain functions of %d stopped attempts still run: no job starts until one ends",
                self._lingering,
            )

    def close(self) -> None:
        """Release the threads; those that still run end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        release_threads()

    def _let_go(self, thread: "Future[Any]") -> None:
        with contextlib.suppress(RuntimeError):  # the worker has ended, and its loop with it
            self._loop.call_soon_threadsafe(self._regain)

    def _regain(self) -> None:
        self._lingering -= 1
        self._on_free()


Work = Coroutine[Any, Any, Any]
WhyStopped = Callable[[], BaseException | None]


class Environment:
    """The worker, the handlers, the hooks around them, and the sink of their outcomes.

    `suspects` is held while a job that may have killed its worker runs.
    """

    def __init__(
        self,
        host: RunnerHost,
        registry: HandlerRegistry,
        sink: OutcomeSink,
        threads: JobThreads,
        hooks: AroundHooks | None,
        tracer: "JobTracer | None",
    ) -> None:
        self.host = host
        self.services = host.services.for_jobs(host.linger)
        self.registry = registry
        self.sink = sink
        self.outcomes = Outcomes(registry, sink, host)
        self.threads = threads
        self.hooks = (AroundHooks() if hooks is None else hooks) or None
        self.tracer = tracer
        self.suspects = asyncio.Lock()
        self._uses_django = False
        self.is_bare = False

    def look_for_django(self) -> None:
        """Check whether Django is loaded by now; `is_bare` if nothing runs around coroutines."""
        self._uses_django = uses_django()
        self.is_bare = not (self.hooks or self._uses_django)

    def services_of(self, handler: Handler) -> object:
        """The services as a handler gets them."""
        return self.services if handler.is_generated else self.host.services.services

    def work(
        self,
        handler: Handler,
        function: Callable[[Any, Any], Any],
        context: object,
        given: object,
        jobs: Sequence[Claimed],
    ) -> Work:
        """The call of a handler's function for these jobs, with hooks and Django's connections.

        Awaiting it raises TooLate if the claims of the jobs are not fresh any more.
        """
        hooks = self.hooks
        if handler.is_async:
            work: Work = function(context, given)
            if hooks:
                work = hooks.around_coroutine(context, work)
            return renewed_in_loop(work, partial(check_start, jobs)) if self._uses_django else work
        if not hooks:
            return self.threads.call(function, context, given)
        work = self.threads.call(hooks.in_thread(function), context, given)
        return hooks.around_thread(context, work)
