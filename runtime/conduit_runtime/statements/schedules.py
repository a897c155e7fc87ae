"""What is done with schedules: each operation as a statement, without IO."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

from ..model.arguments import check_text, check_type
from ..model.errors import ScheduleError
from ..model.job import Job, new_id
from ..model.payload import check_name, decode
from ..model.schedules.schedule import Schedule
from ..model.schedules.timing import Missed, Plan, Timing
from ..postgres.statement import Rows, Statement, nothing, sql, touched
from ..trace_context.headers import trace_fragments, trace_parameter
from .jobs import COLUMNS as JOB_COLUMNS
from .jobs import insert_parameters, read_job

__all__ = ["Stored", "disable", "due", "enable", "failed", "put", "read", "remove", "run", "tick"]

COLUMNS = (
    "name, queue, type, payload::text, priority, max_attempts, timeout, every, cron, timezone, "
    "missed, enabled, next_run_at, last_run_at, last_job_id, failures, error"
)
# What the ticks of a schedule do not depend on is not read for them, so that it cannot fail.
_DUE = (
    "name, queue, type, 'null', priority, max_attempts, timeout, every, cron, timezone, "
    "missed, enabled, next_run_at, NULL::timestamptz, NULL::uuid, failures, NULL"
)
_FURTHEST_RETRY = 300.0

Stored = tuple[Schedule, datetime]
"""A stored schedule and the server's time when it was read."""


def read(name: str | None, schema: str | None) -> Statement[list[Stored]]:
    """Read the schedule of this name, or all by name."""
    check_text(name, "id")
    return Statement(sql("schedule/schedules", schema, columns=COLUMNS), {"name": name}, _stored)


def clock() -> Statement[datetime]:
    """What the server's clock says."""
    return Statement("SELECT pg_catalog.clock_timestamp()", {}, lambda rows, count: rows[0][0])


def due(schema: str | None) -> Statement[list[Stored]]:
    """Read the enabled schedules whose tick has come."""
    return Statement(sql("schedule/due", schema, columns=_DUE), {}, _stored)


def put(schedule: Schedule, now: datetime, schema: str | None) -> Statement[Schedule]:
    """Store a schedule, or change the one of its name.

    Raises PayloadError and ScheduleError, before any SQL, for what could never be enqueued.
    """
    check_type(schedule, "schedule", Schedule, "a Schedule")
    check_name(schedule.name, "name of the schedule")
    check_type(schedule.enabled, "enabled", bool, "True or False")
    schedule.timing.check()
    if schedule.missed not in get_args(Missed):
        raise ScheduleError(f"missed is {schedule.missed!r}: use {', '.join(get_args(Missed))}")
    job = insert_parameters(schedule.job)
    parameters = {
        **{name: job[name] for name in _OF_THE_JOB},
        **_timing(schedule.timing),
        "name": schedule.name,
        "missed": schedule.missed,
        "enabled": schedule.enabled,
        "next": schedule.timing.after(now, now),
    }
    return Statement(
        sql("schedule/put", schema, columns=COLUMNS),
        parameters,
        lambda rows, count: _read(rows[0])[0],
    )


_OF_THE_JOB = ("queue", "type", "payload", "priority", "max_attempts", "timeout")


def tick(
    schedule: Schedule, plan: Plan, schema: str | None, trace: Mapping[str, str] | None = None
) -> Statement[bool]:
    """Enqueue the jobs of a schedule that is due and move it on; False when another did.

    They belong to the trace of these headers, or else to the present one.
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
    parameters |= trace_parameter(trace)
    ticking = sql("schedule/tick", schema, **trace_fragments(parameters))
    return Statement(ticking, parameters, touched)


def failed(schedule: Schedule, error: str, schema: str | None) -> Statement[None]:
    """Note why a tick could not be enqueued; it is tried again after 1, 2, 4 … 300 seconds."""
    parameters = {
        "name": schedule.name,
        "tick": schedule.next_run_at,
        "failures": schedule.failures,
        "error": error,
        "delay": min(2.0 ** min(schedule.failures, 10), _FURTHEST_RETRY),
    }
    return Statement(sql("schedule/failed", schema), parameters, nothing)


def enable(schedule: Schedule, now: datetime, schema: str | None) -> Statement[bool]:
    """Have a stored schedule tick again, from the next tick on."""
    next_tick = schedule.timing.after(now, schedule.next_run_at or now)
    parameters = {"name": schedule.name, "next": next_tick}
    return Statement(sql("schedule/enable", schema), parameters, touched)


def disable(name: str, schema: str | None) -> Statement[bool]:
    """Have a schedule tick no more; False when there is none."""
    check_type(name, "id", str, "the name of a schedule")
    return Statement(sql("schedule/disable", schema), {"name": name}, touched)


def remove(name: str, schema: str | None) -> Statement[bool]:
    """Delete a schedule, not its jobs; False when there is none."""
    check_type(name, "id", str, "the name of a schedule")
    return Statement(sql("schedule/remove", schema), {"name": name}, touched)


def run(name: str, schema: str | None) -> Statement[Job | None]:
    """Enqueue a job of the schedule now, apart from its ticks; None when there is no schedule."""
    check_type(name, "id", str, "the name of a schedule")
    parameters = {"name": name, **trace_parameter()}
    return Statement(
        sql("schedule/run", schema, columns=JOB_COLUMNS, **trace_fragments(parameters)),
        parameters,
        lambda rows, count: read_job(rows[0]) if rows else None,
    )


def _timing(timing: Timing) -> dict[str, Any]:
    interval = timing.interval
    return {
        "every": None if interval is None else int(interval.total_seconds()),
        "cron": timing.expression,
        "timezone": timing.timezone,
    }


def _stored(rows: Rows, count: int) -> list[Stored]:
    return [_read(row) for row in rows]


def _read(row: Sequence[Any]) -> Stored:
    (name, queue, type_, payload, priority, max_attempts, timeout, every, cron, timezone) = row[:10]
    missed, enabled, next_run_at, last_run_at, last_job_id, failures, error, now = row[10:]
    interval = None if every is None else timedelta(seconds=every)
    schedule = Schedule(
        type=type_,
        timing=Timing(interval, cron, timezone),
        queue=queue,
        payload=decode(payload),
        priority=priority,
        max_attempts=max_attempts,
        timeout=timeout,
        name=name,
        missed=missed,
        enabled=enabled,
        next_run_at=next_run_at,
        last_run_at=last_run_at,
        last_job_id=last_job_id,
        failures=failures,
        error=error,
    )
    return schedule, now
