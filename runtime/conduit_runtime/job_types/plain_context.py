"""The context of a job whose handler is a plain function."""

import inspect
import sys
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, ParamSpec, TypeVar, overload

from typing_extensions import TypeVar as TypeVarWithDefault

from .context import JobContext
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
        self._begin(name, sys._getframe(1))
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


async def _awaited(value: Awaitable[T]) -> T:
    return await value
