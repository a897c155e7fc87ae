"""The turns of a loop of a generated block."""

from collections.abc import AsyncIterator, Callable, Iterable
from time import monotonic
from typing import Generic, TypeVar

import msgspec

from ..model.claimed import Claimed
from .kept import Reached
from .steps import Steps, Writes

T = TypeVar("T")


class Turns(AsyncIterator[T], Generic[T]):
    """The items of a loop whose turns no attempt has finished; the next one ends the one before.

    `next_turn` forgets what belongs to a turn, and returns what the turn keeps, as JSON. `ending`
    gives the open transaction of the turn's last writes, for the record of its end. While a turn is
    under way, the job's calls of services have idempotency keys of this turn.
    """

    def __init__(
        self,
        job: Claimed,
        steps: Steps | None,
        loop: str,
        items: Iterable[T],
        next_turn: Callable[[], bytes],
        ending: Callable[[], Writes],
    ) -> None:
        self._job = job
        self._steps = steps
        self._loop = loop
        self._items = enumerate(items)
        self._next_turn = next_turn
        self._ending = ending
        self._outer = job.turn
        self._turn: int | None = None
        self._began = 0.0

    async def __anext__(self) -> T:
        job = self._job
        done = await self._done()
        job.turn = job.step = self._outer
        job.calls = None
        for number, item in self._items:
            if number >= done:
                if self._steps is not None:
                    self._steps.check_all_passed(within=f"{self._loop}/")
                self._turn, self._began = number, monotonic()
                own = f"{self._loop.rpartition('/')[2]}[{number}]"
                job.turn = job.step = f"{self._outer}/{own}" if self._outer else own
                return item
        raise StopAsyncIteration

    async def _done(self) -> int:
        """End the turn under way, if there is one; return how many are finished."""
        kept = self._next_turn()
        if self._turn is None:
            return 0 if self._steps is None else (await self._steps.reached(self._loop)).turns
        done = self._turn + 1
        if self._steps is not None:
            reached = Reached(done, msgspec.Raw(kept))
            async with self._ending() as connection:
                elapsed = monotonic() - self._began
                await self._steps.end_turn(self._loop, reached, elapsed, connection)
        return done
