"""The times of a schedule's ticks: intervals, cron expressions, and missed ticks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from ..arguments import LONGEST, check_text, check_type
from ..errors import ScheduleError

Missed = Literal["skip", "once", "all"]
"""Which missed ticks run: none of them, one for all of them, or each."""

LATE = timedelta(seconds=60)
"""How late a tick may be before `skip` counts it as missed; the only worker may restart."""
BATCH = 500
"""The most missed ticks that are made up for at once."""

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Either an interval or a cron expression of five fields, read in a time zone.

    An interval is a real duration. A cron expression follows the wall clock, as Debian's cron does.
    If the clocks skip a fixed time in spring, it runs right after the gap; if they show it twice in
    autumn, it runs the first time. Expressions whose minute or hour begins with `*` follow real
    time.
    """

    interval: timedelta | None = None
    expression: str | None = None
    timezone: str = "UTC"

    def after(self, moment: datetime, last: datetime) -> datetime:
        """The first tick after `moment`, in UTC; intervals from `last`. Raises ScheduleError."""
        # Python compares and adds times of one zone by the wall clock, so this uses UTC.
        moment, last = moment.astimezone(UTC), last.astimezone(UTC)
        if self.interval is not None:
            return last + ((moment - last) // self.interval + 1) * self.interval
        return _cron_after(self.expression or "", _zone(self.timezone), moment)

    def check(self) -> None:
        """Raise ScheduleError if this has no ticks."""
        if (self.interval is None) == (self.expression is None):
            raise ScheduleError("a schedule has either an interval or a cron expression")
        if self.interval is not None:
            check_type(self.interval, "interval", timedelta, "a timedelta")
        check_text(self.expression, "expression")
        check_type(self.timezone, "timezone", str, "a name such as Europe/Berlin")
        if self.interval is not None and not timedelta(seconds=1) <= self.interval <= LONGEST:
            raise ScheduleError(f"the interval is {self.interval}: use a second or more")
        if self.interval is not None and self.interval.microseconds:
            raise ScheduleError(f"the interval is {self.interval}: use whole seconds")
        moment = datetime(2000, 1, 1, tzinfo=UTC)
        self.after(moment, moment)

    def __str__(self) -> str:
        if self.interval is None:
            return self.expression or ""
        return f"every {self.interval}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about a due schedule: the ticks that get a job each, and the next tick."""

    ticks: list[datetime]
    next: datetime


def plan(recurrence: Recurrence, missed: Missed, due: datetime, now: datetime) -> Plan:
    """What to do at `now` about a schedule whose next tick was `due`.

    The plan has at most `BATCH` ticks. If there are more, its next tick is one that has passed as
    well.
    """
    due, now = due.astimezone(UTC), now.astimezone(UTC)
    if missed == "all":
        ticks = [due]
        while (tick := recurrence.after(ticks[-1], ticks[-1])) <= now and len(ticks) < BATCH:
            ticks.append(tick)
        return Plan(ticks, tick)
    is_skipped = missed == "skip" and now - due > LATE
    return Plan([] if is_skipped else [due], recurrence.after(max(now, due), due))


def _cron_after(expression: str, zone: tzinfo, moment: datetime) -> datetime:
    simple = _NAMED.get(expression.strip().lower(), expression)
    if len(simple.split()) != 5:
        raise ScheduleError(
            f"the cron expression {expression!r} does not have the five fields minute, hour, day, "
            "month and weekday; for seconds, use Schedule.every(seconds=…)"
        )
    try:
        for tick in CronSim(simple, moment.astimezone(zone)):
            # In the hour that the clocks show twice, the first ticks may have passed.
            if tick > moment:
                return tick.astimezone(UTC)
    except CronSimError as error:
        reason = str(error).lower()
        raise ScheduleError(f"the cron expression {expression!r} has a {reason}") from None
    raise ScheduleError(f"the cron expression {expression!r} never matches a date")


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ScheduleError(
            f"there is no time zone {name!r} here: use a name such as Europe/Berlin (or install "
            "the package tzdata, if this machine has no time zones)"
        ) from None
