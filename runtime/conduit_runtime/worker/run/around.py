"""Hooks around jobs: code that a pool runs before and after each job."""

import inspect
from collections.abc import Callable, Coroutine, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any, TypeAlias, TypeVar

from ...job_types.batch_context import BatchContext
from ...job_types.context import JobContext

T = TypeVar("T")

AroundHook: TypeAlias = Callable[[JobContext[Any] | BatchContext[Any]], Any]
"""A generator function of the job's context with one `yield`, plain or asynchronous.

Around a batch handler it gets the BatchContext, so it has to accept both.
"""


everywhere: list[Callable[[Any], AbstractAsyncContextManager[object]]] = []
"""Functions of a job's context that are called around the jobs of all pools, on the loop."""


class AroundHooks:
    """The hooks of a pool, the first of them outermost, inside those of all pools.

    The hooks of a coroutine handler run on the loop. For a plain handler, plain hooks run in the
    handler's thread, and asynchronous hooks on the loop, around the plain ones. A hook sees what
    the handler raises and may raise something else; it cannot make a failed job a completed one.
    """

    def __init__(self, hooks: Sequence[AroundHook] = ()) -> None:
        self._all: list[_Hook] = []
        self._plain: list[_Hook] = []
        self._async: list[_Hook] = []
        self.functions: list[AroundHook] = []
        """The hooks as they were given."""
        for hook in hooks:
            self.add(hook)

    def add(self, function: AroundHook) -> None:
        """Add a hook inside the others. Raises TypeError if it makes no context manager."""
        hook = _Hook(function)
        self._all.append(hook)
        self.functions.append(function)
        (self._async if hook.is_async else self._plain).append(hook)

    def __len__(self) -> int:
        return len(everywhere) + len(self._all)

    async def around_coroutine(self, context: Any, work: Coroutine[Any, Any, T]) -> T:
        """Do the work of a coroutine handler inside all hooks."""
        return await _inside(self._all, context, work)

    async def around_thread(self, context: Any, work: Coroutine[Any, Any, T]) -> T:
        """Do the work of a plain handler, which runs in a thread, inside the asynchronous hooks."""
        return await _inside(self._async, context, work)

    def in_thread(self, function: Callable[[Any, Any], T]) -> Callable[[Any, Any], T]:
        """A plain handler inside the plain hooks."""

        def call(context: Any, payload: Any) -> T:
            with ExitStack() as stack:
                for hook in self._plain:
                    stack.enter_context(_Outcome(hook.enter(context)))
                return function(context, payload)

        return call


class _Hook:
    def __init__(self, function: AroundHook) -> None:
        made_by = inspect.unwrap(function) if callable(function) else function
        self.is_async = inspect.isasyncgenfunction(made_by) or hasattr(made_by, "__aenter__")
        if inspect.isasyncgenfunction(function):
            self.enter: Callable[[Any], Any] = asynccontextmanager(function)
        elif inspect.isgeneratorfunction(function):
            self.enter = contextmanager(function)
        elif callable(function) and (
            self.is_async or inspect.isgeneratorfunction(made_by) or hasattr(made_by, "__enter__")
        ):
            self.enter = function
        else:
            raise TypeError(
                f"{function!r} is not a hook around jobs: use a function that takes the job's "
                "context, and is a generator with one `yield` or returns a context manager"
            )


async def _inside(hooks: Sequence[_Hook], context: Any, work: Coroutine[Any, Any, T]) -> T:
    try:
        async with AsyncExitStack() as stack:
            for enter in everywhere:
                await stack.enter_async_context(enter(context))
            for hook in hooks:
                outcome = _Outcome(hook.enter(context))
                if hook.is_async:
                    await stack.enter_async_context(outcome)
                else:
                    stack.enter_context(outcome)
            return await work
    finally:
        work.close()  # a hook may have raised before it


class _Outcome:
    """A context manager that swallows nothing: the hooks around it see the error, too."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def __enter__(self) -> None:
        self._manager.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._manager.__exit__(*raised)

    async def __aenter__(self) -> None:
        await self._manager.__aenter__()

    async def __aexit__(self, *raised: Any) -> None:
        await self._manager.__aexit__(*raised)
