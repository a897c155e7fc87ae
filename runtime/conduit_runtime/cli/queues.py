"""`conduit-jobs queues`: queues, and the limits of job types."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta

import click

from ..client.queue import Queue
from ..model.queues.controls import TypeLimits
from ..model.queues.stats import QueueOverview
from ..model.text.durations import short_duration
from ..statements.limits.controls import Fair
from .filters import DURATION
from .output import show_rows
from .session import Session, session_options

_COUNTS = [
    "pending",
    "running",
    "completed",
    "failed",
    "cancelled",
    "unknown",
    "unreadable",
    "refused",
    "workers",
]
_KEPT = ("keep_completed", "keep_failed", "keep_steps")
"""Further columns of a table if a queue in it has a value."""
_names = click.argument("names", nargs=-1, required=True, metavar="NAME…")
_none = click.option("--none", "lift", is_flag=True, help="Lift the limit.")
_source = click.option(
    "--source", "to_source", is_flag=True, help="Return to the limit in the source of the type."
)


@click.group()
def queues() -> None:
    """List, pause, resume and limit queues, while workers run."""


@queues.command("list")
@session_options
def list_queues(session: Session) -> None:
    """List the queues that hold jobs, have workers, are paused or limited.

    A second table has the limits of job types, as `rate-limits` lists them.

    `unknown` counts the due jobs whose type no live worker of their queue knows. `unreadable`
    counts the pending jobs whose payload no worker could read; they wait for code that reads it.
    `refused` counts the pending jobs whose last claim Postgres refused, because of a constraint or
    a trigger of yours; they are claimed again at growing intervals.
    """
    with session.queue() as queue:
        overviews, limits = queue.queues(), queue.type_limits()
    _show(overviews, session.form)
    if limits and session.form == "table":
        _show_limits(limits, session.form)


@queues.command()
@session_options
@_names
def pause(session: Session, names: tuple[str, ...]) -> None:
    """Let no job of these queues start. Running jobs continue, and jobs can be enqueued."""
    _change(session, names, lambda queue, name: queue.pause(name))


@queues.command()
@session_options
@_names
def resume(session: Session, names: tuple[str, ...]) -> None:
    """Let the jobs of paused queues start again."""
    _change(session, names, lambda queue, name: queue.resume(name))


@queues.command()
@session_options
@_names
@click.option(
    "--concurrency", type=click.IntRange(1), metavar="N", help="At most N of its jobs at once."
)
@click.option(
    "--per-key",
    "per_key",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(0),
    metavar="[N]",
    help="At most N of its jobs of each key at once; with --none or --source: of this limit.",
)
@click.option("--fair/--no-fair", default=None, help="Let the keys of a queue take turns; or not.")
@_none
@click.option("--type", "are_types", is_flag=True, help="NAME… are job types, not queues.")
@_source
def limit(
    session: Session,
    names: tuple[str, ...],
    concurrency: int | None,
    per_key: int | None,
    fair: bool | None,
    lift: bool,
    are_types: bool,
    to_source: bool,
) -> None:
    """Limit how many jobs of a queue run at once, over all workers; with --type, of a job type.

    For a type, --concurrency, --per-key and --none override the limit in its source. A queue is
    fair if the source of a type in it says so; --fair and --no-fair override that, and
    `--fair --source` returns to it.
    """
    if fair is not None:
        if are_types or lift or concurrency is not None or per_key is not None:
            raise click.UsageError("give --fair or --no-fair of a queue without other limits")
        shared: Fair = "source" if to_source else fair
        _change(session, names, lambda queue, name: queue.share(name, shared))
        return
    if to_source and not are_types:
        raise click.UsageError("--source is for job types: give --type too")
    by_key = per_key is not None
    if by_key and concurrency is not None:
        raise click.UsageError("give --concurrency and --per-key one after the other")
    number = (per_key or None) if by_key else concurrency
    _check_one(number, lift, to_source, "--per-key" if by_key else "--concurrency")
    if not are_types:
        _change(session, names, lambda queue, name: queue.limit(name, number, per_key=by_key))
        return
    with session.queue() as queue:
        with _usage_errors():
            for name in names:
                queue.limit_type(name, "source" if to_source else number, per_key=by_key)
        existing = {each.type: each for each in queue.type_limits()}
    _show_limits([existing.get(name) or TypeLimits(name) for name in names], session.form)


@queues.command()
@session_options
@_names
@click.option(
    "--keep-completed",
    type=DURATION,
    metavar="DURATION",
    help="Delete completed and cancelled jobs this long after their end: 12h, 30d, 4w.",
)
@click.option(
    "--keep-failed",
    type=DURATION,
    metavar="DURATION",
    help="Delete failed jobs this long after their end.",
)
@click.option(
    "--keep-steps",
    type=DURATION,
    metavar="DURATION",
    help="Keep the steps of completed jobs this long after their end, at most as long as the jobs.",
)
@click.option(
    "--none",
    "lift",
    is_flag=True,
    help="Leave both periods to the options of `worker`, and keep no steps of completed jobs.",
)
def retention(
    session: Session,
    names: tuple[str, ...],
    keep_completed: timedelta | None,
    keep_failed: timedelta | None,
    keep_steps: timedelta | None,
    lift: bool,
) -> None:
    """Set how long the ended jobs of queues are kept, and the steps of completed ones.

    A period given here overrides the same option of `worker`. A period that is left out is removed,
    so the option of `worker` applies. A running worker deletes the jobs, a few thousand at a time.
    """
    periods = (keep_completed, keep_failed, keep_steps)
    if lift == any(period is not None for period in periods):
        raise click.UsageError(
            "give some of --keep-completed, --keep-failed, --keep-steps, or --none"
        )
    _change(
        session,
        names,
        lambda queue, name: queue.retention(
            name, keep_completed=keep_completed, keep_failed=keep_failed, keep_steps=keep_steps
        ),
    )


@queues.command("rate-limit")
@session_options
@click.argument("type", metavar="TYPE")
@click.option("--starts", type=click.IntRange(1), metavar="N", help="At most N of its jobs start.")
@click.option(
    "--per",
    type=DURATION,
    default="1s",
    metavar="DURATION",
    help="The length of the period.",
)
@click.option("--per-key", is_flag=True, help="Count the jobs of each key apart.")
@_none
@_source
def rate_limit(
    session: Session,
    type: str,
    starts: int | None,
    per: timedelta,
    per_key: bool,
    lift: bool,
    to_source: bool,
) -> None:
    """Limit how many jobs of a type start within a period, over all workers.

    --starts and --none override the limit in the source of the type.
    """
    _check_one(starts, lift, to_source, "--starts")
    with session.queue() as queue:
        with _usage_errors():
            queue.rate_limit(type, "source" if to_source else starts, per, per_key=per_key)
        limits = queue.type_limits()
    _show_limits(limits, session.form)


@queues.command("rate-limits")
@session_options
def rate_limits(session: Session) -> None:
    """List the job types that have limits, or whose limits a command has lifted.

    `concurrency_from` and `rate_from` tell where a limit comes from: `source`, the code of the live
    worker that started last, or `command`, which overrides the source.
    """
    with session.queue() as queue:
        limits = queue.type_limits()
    _show_limits(limits, session.form)


def _change(
    session: Session, names: tuple[str, ...], operation: Callable[[Queue, str], None]
) -> None:
    """Change queues, and print their new state."""
    with session.queue() as queue:
        with _usage_errors():
            for name in names:
                operation(queue, name)
        existing = {overview.queue: overview for overview in queue.queues()}
    _show([existing.get(name) or QueueOverview(name) for name in names], session.form)


@contextmanager
def _usage_errors() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _check_one(limit: int | None, lift: bool, to_source: bool, option: str) -> None:
    if [limit is not None, lift, to_source].count(True) != 1:
        raise click.UsageError(f"give {option} N, or --none to lift the limit")


def _show(overviews: list[QueueOverview], form: str) -> None:
    rows = [{**asdict(each), "paused": each.paused} for each in overviews]
    kept = [each for each in _KEPT if any(row[each] is not None for row in rows)]
    limits = ["concurrency"]
    if form != "table" or any(row["key_concurrency"] is not None for row in rows):
        limits.append("key_concurrency")
    if form != "table" or any(row["fair_from"] for row in rows):
        limits += ["fair", "fair_from"]
    if form == "table":
        rows = [{**row, "paused": "paused" if row["paused"] else ""} for row in rows]
        rows = [{**row, "fair": "fair" if row["fair"] else ""} for row in rows]
        rows = [{**row, **{name: _kept(row[name]) for name in kept}} for row in rows]
    show_rows(rows, ["queue", "paused", *limits, *_COUNTS, "oldest_due", *kept], form)


def _kept(seconds: float | None) -> str:
    return "" if seconds is None else short_duration(seconds)


def _show_limits(limits: list[TypeLimits], form: str) -> None:
    rows = [asdict(each) for each in limits]
    for row in rows:
        per = row.pop("per")
        row["per_seconds"] = None if per is None else per.total_seconds()
        per = row.pop("key_per")
        row["key_per_seconds"] = None if per is None else per.total_seconds()
    columns = ["type", "concurrency", "concurrency_from", "starts", "per_seconds", "rate_from"]
    for by_key in (
        ["key_concurrency", "key_concurrency_from"],
        ["key_starts", "key_per_seconds", "key_rate_from"],
        ["key_order"],
    ):
        if form != "table" or any(row[name] is not None for row in rows for name in by_key):
            columns += by_key
    show_rows(rows, columns, form)
