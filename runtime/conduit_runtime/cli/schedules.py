"""`conduit-jobs schedules`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .database import database, options
from .output import format_option, show_rows

if TYPE_CHECKING:
    from ..model.schedules.schedule import Schedule

_names = click.argument("names", nargs=-1, required=True, metavar="NAME…")


@click.group()
def schedules() -> None:
    """List, enable, disable, remove and run schedules."""


@schedules.command("list")
@options
@format_option
def list_schedules(dsn: str | None, schema: str | None, form: str) -> None:
    """List the schedules and the next tick of each."""
    from ..client.queue import Queue
    from ..schedules.scheduler import CronScheduler

    with database(dsn, schema) as found, Queue(found, schema) as queue:
        rows = [_row(schedule) for schedule in CronScheduler(queue).list()]
    if form == "table":
        for row in rows:
            row["error"] = (row["error"] or "").partition("\n")[0][:60]
    columns = ["name", "type", "queue", "ticks", "timezone", "missed", "enabled"]
    show_rows(rows, [*columns, "next_run_at", "last_run_at", "error"], form)


@schedules.command()
@options
@format_option
@_names
def enable(dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]) -> None:
    """Let disabled schedules tick again, from their next tick on."""
    _switch("enable", dsn, schema, form, names)


@schedules.command()
@options
@format_option
@_names
def disable(dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]) -> None:
    """Stop the ticks of schedules until they are enabled."""
    _switch("disable", dsn, schema, form, names)


@schedules.command()
@options
@format_option
@_names
def remove(dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]) -> None:
    """Delete schedules, but not the jobs that they enqueued.

    A schedule that an application adds at its start exists again after the next start.
    """
    from ..client.queue import Queue
    from ..schedules.scheduler import CronScheduler

    with database(dsn, schema) as found, Queue(found, schema) as queue:
        removed = [CronScheduler(queue).remove(name) for name in names]
    rows = [{"name": name} for name, done in zip(names, removed, strict=True) if done]
    _show(rows, ["name"], form, names)


@schedules.command()
@options
@format_option
@_names
def run(dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]) -> None:
    """Enqueue a job of each schedule now, in addition to its ticks."""
    from ..client.queue import Queue
    from ..schedules.scheduler import CronScheduler

    with database(dsn, schema) as found, Queue(found, schema) as queue:
        jobs = [CronScheduler(queue).run(name) for name in names]
    rows = [
        {"name": name, "job": job.id, "queue": job.queue, "type": job.type}
        for name, job in zip(names, jobs, strict=True)
        if job is not None
    ]
    _show(rows, ["name", "job", "queue", "type"], form, names)


def _switch(
    operation: str, dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]
) -> None:
    from ..client.queue import Queue
    from ..schedules.scheduler import CronScheduler

    with database(dsn, schema) as found, Queue(found, schema) as queue:
        scheduler = CronScheduler(queue)
        for name in names:
            getattr(scheduler, operation)(name)
        existing = [scheduler.get(name) for name in names]
    rows = [_row(schedule) for schedule in existing if schedule is not None]
    _show(rows, ["name", "enabled", "next_run_at"], form, names)


def _show(
    rows: list[dict[str, Any]], columns: Sequence[str], form: str, names: tuple[str, ...]
) -> None:
    """Print the changed schedules, then raise an error for unknown names."""
    if rows or form == "json":
        show_rows(rows, columns, form)
    known = {row["name"] for row in rows}
    if unknown := [name for name in names if name not in known]:
        raise click.ClickException(f"there is no schedule {', '.join(unknown)}")


def _row(schedule: "Schedule") -> dict[str, Any]:
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
