"""A stored schedule: the times of its ticks, and the job that each tick enqueues."""

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Self, TypedDict, Unpack
from uuid import UUID

from ..arguments import check_number, check_type, is_whole
from ..errors import ScheduleError
from ..job import Job, JobPriority
from .recurrence import Missed, Recurrence

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Options(TypedDict, total=False):
    """The options of every kind of schedule."""

    queue: str
    payload: Any
    priority: int
    max_attempts: int
    timeout: float | None
    name: str
    missed: Missed
    enabled: bool


@dataclass(slots=True)
class Schedule:
    """Enqueues a job at each of its ticks; made by `every`, `cron`, `daily` or `weekly`.

    Its `name` (default: its type) identifies it. `missed` decides about ticks that passed while no
    worker ran: `once` enqueues one job for all of them; `all` enqueues one for each; `skip`
    enqueues none if the first is more than a minute late. `next_run_at` and the fields after it are
    the state of a stored schedule. `error` is why its last enqueue failed.
    """

    type: str
    timing: Recurrence
    queue: str = "default"
    payload: Any = field(default_factory=dict)
    priority: int = JobPriority.NORMAL
    max_attempts: int = 3
    timeout: float | None = None
    name: str = ""
    missed: Missed = "once"
    enabled: bool = True
    next_run_at: datetime | None = None
    last_run_at: datetime | None = None
    last_job_id: UUID | None = None
    failures: int = 0
    error: str | None = None

    def __post_init__(self) -> None:
        self.name = self.name or self.type

    @classmethod
    def every(
        cls,
        *,
        weeks: float = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        type: str,
        **options: Unpack[Options],
    ) -> Self:
        """Return a schedule that ticks after each such duration, counted from when it was added.

        The duration is real time, in whole seconds. For a time of the day, use `daily`, which
        follows changes of the clocks.
        """
        parts = {"weeks": weeks, "days": days, "hours": hours, "minutes": minutes}
        parts["seconds"] = seconds
        for what, number in parts.items():
            check_number(number, what)
        try:
            interval = timedelta(**parts)
        except OverflowError:
            raise ScheduleError("the interval is longer than a schedule can be") from None
        return cls._checked(type, Recurrence(interval=interval), options)

    @classmethod
    def cron(
        cls, expression: str, *, timezone: str = "UTC", type: str, **options: Unpack[Options]
    ) -> Self:
        """Return a schedule of a cron expression: minute, hour, day of month, month, day of week.

        The expression may have names (`MON`, `JAN`), ranges, lists, steps, `L` and `5#2`, or be a
        word such as `@daily`. Raises ScheduleError for a bad expression or an unknown time zone.
        """
        return cls._checked(type, Recurrence(expression=expression, timezone=timezone), options)

    @classmethod
    def daily(
        cls, at: str | time, *, timezone: str = "UTC", type: str, **options: Unpack[Options]
    ) -> Self:
        """Return a schedule that ticks once a day, at a time such as "03:00"."""
        timing = Recurrence(expression=f"{_minute_and_hour(at)} * * *", timezone=timezone)
        return cls._checked(type, timing, options)

    @classmethod
    def weekly(
        cls,
        day: str | int,
        at: str | time,
        *,
        timezone: str = "UTC",
        type: str,
        **options: Unpack[Options],
    ) -> Self:
        """Return a schedule that ticks once a week; `day` is "monday" or so, or 1 (Monday) to 7."""
        timing = Recurrence(expression=f"{_minute_and_hour(at)} * * {_day(day)}", timezone=timezone)
        return cls._checked(type, timing, options)

    @classmethod
    def _checked(cls, type: str, timing: Recurrence, options: Options) -> Self:
        if unknown := options.keys() - Options.__optional_keys__:
            raise TypeError(f"a schedule has no option {', '.join(sorted(unknown))}")
        timing.check()
        return cls(type, timing, **options)

    @property
    def id(self) -> str:
        """The identity of the schedule: its name."""
        return self.name

    @property
    def job(self) -> Job:
        """The job that each tick enqueues, as a new object."""
        return Job(
            self.queue,
            self.type,
            self.payload,
            self.priority,
            self.max_attempts,
            timeout=self.timeout,
        )


def _minute_and_hour(at: str | time) -> str:
    if isinstance(at, time):
        if at.second or at.microsecond or at.tzinfo is not None:
            raise ScheduleError(f"at is {at}: use hours and minutes, and timezone= for the zone")
        return f"{at.minute} {at.hour}"
    check_type(at, "at", str, 'a time such as "03:00"')
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", at)
    if match is None:
        raise ScheduleError(f'at is {at!r}: use a time such as "03:00" or "17:30"')
    return f"{int(match[2])} {int(match[1])}"


def _day(day: str | int) -> int:
    if isinstance(day, str):
        matching = [name for name in _DAYS if name.startswith(day.lower())]
        if len(matching) == 1 and len(day) >= 2:
            return _DAYS.index(matching[0]) + 1
    elif is_whole(day) and 1 <= day <= 7:
        return day
    raise ScheduleError(f'day is {day!r}: use "monday" to "sunday", or 1 to 7')
