"""The context of a job whose handler is a plain function."""

import inspect
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from datetime import timedelta
from time import monotonic
from typing import Any, ParamSpec, TypeVar, overload

from typing_extensions import TypeVar as TypeVarWithDefault

from ..model.attempts.outcome import seconds_of
from .context import JobContext
from .cursor import Cursor, Loop, PlainCursor
from .steps import Result

A = ParamSpec("A")
S = TypeVarWithDefault("S", default=Any)
T = TypeVar("T")


class PlainContext(JobContext[S]):
    """The `JobContext` of a plain handler, whose thread waits for each step."""

    @overload  # type: ignore[override]
    def step(
        self, name: str, function: Callable[A, Awaitable[T]], /, *args: A.args, **kwargs: A.kwargs
    ) -> T: ...
    @overload
    def step(
        self, name: str, function: Callable[A, T], /, *args: A.args, **kwargs: A.kwargs
    ) -> T: ...
    def step(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """`JobContext.step`, which returns the result itself. The function runs in this thread.

        What a coroutine function does is run on the worker's loop. If the attempt was stopped or
        its job lost, CancelledError is raised here.
        """
        name = self._begin(name, sys._getframe(1))
        if self._is_on_loop:  # the handler returned a coroutine, which runs there
            return self._run_step(name, function, args, kwargs)
        self.raise_if_cancelled()
        result = Result.of(name, function)
        if (found := self._await(self._steps.stored(name))) is not None:
            return result.read(found)
        self.raise_if_cancelled()
        began = monotonic()
        value = function(*args, **kwargs)
        if inspect.isawaitable(value):
            value = self._await(_awaited(value))
        self._await(self._steps.store(name, result.write(value), monotonic() - began))
        return value

    def resume(self, name: str, items: Iterable[T], /) -> Iterator[T]:  # type: ignore[override]
        """`JobContext.resume`, without `async`: `for row in job.resume("rows", rows)`."""
        loop = Loop(self._steps, self._begin(name, sys._getframe(1), is_loop=True))
        if self._is_on_loop:
            return Cursor(loop, items, self.raise_if_cancelled)  # type: ignore[return-value]
        return PlainCursor(loop, items, self.raise_if_cancelled, self._await)

    def used(self, weight: int) -> None:  # type: ignore[override]
        """`JobContext.used`, without `await`: `job.used(answer.tokens)`."""
        return self._ended(super().used(weight))  # type: ignore[no-any-return]

    def sleep(  # type: ignore[override]
        self, duration: float | timedelta, name: str = "sleep"
    ) -> None:
        """`JobContext.sleep`, without `await`: `job.sleep(timedelta(days=3))`."""
        seconds = seconds_of(duration, "duration")
        name = self._begin(name, sys._getframe(1))
        return self._ended(self._steps.sleep(name, seconds))  # type: ignore[no-any-return]

    def wait(self, name: str, *, timeout: float | timedelta) -> Any:
        """`JobContext.wait`, which returns the value itself, or None after the `timeout`."""
        seconds = seconds_of(timeout, "timeout")
        self._begin(name, sys._getframe(1), is_signal=True)
        return self._ended(self._steps.wait(name, seconds))

    def _ended(self, work: Coroutine[Any, Any, Any]) -> Any:
        return work if self._is_on_loop else self._await(work)


async def _awaited(value: Awaitable[T]) -> T:
    return await value
