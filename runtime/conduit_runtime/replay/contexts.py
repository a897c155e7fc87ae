"""The contexts of a replayed job, whose steps call no function."""

import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..job_types.context import JobContext
from ..job_types.cursor import Cursor, Loop, PlainCursor
from ..job_types.plain_context import PlainContext
from ..job_types.steps import Result
from ..model.errors import PayloadError, StepsMismatch
from .steps import ReplaySteps

T = TypeVar("T")


class _Loop(Loop):
    """A loop that ends the replay where another attempt would do more than is stored."""

    _steps: ReplaySteps
    _has_begun = False

    async def begin_turn(self) -> None:
        if self._has_begun:
            raise self._steps.end_of(self._name, "a turn of which ends here")
        await super().begin_turn()

    def takes(self) -> bool:
        if not super().takes():
            return False
        self._has_begun = True
        if not self._steps.has_begun_turn(self._name):
            raise self._steps.end_of(self._name, f"whose turn {self._items} has not finished")
        return True


class ReplayContext(JobContext[Any]):
    """The context of a coroutine handler."""

    steps: ReplaySteps

    def resume(self, name: str, items: Iterable[T] | AsyncIterable[T], /) -> AsyncIterator[T]:
        loop = _Loop(self.steps, self._begin(name, sys._getframe(1), is_loop=True))
        return Cursor(loop, items, self.raise_if_cancelled)

    async def commits_at_end(self) -> None:
        """Do nothing: a replay commits nothing."""

    async def _run_step(
        self, name: str, function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]
    ) -> Any:
        result = Result.of(name, function)
        text = await self.steps.stored(name)
        try:
            return result.read(text)
        except PayloadError as error:
            raise self.steps.differ(name, str(error)) from None

    def kept(self, kind: Callable[..., T]) -> T:
        try:
            return super().kept(kind)
        except StepsMismatch as mismatch:
            raise self.steps.differ(self._step, str(mismatch)) from None


class PlainReplayContext(PlainContext[Any], ReplayContext):
    """The context of a plain handler."""

    def step(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        name = self._begin(name, sys._getframe(1))
        work = self._run_step(name, function, args, kwargs)
        return work if self._is_on_loop else self._await(work)

    def resume(self, name: str, items: Iterable[T], /) -> Iterator[T]:  # type: ignore[override]
        loop = _Loop(self.steps, self._begin(name, sys._getframe(1), is_loop=True))
        if self._is_on_loop:
            return Cursor(loop, items, self.raise_if_cancelled)  # type: ignore[return-value]
        return PlainCursor(loop, items, self.raise_if_cancelled, self._await)
