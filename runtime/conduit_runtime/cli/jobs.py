"""`conduit-jobs jobs`: looking after single jobs."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from .attempts import ATTEMPTS, attempts_row
from .database import database, options
from .output import format_option, show_one, show_rows

if TYPE_CHECKING:
    from ..job import Job

_STATUSES = ["pending", "running", "completed", "failed", "cancelled"]
_COLUMNS = ["id", "queue", "type", "status", "attempts", "run_at", "error"]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.group()
def jobs() -> None:
    """List, show, retry, cancel, purge and count jobs."""


@jobs.command("list")
@options
@format_option
@click.option("--queue", help="Only jobs of this queue.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only jobs that stand so.")
@click.option("--type", "type_", help="Only jobs of this type.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most.")
def list_jobs(
    dsn: str | None,
    schema: str | None,
    form: str,
    queue: str | None,
    status: str | None,
    type_: str | None,
    limit: int,
) -> None:
    """List the newest jobs."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        rows = [_row(job) for job in store.list(queue, status, type_, limit)]
    if form == "table":
        for row in rows:
            row["attempts"] = f"{row['attempts']}/{row['max_attempts']}"
            row["error"] = (row["error"] or "").partition("\n")[0][:60]
    show_rows(rows, _COLUMNS, form)


@jobs.command()
@options
@format_option
@click.argument("id", type=click.UUID)
def show(dsn: str | None, schema: str | None, form: str, id: UUID) -> None:
    """Show everything about a job."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        job = store.get(id)
    if job is None:
        raise click.ClickException(f"there is no job {id}")
    show_one({**_row(job), "waits_for": job.waits_for, "result": job.result}, form)


@jobs.command()
@options
@format_option
@click.argument("ids", type=click.UUID, nargs=-1, required=True)
def retry(dsn: str | None, schema: str | None, form: str, ids: tuple[UUID, ...]) -> None:
    """Make jobs due now with all their attempts, whatever their status."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        done = [store.retry(id) for id in ids]
    _tell(ids, done, form, "pending again", "there is no such job")


@jobs.command()
@options
@format_option
@click.argument("ids", type=click.UUID, nargs=-1, required=True)
def cancel(dsn: str | None, schema: str | None, form: str, ids: tuple[UUID, ...]) -> None:
    """Cancel pending and running jobs."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        done = [store.cancel(id) for id in ids]
    _tell(ids, done, form, "cancelled", "ended already, or unknown")


@jobs.command()
@options
@format_option
@click.option(
    "--older-than", required=True, metavar="SPAN", help="Since they ended: 90s, 15m, 12h, 30d, 4w."
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(["completed", "failed", "cancelled"]),
    default=["completed"],
    show_default=True,
    help="Which ended jobs; may be repeated.",
)
@click.option("--queue", help="Only jobs of this queue.")
def purge(
    dsn: str | None,
    schema: str | None,
    form: str,
    older_than: str,
    statuses: tuple[str, ...],
    queue: str | None,
) -> None:
    """Delete ended jobs."""
    from ..client.queue import Queue

    age = _span(older_than)
    with database(dsn, schema) as found, Queue(found, schema) as store:
        deleted = store.purge(age, statuses, queue=queue)
    if form == "json":
        show_one({"deleted": deleted}, form)
    else:
        click.echo(f"{deleted} jobs deleted")


@jobs.command()
@options
@format_option
@click.option("--queue", help="Only jobs of this queue.")
@click.option("--type", "type_", help="Only attempts at jobs of this type.")
@click.option(
    "--last",
    default="1h",
    show_default=True,
    metavar="SPAN",
    help="Attempts of this span, up to 30 days: 15m, 1h, 1d.",
)
def stats(
    dsn: str | None, schema: str | None, form: str, queue: str | None, type_: str | None, last: str
) -> None:
    """Count the jobs by status, and tell what became of attempts lately.

    Durations and waits, from when a job was due to its start, are in seconds.
    """
    from ..client.queue import Queue

    span = _span(last)
    if not span:
        raise click.BadParameter("--last takes a span that is longer than nothing")
    with database(dsn, schema) as found, Queue(found, schema) as store:
        counts = store.stats(queue)
        metrics = store.metrics(queue, type_, span)
    stored = {status: counts[status] for status in _STATUSES}
    attempts = [attempts_row(each) for each in metrics]
    if form == "json":
        show_one({**stored, "last": last, "attempts": attempts}, form)
        return
    show_one(stored, form)
    click.echo(f"\n{'Attempts' if attempts else 'No attempts'} in the last {last}")
    if attempts:
        show_rows(attempts, ATTEMPTS, form)


def _row(job: "Job") -> dict[str, Any]:
    names = (
        *("id", "queue", "type", "status", "priority", "attempts", "max_attempts", "created_at"),
        *("run_at", "started_at", "completed_at", "locked_by", "locked_at", "flow", "payload"),
        *("progress", "error", "errors"),
    )
    return {name: getattr(job, name) for name in names}


def _tell(ids: tuple[UUID, ...], done: list[bool], form: str, good: str, bad: str) -> None:
    if form == "json":
        rows = [{"id": id_, "done": is_done} for id_, is_done in zip(ids, done, strict=True)]
        show_rows(rows, ["id", "done"], form)
    else:
        for id_, is_done in zip(ids, done, strict=True):
            click.echo(f"{id_}  {good if is_done else bad}")
    if not all(done):
        raise click.exceptions.Exit(1)


def _span(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no span: use 90s, 15m, 12h, 30d or 4w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
