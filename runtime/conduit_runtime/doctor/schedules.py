"""Schedules that nothing runs, whose jobs no worker runs, or that fail."""

from collections.abc import Collection, Iterable, Iterator
from shlex import quote

from ..model.schedules.schedule import Schedule
from ..model.text.durations import in_words
from ..statements import doctor
from ..statements import schedules as store
from .checked_database import Database, Package, Unread
from .finding import Finding, error, warning


def check(database: Database, package: Package | None) -> Iterator[Finding]:
    """Compare the schedules with the types of live workers and of the package."""
    stored = database.read(store.read(None))
    yield from judge_overdue(stored, database.limits.late)
    schedules = [schedule for schedule, _ in stored]
    yield from judge_failures(schedules)
    enabled = [schedule for schedule in schedules if schedule.enabled]
    if not enabled:
        return
    live = database.read(doctor.live_types(database.limits.late))
    if live is None and package is None:
        raise Unread(
            "no worker is alive and no PACKAGE is given, so the types that have code are unknown"
        )
    known = {*(live or ())}
    if package is not None:
        known |= {handler.type for handler in package.handlers}
    yield from judge(enabled, known)


def judge(schedules: Iterable[Schedule], known: Collection[str]) -> Iterator[Finding]:
    """Find the schedules whose job type is not known."""
    for schedule in schedules:
        if schedule.type not in known:
            yield warning(
                "schedule-without-code",
                f"the schedule {schedule.name} enqueues jobs of {schedule.type}, and no live "
                "worker or given PACKAGE has code for that type",
                f"schedule {schedule.name}",
                "deploy code that has it, or: conduit-jobs schedules remove "
                f"{quote(schedule.name)}",
                schedule=schedule.name,
            )


def judge_failures(schedules: Iterable[Schedule]) -> Iterator[Finding]:
    """Find the schedules that could not enqueue their last job."""
    for schedule in schedules:
        if schedule.failures:
            yield warning(
                "failing-schedule",
                f"the schedule {schedule.name} could not enqueue its job {schedule.failures} times "
                f"in a row: {schedule.error}",
                f"schedule {schedule.name}",
                f"fix what the error says, then: conduit-jobs schedules run {quote(schedule.name)}",
                schedule.error or "",
                schedule=schedule.name,
            )


def judge_overdue(stored: Iterable[store.Stored], late: float) -> Iterator[Finding]:
    """Find the schedules whose next tick is later than `late` seconds: nothing ticks."""
    for schedule, now in stored:
        if not schedule.enabled or schedule.failures or schedule.next_run_at is None:
            continue
        behind = (now - schedule.next_run_at).total_seconds()
        if behind > late:
            yield error(
                "overdue-schedule",
                f"the schedule {schedule.name} has been due for {in_words(behind)}: no worker or "
                "scheduler runs it",
                f"schedule {schedule.name}",
                "conduit-jobs worker PACKAGE",
                schedule=schedule.name,
            )
