"""The operations on schedules, as statements without IO."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

from ..model.arguments import check_text, check_type
from ..model.errors import ScheduleError
from ..model.job import Job, new_id
from ..model.payload import check_name, decode
from ..model.schedules.recurrence import Missed, Plan, Recurrence
from ..model.schedules.schedule import Schedule
from ..postgres.statement import Rows, Statement, nothing, touched
from ..trace_context.headers import headers_fragments, headers_parameter
from .job_rows import COLUMNS as JOB_COLUMNS
from .job_rows import read_job
from .jobs import new_job

_OF_THE_JOB = ("queue", "type", "payload", "priority", "max_attempts", "timeout")
_NAMES = (
    *_OF_THE_JOB,
    *("name", "every", "cron", "timezone", "missed", "enabled", "next_run_at", "failures"),
    *("error", "last_run_at", "last_job_id"),
)
_INSERTING = {"of_the_job": ", ".join(_OF_THE_JOB)}
COLUMNS = ", ".join(_NAMES).replace("payload", "payload::text")
# Columns that do not affect the ticks are not read for due schedules, so that they cannot fail.
_DUE = ", ".join(_NAMES[:-3]).replace("payload", "'null'") + ", NULL, NULL, NULL"
_FURTHEST_RETRY = 300.0

Stored = tuple[Schedule, datetime]
"""A stored schedule and the server's time when it was read."""


def read(name: str | None) -> Statement[list[Stored]]:
    """Read the schedule of this name, or all in the order of their names."""
    check_text(name, "id")
    return Statement("schedule/schedules", {"name": name}, _stored, {"columns": COLUMNS})


def clock() -> Statement[datetime]:
    """The time on the server's clock."""
    return Statement("SELECT pg_catalog.clock_timestamp()", {}, lambda rows, count: rows[0][0])


def due() -> Statement[list[Stored]]:
    """Read the enabled schedules that are due."""
    return Statement("schedule/due", {}, _stored, {"columns": _DUE})


def put(schedule: Schedule, now: datetime) -> Statement[Schedule]:
    """Store a schedule, or change the one that has its name.

    Raises PayloadError and ScheduleError, before any SQL, for a schedule that could never enqueue.
    """
    check_type(schedule, "schedule", Schedule, "a Schedule")
    check_name(schedule.name, "name of the schedule")
    check_type(schedule.enabled, "enabled", bool, "True or False")
    schedule.timing.check()
    if schedule.missed not in get_args(Missed):
        raise ScheduleError(f"missed is {schedule.missed!r}: use {', '.join(get_args(Missed))}")
    job = new_job(schedule.job)
    parameters = {
        **{name: getattr(job, name) for name in _OF_THE_JOB},
        **_timing(schedule.timing),
        "name": schedule.name,
        "missed": schedule.missed,
        "enabled": schedule.enabled,
        "next": schedule.timing.after(now, now),
    }
    columns = {"columns": COLUMNS}
    return Statement("schedule/put", parameters, lambda rows, count: _read(rows[0])[0], columns)


def tick(schedule: Schedule, plan: Plan, trace: Mapping[str, str] | None = None) -> Statement[bool]:
    """Enqueue the jobs of a due schedule and set its next tick; False if another worker did.

    The jobs belong to this trace, or else to the present one.
    """
    parameters: dict[str, Any] = {
        **_timing(schedule.timing),
        "name": schedule.name,
        "tick": schedule.next_run_at,
        "next": plan.next,
        "ticks": plan.ticks,
        "ids": [new_id() for _ in plan.ticks],
        "count": len(plan.ticks),
    }
    parameters |= headers_parameter(trace)
    fragments = {**_INSERTING, **headers_fragments(parameters)}
    return Statement("schedule/tick", parameters, touched, fragments)


def failed(schedule: Schedule, error: str) -> Statement[None]:
    """Note why a tick could not be enqueued; it is retried after 1, 2, 4 … 300 seconds."""
    parameters = {
        "name": schedule.name,
        "tick": schedule.next_run_at,
        "failures": schedule.failures,
        "error": error,
        "delay": min(2.0 ** min(schedule.failures, 10), _FURTHEST_RETRY),
    }
    return Statement("schedule/failed", parameters, nothing)


def enable(schedule: Schedule, now: datetime) -> Statement[bool]:
    """Enable a stored schedule; its next tick is the first."""
    next_tick = schedule.timing.after(now, schedule.next_run_at or now)
    parameters = {"name": schedule.name, "next": next_tick}
    return Statement("schedule/enable", parameters, touched)


def disable(name: str) -> Statement[bool]:
    """Disable a schedule; returns False if there is none."""
    check_type(name, "id", str, "the name of a schedule")
    disabling = "UPDATE {conduit_schedules} SET enabled = false WHERE name = %(name)s"
    return Statement(disabling, {"name": name}, touched)


def remove(name: str) -> Statement[bool]:
    """Delete a schedule, but not its jobs; returns False if there is none."""
    check_type(name, "id", str, "the name of a schedule")
    deleting = "DELETE FROM {conduit_schedules} WHERE name = %(name)s"
    return Statement(deleting, {"name": name}, touched)


def run(name: str) -> Statement[Job | None]:
    """Enqueue a job of the schedule now, apart from its ticks; None if there is no schedule."""
    check_type(name, "id", str, "the name of a schedule")
    parameters = {"name": name, **headers_parameter()}
    return Statement(
        "schedule/run",
        parameters,
        lambda rows, count: read_job(rows[0]) if rows else None,
        {"columns": JOB_COLUMNS, **_INSERTING, **headers_fragments(parameters)},
    )


def _timing(timing: Recurrence) -> dict[str, Any]:
    interval = timing.interval
    return {
        "every": None if interval is None else int(interval.total_seconds()),
        "cron": timing.expression,
        "timezone": timing.timezone,
    }


def _stored(rows: Rows, count: int) -> list[Stored]:
    return [_read(row) for row in rows]


def _read(row: Sequence[Any]) -> Stored:
    *columns, now = row
    values = dict(zip(_NAMES, columns, strict=True))
    every, cron, timezone = (values.pop(name) for name in ("every", "cron", "timezone"))
    interval = None if every is None else timedelta(seconds=every)
    values["payload"] = decode(values["payload"])
    return Schedule(timing=Recurrence(interval, cron, timezone), **values), now
