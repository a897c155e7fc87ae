"""Moves time in a test's database, by moving all stored times the other way.

The server's clock is the only clock of the queue, and a test cannot set it. So the kit subtracts a
duration from every stored time: a job that was due in an hour is due now. `offset` is how far a
test has moved so far. Schedules compute their ticks as if the clock had moved.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from ...postgres.statement import Rows, Statement, nothing
from ...postgres.steps import Steps, run_steps_async
from ...statements.schedules import clock
from .database_interface import Database

T = TypeVar("T")

_SLACK = timedelta(milliseconds=1)
"""Added to a wait, which is a rounded number of seconds."""


def duration_of(by: timedelta | None, units: dict[str, float]) -> timedelta:
    """The duration that a test gave. Raises TypeError without one, ValueError if it is negative."""
    if by is None:
        by = timedelta(**units)
    elif units or not isinstance(by, timedelta):
        raise TypeError("advance takes a timedelta, or its parts: advance(hours=1, minutes=30)")
    if by <= timedelta(0):
        raise ValueError(f"advance moves forward in time, not by {by}")
    return by


def move(by: timedelta) -> Statement[None]:
    """Move all stored times into the past."""
    return Statement("testing/advance", {"seconds": by.total_seconds()}, nothing)


def _behind() -> Statement[timedelta]:
    reading = "SELECT pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()"
    return Statement(reading, {}, lambda rows, count: rows[0][0])


def wait_of(seconds: float) -> timedelta:
    """The duration to move time by until jobs that are due in so many seconds are due."""
    return timedelta(seconds=max(0.0, seconds)) + _SLACK


class Clock:
    """How far a test has moved in time. All objects of the test share one."""

    def __init__(self) -> None:
        self.offset: timedelta = timedelta(0)
        self._caught_up = timedelta(0)

    async def advance(self, by: timedelta, database: Database) -> None:
        """Move time forward."""
        await database.run(move(by))
        self.offset += by

    async def catch_up(self, database: Database) -> None:
        """Move stored times by how far the clock is ahead of now(), which a transaction keeps."""
        behind = await database.run(_behind())
        if behind > self._caught_up:
            await self.advance(behind - self._caught_up, database)
        self._caught_up = behind

    async def run_steps(self, steps: Steps[T], database: Database) -> T:
        """Run an operation as if the server's clock had moved."""
        return await run_steps_async(steps, lambda each: database.run(shifted(each, self.offset)))

    async def time_to(
        self, moment: datetime | timedelta | None, database: Database
    ) -> timedelta | None:
        """The time from now to a moment, never negative; None without one."""
        if not isinstance(moment, datetime):
            return moment
        now = await database.run(clock())
        return max(timedelta(0), moment - now - self.offset)


def shifted(statement: Statement[T], offset: timedelta) -> Statement[T]:
    """The statement with times as the test sees them; stored times are earlier by the offset."""
    decode = statement.decode

    def read(rows: Rows, count: int) -> T:
        return decode([tuple(_moved(value, offset) for value in row) for row in rows], count)

    parameters = {name: _moved(value, -offset) for name, value in statement.parameters.items()}
    return replace(statement, parameters=parameters, decode=read)


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, list):
        return [_moved(each, by) for each in value]
    return value
