"""`conduit-jobs schedules`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from ..model.schedules.schedule import Schedule
from ..schedules.scheduler import CronScheduler
from .output import first_line, show_rows
from .session import Session, session_options

_names = click.argument("names", nargs=-1, required=True, metavar="NAME…")


@click.group()
def schedules() -> None:
    """List, enable, disable, remove and run schedules."""


@schedules.command("list")
@session_options
def list_schedules(session: Session) -> None:
    """List the schedules and the next tick of each."""
    with _scheduler(session) as scheduler:
        rows = [_row(schedule) for schedule in scheduler.list()]
    if session.form == "table":
        rows = [{**row, "error": first_line(row["error"])} for row in rows]
    columns = ["name", "type", "queue", "ticks", "timezone", "missed", "enabled"]
    show_rows(rows, [*columns, "next_run_at", "last_run_at", "error"], session.form)


@schedules.command()
@session_options
@_names
def enable(session: Session, names: tuple[str, ...]) -> None:
    """Let disabled schedules tick again, from their next tick on."""
    _switch("enable", session, names)


@schedules.command()
@session_options
@_names
def disable(session: Session, names: tuple[str, ...]) -> None:
    """Stop the ticks of schedules until they are enabled."""
    _switch("disable", session, names)


@schedules.command()
@session_options
@_names
def remove(session: Session, names: tuple[str, ...]) -> None:
    """Delete schedules, but not the jobs that they enqueued.

    A schedule that an application adds at its start exists again after the next start.
    """
    with _scheduler(session) as scheduler:
        rows = [{"name": name} for name in names if scheduler.remove(name)]
    _show(rows, ["name"], session, names)


@schedules.command()
@session_options
@_names
def run(session: Session, names: tuple[str, ...]) -> None:
    """Enqueue a job of each schedule now, in addition to its ticks."""
    with _scheduler(session) as scheduler:
        rows = [
            {"name": name, "job": job.id, "queue": job.queue, "type": job.type}
            for name in names
            if (job := scheduler.run(name)) is not None
        ]
    _show(rows, ["name", "job", "queue", "type"], session, names)


def _switch(operation: str, session: Session, names: tuple[str, ...]) -> None:
    with _scheduler(session) as scheduler:
        for name in names:
            getattr(scheduler, operation)(name)
        rows = [_row(found) for name in names if (found := scheduler.get(name)) is not None]
    _show(rows, ["name", "enabled", "next_run_at"], session, names)


@contextmanager
def _scheduler(session: Session) -> Iterator[CronScheduler]:
    with session.queue() as queue:
        yield CronScheduler(queue)


def _show(
    rows: list[dict[str, Any]], columns: Sequence[str], session: Session, names: tuple[str, ...]
) -> None:
    """Print the changed schedules, then raise an error for unknown names."""
    if rows or session.form == "json":
        show_rows(rows, columns, session.form)
    known = {row["name"] for row in rows}
    if unknown := [name for name in names if name not in known]:
        raise click.ClickException(f"there is no schedule {', '.join(unknown)}")


def _row(schedule: Schedule) -> dict[str, Any]:
    timing = schedule.timing
    names = (
        *("type", "queue", "missed", "enabled", "next_run_at", "last_run_at", "last_job_id"),
        *("payload", "priority", "max_attempts", "timeout", "failures", "error"),
    )
    return {
        "name": schedule.name,
        "ticks": str(timing),
        "timezone": timing.timezone if timing.expression is not None else None,
        **{name: getattr(schedule, name) for name in names},
    }
