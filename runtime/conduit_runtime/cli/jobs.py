"""`conduit-jobs jobs`."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import click

from ..model.job import Job
from ..model.job_step import JobStep
from ..model.metrics.job_metrics import JobMetrics
from ..model.text.durations import short_duration
from ..model.text.printable import one_line
from ..model.type_description import max_attempts_of
from ..statements.job_rows import NAMES
from ..statements.job_types import described_types
from .filters import DURATION, STATUSES, change, change_options, filter_options
from .output import compact_json, counted_jobs, first_line, show_one, show_rows, shown_time
from .session import Session, session_options

_COLUMNS = (
    *("id", "queue", "type", "key", "status", "attempts", "run_at"),
    *("started_at", "locked_by", "error"),
)
_OF_RUNNING = ("started_at", "locked_by")
_OF_SOME = {"key", *_OF_RUNNING}
"""Columns that a table has only if one of its jobs says something in them."""
_LEFT_OUT = {"fingerprint", "timeout", "token"}
_METRICS = (
    *("queue", "type", "processed", "per_second", "failed", "retried"),
    *("p50", "p95", "p99", "wait_p50", "wait_p95", "wait_p99"),
)
"""The columns of a table of metrics; JSON has more."""


def _parsed(context: click.Context, parameter: click.Parameter, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if text.startswith("--"):  # a negative number has one dash
            raise click.NoSuchOption(text, ctx=context) from None
        raise click.BadParameter(f"{text!r} is not JSON: {error}") from None


@click.group()
def jobs() -> None:
    """List, show, signal, retry, fork, cancel, purge and count jobs."""


@jobs.command("list")
@session_options
@filter_options(STATUSES)
@click.option(
    "--limit",
    default=50,
    type=click.IntRange(1, 2**31 - 1),
    help="List at most this many jobs.",
)
def list_jobs(session: Session, limit: int, **wanted: Any) -> None:
    """List the newest jobs, with their keys; running ones with their start and worker, too."""
    with session.queue() as queue:
        rows = [_row(job) for job in queue.list(limit=limit, **wanted)]
    if session.form == "table":
        for row in rows:
            row["attempts"] = f"{row['attempts']}/{row['max_attempts']}"
            row["error"] = first_line(row["error"])
            if row["status"] != "running":
                row.update(dict.fromkeys(_OF_RUNNING))
    said = {name for row in rows for name in _OF_SOME if row[name] is not None}
    columns = [name for name in _COLUMNS if name in said or name not in _OF_SOME]
    show_rows(rows, columns, session.form)


@jobs.command()
@session_options
@click.argument("id", type=click.UUID)
def show(session: Session, id: UUID) -> None:
    """Show everything about a job: its payload, steps, failed attempts, and what it waits for."""
    with session.queue() as queue:
        job = queue.get(id)
        if job is None:
            raise click.ClickException(f"there is no job {id}")
        described = queue.connections.run(described_types(job.type))
        steps = queue.steps(id)
    waits = [each for each in steps if each.waits]
    row = {
        **_row(job),
        "max_attempts": max_attempts_of(job, described),
        "waits_for": job.waits_for,
        "result": job.result,
        "steps": [_step(each) for each in steps if not each.waits],
        "waiting": [_wait(each) for each in waits],
    }
    if session.form == "table":
        row["expires"] = job.expires and f"{short_duration(row['expires'])} after it is due"
        row["steps"] = "\n".join(
            "{name}  attempt {attempt}  {start}  {duration:.3f} s  {shown}".format(
                **{**each, "name": one_line(each["name"])},
                start=shown_time(each["started_at"]),
                shown=compact_json(each["result"]),
            )
            for each in row["steps"]
        )
        row["waiting"] = "\n".join(map(_waiting, waits))
        row["errors"] = "\n".join(map(_attempt, job.errors))
    show_one(row, session.form)


@jobs.command(context_settings={"ignore_unknown_options": True})  # a value may be -1
@session_options
@click.argument("id", type=click.UUID)
@click.argument("name")
@click.argument("value", metavar="[JSON]", default="null", callback=_parsed)
def signal(session: Session, id: UUID, name: str, value: Any) -> None:
    """Send a job the signal NAME, which its handler waits for, with a JSON value (null).

    The first signal of a name counts; one that comes before the wait is kept.
    """
    with session.queue() as queue:
        is_sent = queue.signal(id, name, value)
    if session.form == "json":
        show_one({"id": id, "done": is_sent}, "json")
    else:
        bad = "not sent: the job has ended, is unknown, or needs this signal no longer"
        click.echo(f"{id}  {'sent' if is_sent else bad}")
    if not is_sent:
        raise click.exceptions.Exit(1)


@jobs.command()
@session_options
@change_options(STATUSES)
@click.option(
    "--from",
    "step",
    metavar="STEP",
    help="Of one job: run it again from this finished step, as `jobs show` names it.",
)
def retry(session: Session, step: str | None, **given: Any) -> None:
    """Make jobs due now, with all their attempts: the jobs with these IDS, or all that match.

    Jobs with these IDS may have any status. A filter matches failed jobs, unless --status names
    another status. A worker tries an unreadable job once more.

    A job goes on behind its last finished step. With --from, what is stored of this step and of
    those that ended later is deleted first. A signal that the step got is forgotten, others stay.
    """
    if step is not None:
        _retry_from(session, step, **given)
        return
    change(session, "retry", "pending again", "there is no such job", **given)


def _retry_from(session: Session, step: str, ids: tuple[UUID, ...], **wanted: Any) -> None:
    if len(ids) != 1 or any(wanted.values()):
        raise click.UsageError("--from needs the id of one job, and no filter")
    with session.queue() as queue:
        queue.retry(ids[0], from_step=step)
    if session.form == "json":
        show_rows([{"id": ids[0], "done": True}], ["id", "done"], "json")
    else:
        click.echo(f"{ids[0]}  pending again from {one_line(step)}")


@jobs.command()
@session_options
@click.argument("id", type=click.UUID)
@click.option(
    "--from",
    "step",
    required=True,
    metavar="STEP",
    help="The finished step from which the new job goes on, as `jobs show` names it.",
)
def fork(session: Session, id: UUID, step: str) -> None:
    """Enqueue a job like this one, with what is stored of the steps before STEP.

    The job itself stays as it is. The new job has no unique key, and waits for signals of its own.
    """
    with session.queue() as queue:
        job = queue.fork(id, from_step=step)
    if session.form == "json":
        show_one({"id": id, "fork": job.id}, "json")
    else:
        click.echo(f"{job.id}  enqueued, goes on from {one_line(step)}")


@jobs.command()
@session_options
@change_options(["pending", "running"])
def cancel(session: Session, **given: Any) -> None:
    """Cancel pending and running jobs: the jobs with these IDS, or all that match."""
    change(session, "cancel", "cancelled", "ended already, or unknown", **given)


@jobs.command()
@session_options
@click.option(
    "--older-than",
    required=True,
    type=DURATION,
    metavar="DURATION",
    help="Only jobs that ended longer ago than this: 90s, 15m, 12h, 30d, 4w.",
)
@click.option(
    "--status",
    multiple=True,
    type=click.Choice(["completed", "failed", "cancelled"]),
    default=["completed"],
    help="Only ended jobs with this status; may be repeated.",
)
@click.option("--queue", "name", help="Only jobs of this queue.")
def purge(session: Session, older_than: timedelta, status: tuple[str], name: str | None) -> None:
    """Delete ended jobs."""
    with session.queue() as queue:
        deleted = queue.purge(older_than, status, queue=name)
    if session.form == "json":
        show_one({"deleted": deleted}, "json")
    else:
        click.echo(f"{counted_jobs(deleted)} deleted")


@jobs.command()
@session_options
@click.option("--queue", "name", help="Only jobs of this queue.")
@click.option("--type", help="Only metrics of this type.")
@click.option(
    "--last",
    default="1h",
    metavar="DURATION",
    help="The period of the metrics, up to 30 days: 15m, 1h, 1d.",
)
def stats(session: Session, name: str | None, type: str | None, last: str) -> None:
    """Count the jobs by status, and show the metrics of recent attempts.

    Pending jobs include the unreadable ones, whose payload no worker could read so far, and the
    refused ones, whose last claim Postgres refused. Durations and waits are in seconds. A wait is
    the time from when a job is due to its start.
    """
    duration = DURATION.convert(last, None, None)
    if not duration:
        raise click.BadParameter("--last takes a duration above 0")
    with session.queue() as queue:
        counts = queue.stats(name)
        metrics = queue.metrics(name, type, duration)
    stored = {status: counts[status] for status in (*STATUSES, "unreadable", "refused")}
    attempts = [_metrics_row(each) for each in metrics]
    if session.form == "json":
        show_one({**stored, "last": last, "attempts": attempts}, "json")
        return
    show_one(stored, "table")
    click.echo(f"\n{'Attempts' if attempts else 'No attempts'} in the last {last}")
    if attempts:
        show_rows(attempts, _METRICS, "table")


def _step(step: JobStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "attempt": step.attempt,
        "started_at": step.started_at,
        "duration": round(step.seconds, 6),
        "result": step.value,
    }


def _wait(step: JobStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "kind": step.waits,
        "since": step.started_at,
        "until": step.ended_at,
    }


def _waiting(step: JobStep) -> str:
    what = "for the signal " if step.waits == "signal" else ""
    return f"{what}{one_line(step.name)}  until {shown_time(step.ended_at)}"


def _attempt(entry: Any) -> str:
    """A failed attempt as text: when it failed, and its traceback or else its error."""
    if not isinstance(entry, dict):  # typed by hand
        return str(entry)
    head = f"attempt {entry.get('attempt', '?')} at {entry.get('at', '?')}"
    if entry.get("worker"):
        head += f" in {entry['worker']}"
    text = str(entry.get("traceback") or entry.get("error") or "").rstrip("\n")
    return "\n".join([head, *(f"  {line}" for line in text.split("\n"))])


def _row(job: Job) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in NAMES:
        if name not in _LEFT_OUT:
            value = getattr(job, name)
            row[name] = value.total_seconds() if isinstance(value, timedelta) else value
        if name == "headers":
            row["trace"] = job.trace
    return row


def _metrics_row(metrics: JobMetrics) -> dict[str, Any]:
    """The metrics of a type's attempts; times are in seconds."""
    names = (
        *("queue", "type", "period", "processed", "succeeded", "failed", "retried", "discarded"),
        *("snoozed", "cancelled", "expired"),
    )
    row = {name: getattr(metrics, name) for name in names}
    row["period"] = round(metrics.period)
    row["per_second"] = _rounded(metrics.throughput)
    for prefix, distribution in (("", metrics.duration), ("wait_", metrics.wait)):
        for name in ("mean", "p50", "p95", "p99"):
            row[prefix + name] = _rounded(getattr(distribution, name))
    return row


def _rounded(value: float | None) -> float | None:
    """The value with three significant digits: more would only look exact."""
    return None if value is None else float(f"{value:.3g}")
