"""`conduit-jobs jobs`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from .attempts import ATTEMPTS, attempts_row
from .database import database, options
from .duration import DURATION
from .filters import STATUSES, change, change_options, filter_options
from .output import counted_jobs, format_option, show_one, show_rows

if TYPE_CHECKING:
    from ..model.job import Job

_COLUMNS = ["id", "queue", "type", "status", "attempts", "run_at", "error"]


@click.group()
def jobs() -> None:
    """List, show, retry, cancel, purge and count jobs."""


@jobs.command("list")
@options
@format_option
@filter_options(STATUSES)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 2**31 - 1),
    help="The most jobs to list.",
)
def list_jobs(
    dsn: str | None,
    schema: str | None,
    form: str,
    queue: str | None,
    type_: str | None,
    statuses: tuple[str, ...],
    older_than: timedelta | None,
    limit: int,
) -> None:
    """List the newest jobs."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        listed = store.list(queue, statuses or None, type_, limit, older_than=older_than)
        rows = [_row(job) for job in listed]
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
@change_options(STATUSES)
def retry(**given: Any) -> None:
    """Make jobs due now, with all their attempts: the jobs with these IDS, or all that match.

    IDS may have any status. Without IDS, failed jobs match; --status matches others.
    """
    change("retry", "pending again", "there is no such job", **given)


@jobs.command()
@change_options(["pending", "running"])
def cancel(**given: Any) -> None:
    """Cancel pending and running jobs: the jobs with these IDS, or all that match."""
    change("cancel", "cancelled", "ended already, or unknown", **given)


@jobs.command()
@options
@format_option
@click.option(
    "--older-than",
    required=True,
    type=DURATION,
    metavar="DURATION",
    help="Only jobs that ended longer ago: 90s, 15m, 12h, 30d, 4w.",
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(["completed", "failed", "cancelled"]),
    default=["completed"],
    show_default=True,
    help="Only ended jobs with this status; may be repeated.",
)
@click.option("--queue", help="Only jobs of this queue.")
def purge(
    dsn: str | None,
    schema: str | None,
    form: str,
    older_than: timedelta,
    statuses: tuple[str, ...],
    queue: str | None,
) -> None:
    """Delete ended jobs."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        deleted = store.purge(older_than, statuses, queue=queue)
    if form == "json":
        show_one({"deleted": deleted}, form)
    else:
        click.echo(f"{counted_jobs(deleted)} deleted")


@jobs.command()
@options
@format_option
@click.option("--queue", help="Only jobs of this queue.")
@click.option("--type", "type_", help="Only metrics of this type.")
@click.option(
    "--last",
    default="1h",
    show_default=True,
    metavar="DURATION",
    help="The period of the metrics, up to 30 days: 15m, 1h, 1d.",
)
def stats(
    dsn: str | None, schema: str | None, form: str, queue: str | None, type_: str | None, last: str
) -> None:
    """Count the jobs by status, and show the metrics of recent attempts.

    Durations are in seconds. So are waits: the time from when a job is due to its start.
    """
    from ..client.queue import Queue

    duration = DURATION.convert(last, None, None)
    if not duration:
        raise click.BadParameter("--last takes a duration above 0")
    with database(dsn, schema) as found, Queue(found, schema) as store:
        counts = store.stats(queue)
        metrics = store.metrics(queue, type_, duration)
    stored = {status: counts[status] for status in STATUSES}
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
        *("trace", "progress", "error", "errors"),
    )
    return {name: getattr(job, name) for name in names}
