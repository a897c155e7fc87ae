"""The items of a loop in a handler that is written by hand, behind those of finished turns."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from time import monotonic
from typing import Any, Generic, TypeVar

from ..model.errors import QueueError
from .kept import Reached
from .steps import Steps, in_turn

T = TypeVar("T")


class Loop:
    """How many turns of a loop are finished. In a turn, the names of steps begin with the loop's.

    A loop that ends early, by `break` or an exception, stays in the turn that was under way.
    """

    def __init__(self, steps: Steps, name: str) -> None:
        self._steps = steps
        self._name = name
        self._outer = in_turn.get()
        self._reached: int | None = None
        self._began: float | None = None
        self._items = 0

    def __del__(self) -> None:
        """Leave the loop: Python drops its iterator however it ends."""
        if in_turn.get().startswith(f"{self._name}/"):
            in_turn.set(self._outer)

    async def begin_turn(self) -> None:
        """End the turn under way, if there is one. Raises CancelledError if the job is lost."""
        if self._reached is None:
            self._reached = (await self._steps.reached(self._name)).turns
        elif self._began is not None:
            elapsed, self._began = monotonic() - self._began, None
            self._reached += 1
            await self._steps.end_turn(self._name, Reached(self._reached), elapsed)

    def takes(self) -> bool:
        """Whether the next item of the list is the one of the turn that begins."""
        assert self._reached is not None
        self._items += 1
        if self._items <= self._reached:
            return False
        in_turn.set(f"{self._name}/")
        self._began = monotonic()
        return True

    def end(self) -> None:
        """Note that there are no more items. Raises QueueError if there were more before."""
        assert self._reached is not None
        in_turn.set(self._outer)
        if self._items < self._reached:
            raise QueueError(
                f"the loop {self._name!r} has finished {self._reached} turns, and has only "
                f"{self._items} items now: give it a list that loses none, such as one that a step "
                "has returned"
            )


class Cursor(AsyncIterator[T], Generic[T]):
    """The items of a loop of a coroutine; taking the next one ends the turn before."""

    def __init__(
        self, loop: Loop, items: Iterable[T] | AsyncIterable[T], check: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._items = aiter(items) if isinstance(items, AsyncIterable) else iter(items)
        self._check = check

    async def __anext__(self) -> T:
        await self._loop.begin_turn()
        self._check()
        if isinstance(self._items, AsyncIterator):
            async for item in self._items:
                if self._loop.takes():
                    return item
        else:
            for item in self._items:
                if self._loop.takes():
                    return item
        self._loop.end()
        raise StopAsyncIteration


class PlainCursor(Iterator[T], Generic[T]):
    """A `Cursor` of a thread; `wait` waits there for what the worker's loop does."""

    def __init__(
        self,
        loop: Loop,
        items: Iterable[T],
        check: Callable[[], None],
        wait: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._loop = loop
        self._items = iter(items)
        self._check = check
        self._wait = wait

    def __next__(self) -> T:
        self._wait(self._loop.begin_turn())
        self._check()
        for item in self._items:
            if self._loop.takes():
                return item
        self._loop.end()
        raise StopIteration
