"""Event loops for code that has none: in a thread, and ended by signals."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

_LAST_WORDS = 1.0
"""Seconds that tasks get to end before their loop ends."""
_RARELY = (25_000, 20, 50)
"""Thresholds of `gc`: new objects, or collections of a generation, until the next collection."""


def is_in_loop() -> bool:
    """Whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextlib.contextmanager
def stopped_by_signals(stopping: asyncio.Event) -> Iterator[None]:
    """Set the event at the first SIGTERM or SIGINT; end the process at the second.

    Python delivers signals to the main thread only; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    seen = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            # Other workers rescue the jobs held here within seconds.
            os._exit(128 + number)
        seen = True
        loop.call_soon_threadsafe(stopping.set)

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Make the garbage collector search for cycles less often, and never among present objects.

    For a process that only works on jobs: with Python's usual thresholds the collector walks the
    jobs of each batch several times, which costs a tenth of the time of short jobs.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def unless(stopping: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Do some work; returns whether it ended. If `stopping` is set first, the work is cancelled.

    Raises what the work raised.
    """
    working, waiting = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    await asyncio.wait({waiting, working}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not working.done():
        working.cancel()
        return False
    working.result()
    return True


async def cancel_rest() -> None:
    """Cancel the remaining tasks of a loop of our own, such as one that stores a last progress."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=_LAST_WORDS)


class LoopThread:
    """An event loop in a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.Thread(target=loop.run_forever, name="conduit-pool", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def end(self) -> None:
        """Cancel what is left, stop the loop and wait for the thread."""
        self.call(cancel_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()
