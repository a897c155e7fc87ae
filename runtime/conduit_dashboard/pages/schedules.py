"""The schedules: their ticks, and how the last ones went."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from conduit_runtime.model.dashboard.audit import LastChange
from conduit_runtime.model.errors import ScheduleError
from conduit_runtime.model.schedules.schedule import Schedule
from conduit_runtime.payloads.masking import PayloadMask
from conduit_runtime.schedules import scheduling
from conduit_runtime.statements import schedules as store
from conduit_runtime.statements.dashboard.audit import last_changes

from ..errors import BadRequest, Missing
from ..masks import masks_of
from ..page import Act, Done, Page, Routes, Visit, action, page
from ..parameters import read_text

_ACTIONS = ("run_schedule", "enable_schedule", "disable_schedule")
_TICKS = 3
"""How many of the next ticks of a schedule are shown."""


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule. `next_ticks` are empty if it is disabled; `error` says why its tick failed.

    Sensitive values of the payload are masked in the payload and in the error.
    """

    name: str
    type: str
    queue: str
    payload: Any
    timing: str
    timezone: str
    missed: str
    priority: int
    max_attempts: int
    timeout: float | None
    enabled: bool
    next_ticks: Sequence[datetime]
    last_tick: datetime | None
    last_job: UUID | None
    failures: int
    error: str | None
    last_change: LastChange | None


async def schedules(visit: Visit) -> Page:
    """The schedules by name; `name` chooses those whose names contain this text."""
    name = read_text(visit.query, "name")
    stored = [each for each in await visit.read(store.read(None)) if (name or "") in each[0].name]
    most = visit.bounds.schedules
    more, stored = max(0, len(stored) - most), stored[:most]
    changed = await visit.read(last_changes("schedule", _ACTIONS))
    masks = await masks_of(visit, (schedule.type for schedule, _ in stored))
    rows = await asyncio.to_thread(
        lambda: [
            _row(schedule, masks.of(schedule.type, ""), changed.get(schedule.name))
            for schedule, _ in stored
        ]
    )
    data = {"schedules": rows, "more_schedules": more, "name": name}
    return Page("schedules.html", "Schedules", data)


def _row(schedule: Schedule, mask: PayloadMask, change: LastChange | None) -> ScheduleRow:
    ticks, error = next_ticks(schedule)
    return ScheduleRow(
        schedule.name,
        schedule.type,
        schedule.queue,
        mask.payload(schedule.payload),
        str(schedule.timing),
        schedule.timing.timezone,
        schedule.missed,
        schedule.priority,
        schedule.max_attempts,
        schedule.timeout,
        schedule.enabled,
        ticks,
        schedule.last_run_at,
        schedule.last_job_id,
        schedule.failures,
        mask.text(schedule.error, schedule.payload) if schedule.error else error,
        change,
    )


def next_ticks(schedule: Schedule) -> tuple[list[datetime], str | None]:
    """The next ticks, and the reason if they cannot be computed."""
    if not schedule.enabled or schedule.next_run_at is None:
        return [], None
    ticks = [schedule.next_run_at]
    try:
        while len(ticks) < _TICKS:
            ticks.append(schedule.timing.after(ticks[-1], ticks[-1]))
    except ScheduleError as error:
        return ticks, str(error)
    except OverflowError:  # after the year 9999
        return ticks, None
    return ticks, None


async def run(act: Act) -> Done:
    name = _name(act)
    target = {"schedule": name}
    async with act.change(target) as change:
        job = await change.run(store.run(name))
        if job is None:
            raise _missing(name)
        target["job"] = str(job.id)
    return Done("/schedules")


async def enable(act: Act) -> Done:
    name = _name(act)
    async with act.change({"schedule": name}) as change:
        if not await change.writing.run_steps(scheduling.enable(name)):
            raise _missing(name)
    return Done("/schedules")


async def disable(act: Act) -> Done:
    name = _name(act)
    async with act.change({"schedule": name}) as change:
        if not await change.run(store.disable(name)):
            raise _missing(name)
    return Done("/schedules")


def _name(act: Act) -> str:
    name = read_text(act.form, "schedule")
    if name is None or "\0" in name:
        raise BadRequest("The form names no schedule.")
    return name


def _missing(name: str) -> Missing:
    return Missing(f"There is no schedule {name[:200]!r}; perhaps it was removed meanwhile.")


ROUTES: Routes = [
    page("/schedules", schedules),
    action("/schedules/run", "run_schedule", run),
    action("/schedules/enable", "enable_schedule", enable),
    action("/schedules/disable", "disable_schedule", disable),
]
