"""The steps of a replayed job: today's code is compared with what is stored."""

import asyncio
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any, NamedTuple, cast

from ..job_types.kept import Reached, ended_with, read_turns
from ..job_types.steps import NOT_NEEDED, Connection, Steps, StepStore
from ..model.claimed import Claimed
from ..model.errors import StepsMismatch
from ..model.payload import decode

_PATIENCE = 5.0
"""Seconds that other tasks of a handler get to reach their steps."""


class Stored(NamedTuple):
    """What is stored of a step: its value as JSON, and when it began and ended, in seconds.

    If the job still waits for it, `waits` says for what.
    """

    name: str
    value: str
    began: float
    ended: float
    attempt: int = 1
    waits: str | None = None


class End(NamedTuple):
    """The effect at which a replay has ended, in words, and whether it is a step or a wait."""

    what: str
    is_step: bool = False


class Compared(NamedTuple):
    """A step that today's code has come to, or should have; `problem` says how it differs."""

    name: str
    attempt: int | None = None
    problem: str = ""


# Not Exceptions, so that the handler's own `except` lets them pass.
class ReplayEnd(BaseException):
    """The code has come to an effect that is not stored."""


class Difference(BaseException):
    """The code differs from what is stored, and cannot go on."""


class ReplaySteps(Steps):
    """Gives a handler what is stored of its steps, and notes how its code differs.

    With `stops`, each difference ends the replay. `end` is why the replay ended, if it has.
    """

    def __init__(self, job: Claimed, stored: Sequence[Stored], *, stops: bool) -> None:
        super().__init__(job, cast("StepStore", None))  # nothing is stored
        self._by_name = {each.name: each for each in stored}
        self._stops = stops
        # Tasks that ran before, such as those of a pool of connections, are not the handler's.
        self._held: set[asyncio.Task[Any] | None] = {*asyncio.all_tasks()}
        self.compared: list[Compared] = []
        self.end: End | None = None

    @property
    def missing(self) -> Iterator[Stored]:
        """The finished steps that the code has not come to."""
        for each in self._by_name.values():
            if each.name not in self._passed and not each.waits:
                yield each

    def end_at(self, what: str, *, is_step: bool = False) -> ReplayEnd:
        """The exception that ends the replay at an effect."""
        self.end = self.end or End(what, is_step)
        return ReplayEnd(what)

    def differ(self, name: str, problem: str) -> Difference:
        """The exception that ends the replay at a difference."""
        self.compared.append(Compared(name, None, problem))
        return Difference(f"{name}: {problem}")

    def end_of(self, name: str, state: str) -> BaseException:
        """The exception that ends the replay at a step or a loop that has not finished.

        It is a difference if what is stored goes on behind it.
        """
        if (missed := next(self.missing, None)) is None:
            return self.end_at(f"{name!r}, {state}", is_step=True)
        return self.differ(name, f"is not stored; {missed.name!r} is, and is not reached")

    def has_begun_turn(self, loop: str) -> bool:
        """Whether a step is stored of the turn that is under way."""
        return any(each.startswith(f"{loop}/") for each in self._by_name)

    async def stored(self, name: str) -> str:
        """What is stored of a step; the replay ends if that is nothing."""
        return (await self._take(name)).value

    async def next(self, name: str, until: str = "") -> str:
        """What is stored of the next step of a generated block."""
        if until in self._by_name and name in ended_with(self._by_name[until].value):
            return NOT_NEEDED
        return (await self._take(name)).value

    async def reached(self, loop: str) -> Reached:
        if loop not in self._by_name:  # in its first turn it has no record
            return Reached()
        try:
            return read_turns((await self._take(loop)).value)
        except StepsMismatch as mismatch:
            raise self.differ(loop, str(mismatch)) from None

    async def end_turn(
        self, loop: str, reached: Reached, elapsed: float, connection: Connection | None = None
    ) -> None:
        """Go on with the next turn: this one has come to no effect that is not stored."""
        self.check_all_passed()
        for name in [each for each in self._by_name if each.startswith(f"{loop}/")]:
            del self._by_name[name]

    def check_all_passed(self, within: str | None = None) -> None:
        for each in self.missing:
            if within is None or not each.name.startswith(within):
                raise self.differ(each.name, "is stored, and this code goes on without it")

    async def sleep(self, name: str, seconds: float) -> None:
        await self._take(name)

    async def wait(self, name: str, seconds: float) -> Any:
        return decode((await self._take(name)).value)

    async def store(
        self, name: str, value: str, elapsed: float, connection: Connection | None = None
    ) -> None:
        raise AssertionError("a replay runs no step")

    async def _take(self, name: str) -> Stored:
        found = self._by_name.get(name)
        if found is None or found.waits:
            await self._let_others_go_on()
            state = "which has not finished" if found is None else "for which the job still waits"
            raise self.end_of(name, state)
        if name in self._passed:
            return found
        self._passed.add(name)
        early = next((each for each in self.missing if each.ended <= found.began), None)
        if early is None:
            self.compared.append(Compared(name, found.attempt))
            return found
        difference = self.differ(name, f"comes before {early.name!r}, which is stored before it")
        if self._stops:
            raise difference
        return found

    async def _let_others_go_on(self) -> None:
        """Wait until all other tasks of the handler have ended or are here, too.

        Steps that ran at once may have ended in any order.
        """
        self._held.add(asyncio.current_task())
        until = monotonic() + _PATIENCE
        while (others := asyncio.all_tasks() - self._held) and monotonic() < until:
            await asyncio.wait(others, timeout=0.001)
