"""The threads in which plain functions run. A thread that outlives its attempt keeps its slot."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from ...model.text.logs import get_logger
from ...services.django_connections import call_plainly, release_threads

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
        """Keep the slot of a stopped attempt until its thread ends."""
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
