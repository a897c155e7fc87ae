"""What a worker does from time to time: in a task of its own, or beside other work."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Generic, NoReturn, ParamSpec

P = ParamSpec("P")


async def every(seconds: float, step: Callable[[], Awaitable[object]]) -> NoReturn:
    """Await a step again and again, so many seconds after the end of the last one."""
    while True:
        await asyncio.sleep(seconds)
        await step()


class Every(Generic[P]):
    """Calls a step whenever that is due, for a thread that does other work too.

    A step is due at once, and then `seconds` after the beginning of the last one, or later if it
    takes more than a `share` of the time.
    """

    def __init__(
        self, seconds: float, step: Callable[P, object], *, share: float = math.inf
    ) -> None:
        self._seconds = seconds
        self._step = step
        self._share = share
        self._next = -math.inf

    def soon(self, seconds: float) -> None:
        """Let the next step be due within so many seconds."""
        self._next = min(self._next, time.monotonic() + seconds)

    def if_due(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call the step if it is due. If it raises, it is due again after the usual time."""
        began = time.monotonic()
        if began < self._next:
            return
        self._next = began + self._seconds
        self._step(*args, **kwargs)
        ended = time.monotonic()
        self._next = max(self._next, ended + (ended - began) / self._share)
