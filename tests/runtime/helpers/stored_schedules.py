"""Schedules as they are stored, their ticks, and a way to let time pass for them."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from conduit_runtime import CronScheduler, Schedule

HOUR = timedelta(hours=1)


def hourly(type: str = "report", **options: Any) -> Schedule:
    """Return a schedule that ticks every hour."""
    return Schedule.every(hours=1, type=type, **options)


def let_pass(sql: psycopg.Connection[Any], duration: timedelta, name: str = "report") -> None:
    """Move the times of a schedule back, as if `duration` had passed."""
    sql.execute(
        "UPDATE conduit_schedules "
        "SET next_run_at = next_run_at - %(duration)s, retry_at = retry_at - %(duration)s "
        "WHERE name = %(name)s",
        {"duration": duration, "name": name},
    )


def ticks(sql: psycopg.Connection[Any], type: str = "report") -> list[datetime]:
    """Return when the jobs of a type are due, in order."""
    rows = sql.execute("SELECT run_at FROM jobs WHERE type = %s ORDER BY run_at", (type,))
    return [row[0] for row in rows]


def stored(scheduler: CronScheduler, name: str = "report") -> Schedule:
    """Return the stored schedule; fails if there is none."""
    schedule = scheduler.get(name)
    assert schedule is not None
    return schedule


def due_at(scheduler: CronScheduler, name: str = "report") -> datetime:
    """Return the time of the stored schedule's next tick; fails if there is none."""
    at = stored(scheduler, name).next_run_at
    assert at is not None
    return at
