"""Runs the jobs of a test again and again, each time with a crash behind another step."""

from copy import copy
from typing import Any, NamedTuple

import psycopg

from ...postgres.async_execute import run_async
from ...postgres.steps import run_steps_async
from ..fake_services import MadeCalls
from .clock import Clock
from .effects import Effects, differences, effects_of, points_of, stored_jobs, stored_rows, varying
from .sources import Sources
from .start import Result, failure_of, run_jobs_async
from .until import Goal

Connection = psycopg.AsyncConnection[Any]


class Done(NamedTuple):
    """A run, and its effects."""

    result: Result
    effects: Effects


async def check_durable(
    place: str | Connection, schema: str | None, sources: Sources, clock: Clock, goal: Goal
) -> None:
    """Raise AssertionError if a crash behind a step of a due job repeats or changes an effect."""
    __tracebackhide__ = True
    if not isinstance(place, str):
        await _Durability(place, schema, sources, clock, goal).check()
        return
    async with await psycopg.AsyncConnection.connect(place) as connection:
        await _Durability(connection, schema, sources, clock, goal).check()


class _Durability:
    """Runs the due jobs within a transaction, and undoes each run."""

    def __init__(
        self,
        connection: Connection,
        schema: str | None,
        sources: Sources,
        clock: Clock,
        goal: Goal,
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._sources = sources
        self._clock = clock
        self._goal = goal

    async def check(self) -> None:
        __tracebackhide__ = True
        done = await self._run()
        records = done.result.records
        _check_undisturbed(done.result, self._sources)
        again = await self._run()
        ignored = varying(done.effects, again.effects)
        _fail("two undisturbed runs differ", differences(done.effects, again.effects, ignored))
        for point in points_of(records):
            crashed = await self._run(point.record)
            _fail(
                f"a crash behind the step {point.step!r} of {point.type}",
                differences(done.effects, crashed.effects, ignored),
            )

    async def _run(self, crash_after: int | None = None) -> Done:
        connection, clock = self._connection, copy(self._clock)
        calls = MadeCalls(self._sources.fakes)
        try:
            async with connection.transaction(force_rollback=True):
                before = await run_steps_async(stored_rows(), self._send)
                result = await run_jobs_async(
                    connection,
                    self._schema,
                    self._sources,
                    clock,
                    self._goal,
                    stops_at_failure=False,
                    crash_after=crash_after,
                )
                after = await run_steps_async(stored_rows(), self._send)
                jobs = await run_steps_async(stored_jobs(clock), self._send)
            effects = effects_of(calls, before, after, jobs, result.records, result.ran)
            return Done(result, effects)
        finally:
            calls.undo()

    async def _send(self, statement: Any) -> Any:
        return await run_async(self._connection, statement, self._schema)


def _check_undisturbed(result: Result, sources: Sources) -> None:
    """Raise what makes a run useless to compare with: a failure, or no step at all."""
    __tracebackhide__ = True
    if result.unmet is not None:
        raise AssertionError(result.unmet)
    for last in {each.id: each for each in result.ran}.values():
        if last.is_failure:
            raise failure_of(last)
    if not result.ran:
        raise AssertionError("assert_durable(): no job is due")
    kinds = {each.type for each in result.ran} if not result.records else set()
    if by_hand := sorted(kind for kind in kinds if not sources.handlers.get(kind).is_generated):
        raise AssertionError(f"assert_durable(): no step was finished by {', '.join(by_hand)}")


def _fail(what: str, lines: list[str]) -> None:
    __tracebackhide__ = True
    if lines:
        raise AssertionError("\n".join([f"assert_durable(): {what}", *lines]))
