"""What schedulers do, as statements in order: add, enable, enqueue the jobs of due schedules."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..model.attempts.outcome import describe
from ..model.schedules.recurrence import plan
from ..model.schedules.schedule import Schedule
from ..model.text.logs import get_logger
from ..postgres.steps import Steps
from ..statements import schedules as store

if TYPE_CHECKING:
    from ..telemetry.spans import Tick

_log = get_logger("conduit.schedules")


def add(schedule: Schedule) -> Steps[Schedule]:
    """Store a schedule, or change the stored one of its name, and return it as stored."""
    now = yield store.clock()
    stored: Schedule = yield store.put(schedule, now)
    return stored


def enable(name: str) -> Steps[bool]:
    """Let a schedule tick again; False if there is no such schedule."""
    for schedule, now in (yield store.read(name)):
        done: bool = yield store.enable(schedule, now)
        return done
    return False


def enqueue_due(traced: Callable[[Schedule], "Tick"] | None = None) -> Steps[int]:
    """Enqueue the jobs of all ticks that have come; returns how many this scheduler enqueued.

    Each schedule has a statement, and so a transaction, of its own. If one fails, the failure is
    noted, the schedule is tried again later, and the others go on. Raises what the database raises
    for all schedules. `traced` begins the trace of a tick.
    """
    enqueued = 0
    while True:
        due: list[store.Stored] = yield store.due()
        random.shuffle(due)  # so that schedulers do not compete for the same row
        moved = False
        for schedule, now in due:
            assert schedule.next_run_at is not None
            try:
                planned = plan(schedule.timing, schedule.missed, schedule.next_run_at, now)
                trace = None if traced is None else traced(schedule)
                headers = None if trace is None else trace.headers
                won = yield store.tick(schedule, planned, headers)
            except Exception as error:
                text, _ = describe(error)
                if schedule.failures == 0:
                    _log.warning("schedule %s fails, trying again: %s", schedule.name, text)
                yield store.failed(schedule, text)
            else:
                moved = moved or won
                enqueued += len(planned.ticks) if won else 0
                if trace is not None and won and planned.ticks:
                    trace.end()
        if not moved:
            return enqueued
