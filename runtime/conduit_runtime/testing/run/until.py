"""The goal at which a run of jobs ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ...job_types.job_type import JobType
from .ran import Run

Until = JobType[Any, Any] | str | datetime | timedelta | Callable[[Run], object] | None
MOST_WAITS = 1_000
"""How often a run moves time forward before it gives up."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What ends a run: an attempt for which `is_met` is true, or a moment.

    Without both, the run ends when nothing is due. `moment` is a time, or a duration from the
    start.
    """

    is_met: Callable[[Run], object] | None = None
    moment: datetime | timedelta | None = None
    text: str = ""

    @property
    def moves_time(self) -> bool:
        """Whether the run moves time forward to what is due later."""
        return self.is_met is not None or self.moment is not None


def goal_of(until: Until) -> Goal:
    """The goal that a test asked for. Raises TypeError or ValueError for an invalid one."""
    if until is None:
        return Goal()
    if isinstance(until, JobType):
        until = until.name
    if isinstance(until, str):
        name = until
        return Goal(lambda run: run.type == name and run.has_ended, text=f"a job of {name} ended")
    if isinstance(until, datetime) and until.tzinfo is None:
        raise ValueError(f"until is {until}, without a time zone: use an aware datetime")
    if isinstance(until, datetime | timedelta):
        return Goal(moment=until)
    if callable(until):
        return Goal(until, text=f"{getattr(until, '__name__', 'until')} was true of an attempt")
    raise TypeError(
        f"until is {until!r}: use a job type, a moment (datetime, timedelta) or a function of a Run"
    )
