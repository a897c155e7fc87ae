# Generated from async_durable.py by .ci/unasync.py; do not edit.
"""Runs the jobs of a test again and again, each time with a crash behind another step."""

from copy import copy
from typing import Any, NamedTuple

import psycopg

from ...postgres.execute import run
from ...postgres.steps import run_steps
from ..fake_services import MadeCalls
from .clock import Clock
from .effects import Effects, differences, effects_of, points_of, stored_jobs, stored_rows, varying
from .sources import Sources
from .start import Result, failure_of, run_jobs
from .until import Goal

Connection = psycopg.Connection[Any]


class Done(NamedTuple):
    result: Result
    effects: Effects


def check_durable(
    place: str | Connection, schema: str | None, sources: Sources, clock: Clock, goal: Goal
) -> None:
    __tracebackhide__ = True
    if not isinstance(place, str):
        _Durability(place, schema, sources, clock, goal).check()
        return
    with psycopg.Connection.connect(place) as connection:
        _Durability(connection, schema, sources, clock, goal).check()


class _Durability:
    def __init__(
        self, connection: Connection, schema: str | None, sources: Sources, clock: Clock, goal: Goal
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._sources = sources
        self._clock = clock
        self._goal = goal

    def check(self) -> None:
        __tracebackhide__ = True
        done = self._run()
        records = done.result.records
        _check_undisturbed(done.result, self._sources)
        again = self._run()
        ignored = varying(done.effects, again.effects)
        _fail("two undisturbed runs differ", differences(done.effects, again.effects, ignored))
        for point in points_of(records):
            crashed = self._run(point.record)
            _fail(
                f"a crash behind the step {point.step!r} of {point.type}",
                differences(done.effects, crashed.effects, ignored),
            )

    def _run(self, crash_after: int | None = None) -> Done:
        connection, clock = self._connection, copy(self._clock)
        calls = MadeCalls(self._sources.fakes)
        try:
            with connection.transaction(force_rollback=True):
                before = run_steps(stored_rows(), self._send)
                result = run_jobs(
                    connection,
                    self._schema,
                    self._sources,
                    clock,
                    self._goal,
                    stops_at_failure=False,
                    crash_after=crash_after,
                )
                after = run_steps(stored_rows(), self._send)
                jobs = run_steps(stored_jobs(clock), self._send)
            effects = effects_of(calls, before, after, jobs, result.records, result.ran)
            return Done(result, effects)
        finally:
            calls.undo()

    def _send(self, statement: Any) -> Any:
        return run(self._connection, statement, self._schema)


def _check_undisturbed(result: Result, sources: Sources) -> None:
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
