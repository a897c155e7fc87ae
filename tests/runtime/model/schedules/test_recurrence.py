"""Times of ticks, without a database; the clock is an argument."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from conduit_runtime import Schedule, ScheduleError
from conduit_runtime.model.schedules.recurrence import BATCH, Missed, Recurrence, plan
from hypothesis import given
from hypothesis import strategies as st

HOURLY = Recurrence(interval=timedelta(hours=1))
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def ticks(schedule: Schedule, zone: str, first: str, count: int) -> list[str]:
    """Return the next ticks after a wall-clock time of a zone, as wall-clock times with offsets."""
    at = datetime.fromisoformat(first)
    moment = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(zone))
    found = []
    for _ in range(count):
        moment = schedule.timing.after(moment, moment)
        found.append(moment.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M %z"))
    return found


def at(schedule: Schedule) -> str | None:
    return schedule.timing.expression


def test_a_time_that_the_clocks_skip_runs_after_the_gap() -> None:
    berlin = Schedule.daily("02:30", timezone="Europe/Berlin", type="report")
    assert ticks(berlin, "Europe/Berlin", "2026-03-28T00:00", 3) == [
        "03-28 02:30 +0100",
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
    ]
    york = Schedule.daily("02:30", timezone="America/New_York", type="report")
    assert ticks(york, "America/New_York", "2026-03-07T00:00", 3) == [
        "03-07 02:30 -0500",
        "03-08 03:00 -0400",
        "03-09 02:30 -0400",
    ]


def test_a_time_that_the_clocks_show_twice_runs_once() -> None:
    berlin = Schedule.daily("02:30", timezone="Europe/Berlin", type="report")
    assert ticks(berlin, "Europe/Berlin", "2026-10-24T12:00", 2) == [
        "10-25 02:30 +0200",
        "10-26 02:30 +0100",
    ]
    # In the second pass of the hour, a time of the hour does not tick again.
    assert ticks(berlin, "Europe/Berlin", "2026-10-25T02:15+01:00", 1) == ["10-26 02:30 +0100"]
    york = Schedule.weekly("sunday", "01:30", timezone="America/New_York", type="report")
    assert ticks(york, "America/New_York", "2026-10-26T00:00", 2) == [
        "11-01 01:30 -0400",
        "11-08 01:30 -0500",
    ]


def test_hours_without_a_fixed_time_follow_real_time() -> None:
    hourly = Schedule.cron("15 * * * *", timezone="Europe/Berlin", type="sync")
    assert ticks(hourly, "Europe/Berlin", "2026-03-29T00:30", 3) == [
        "03-29 01:15 +0100",
        "03-29 03:15 +0200",
        "03-29 04:15 +0200",
    ]
    assert ticks(hourly, "Europe/Berlin", "2026-10-25T01:30", 3) == [
        "10-25 02:15 +0200",
        "10-25 02:15 +0100",
        "10-25 03:15 +0100",
    ]
    york = Schedule.cron("*/30 * * * *", timezone="America/New_York", type="sync")
    assert ticks(york, "America/New_York", "2026-11-01T00:45", 4) == [
        "11-01 01:00 -0400",
        "11-01 01:30 -0400",
        "11-01 01:00 -0500",
        "11-01 01:30 -0500",
    ]


def test_an_interval_is_real_time_whatever_zone_its_times_come_in() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    last = datetime(2026, 3, 28, 12, tzinfo=berlin)
    timing = Recurrence(interval=timedelta(days=1))
    assert timing.after(last, last) == datetime(2026, 3, 29, 13, tzinfo=berlin)
    assert timing.after(last + timedelta(hours=30), last) == datetime(2026, 3, 30, 11, tzinfo=UTC)


@given(
    expression=st.sampled_from(
        ["30 2 * * *", "*/7 * * * *", "0 */3 * * *", "15,45 1-3 * * *", "0 0 * * MON", "0 2 25 * *"]
    ),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    seconds=st.integers(0, 366 * 86_400),
    microsecond=st.sampled_from([0, 1, 999_999]),
)
def test_ticks_move_on_and_none_lies_between(
    expression: str, zone: str, seconds: int, microsecond: int
) -> None:
    timing = Recurrence(expression=expression, timezone=zone)
    moment = datetime(2026, 1, 1, 0, 0, 0, microsecond, tzinfo=UTC) + timedelta(seconds=seconds)
    tick = timing.after(moment, moment)
    assert moment < tick
    halfway = moment + (tick - moment) / 2
    assert timing.after(halfway, halfway) == tick
    assert timing.after(tick, tick) > tick


@pytest.mark.parametrize(
    ("missed", "late", "hours", "next_hour"),
    [
        ("once", timedelta(0), [0], 1),
        ("once", timedelta(hours=2.5), [0], 3),
        ("once", timedelta(hours=2), [0], 3),
        ("all", timedelta(0), [0], 1),
        ("all", timedelta(hours=2.5), [0, 1, 2], 3),
        ("skip", timedelta(seconds=59), [0], 1),
        ("skip", timedelta(hours=2.5), [], 3),
    ],
)
def test_missed_ticks(missed: Missed, late: timedelta, hours: list[int], next_hour: int) -> None:
    planned = plan(HOURLY, missed, NOON, NOON + late)
    assert planned.ticks == [NOON + timedelta(hours=hour) for hour in hours]
    assert planned.next == NOON + timedelta(hours=next_hour)


def test_many_missed_ticks_are_made_up_for_in_batches() -> None:
    planned = plan(HOURLY, "all", NOON, NOON + timedelta(days=365))
    assert len(planned.ticks) == BATCH
    assert planned.next == NOON + timedelta(hours=BATCH)


def test_one_tick_for_a_year_of_seconds_is_found_at_once() -> None:
    timing = Recurrence(interval=timedelta(seconds=1))
    now = NOON + timedelta(days=365, milliseconds=1)
    assert plan(timing, "once", NOON, now).next == NOON + timedelta(days=365, seconds=1)


def test_constructors() -> None:
    every = Schedule.every(hours=1, minutes=30, queue="low", type="cleanup", payload={"n": 1})
    assert every.timing == Recurrence(interval=timedelta(minutes=90))
    assert str(every.timing) == "every 1:30:00"
    assert (every.id, every.queue, every.job.payload) == ("cleanup", "low", {"n": 1})
    assert at(Schedule.daily("7:05", type="a")) == "5 7 * * *"
    assert at(Schedule.daily(time(23, 59), type="a")) == "59 23 * * *"
    assert at(Schedule.weekly("monday", "09:00", type="a")) == "0 9 * * 1"
    assert at(Schedule.weekly("Sun", time(9), type="a")) == "0 9 * * 7"
    assert at(Schedule.weekly(3, "09:00", type="a")) == "0 9 * * 3"
    assert str(Schedule.cron("@daily", type="a", name="nightly").timing) == "@daily"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schedule.every(type="a"), "use a second or more"),
        (lambda: Schedule.every(seconds=1.5, type="a"), "use whole seconds"),
        (lambda: Schedule.every(days=10**6, type="a"), "use a second or more"),
        (lambda: Schedule.cron("61 * * * *", type="a"), "has a bad minute"),
        (lambda: Schedule.cron("* * * * * *", type="a"), "does not have the five fields"),
        (lambda: Schedule.cron("", type="a"), "does not have the five fields"),
        (lambda: Schedule.cron("0 0 31 2 *", type="a"), "bad day-of-month"),
        (lambda: Schedule.cron("0 0 */30 2 MON#5", type="a"), "never matches a date"),
        (lambda: Schedule.cron("0 3 * * *", timezone="Mars/Base", type="a"), "no time zone"),
        (lambda: Schedule.cron("0 3 * * *", timezone="../etc/passwd", type="a"), "no time zone"),
        (lambda: Schedule.daily("24:00", type="a"), 'use a time such as "03:00"'),
        (lambda: Schedule.daily(time(3, 0, 1), type="a"), "use hours and minutes"),
        (lambda: Schedule.daily(time(3, tzinfo=UTC), type="a"), "timezone= for the zone"),
        (lambda: Schedule.weekly("day", "03:00", type="a"), 'use "monday"'),
        (lambda: Schedule.weekly("t", "03:00", type="a"), 'use "monday"'),
        (lambda: Schedule.weekly(0, "03:00", type="a"), "or 1 to 7"),
        (lambda: Recurrence().check(), "either an interval or a cron expression"),
    ],
)
def test_what_has_no_ticks_is_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ScheduleError, match=message):
        make()
