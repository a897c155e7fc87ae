"""`conduit-jobs queues`: queues, and the rates of types."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from .database import database, options
from .duration import DURATION
from .output import format_option, show_rows

if TYPE_CHECKING:
    from ..client.queue import Queue
    from ..model.stats import QueueOverview

_COUNTS = ["pending", "running", "completed", "failed", "cancelled", "unknown", "workers"]
_none = click.option("--none", "lift", is_flag=True, help="Lift the limit.")


@click.group()
def queues() -> None:
    """List, pause, resume and limit queues, while workers run."""


@queues.command("list")
@options
@format_option
def list_queues(dsn: str | None, schema: str | None, form: str) -> None:
    """List the queues that hold jobs, have workers, are paused or limited.

    `unknown` counts the due jobs whose type no live worker of their queue knows.
    """
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        rows = [_row(queue) for queue in store.queues()]
    _show(rows, form)


@queues.command()
@options
@format_option
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
def pause(dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]) -> None:
    """Let no job of these queues start. Running jobs continue, and jobs can be enqueued."""
    _do(dsn, schema, form, names, lambda store, name: store.pause(name))


@queues.command()
@options
@format_option
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
def resume(dsn: str | None, schema: str | None, form: str, names: tuple[str, ...]) -> None:
    """Let the jobs of paused queues start again."""
    _do(dsn, schema, form, names, lambda store, name: store.resume(name))


@queues.command()
@options
@format_option
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option(
    "--concurrency", type=click.IntRange(1), metavar="N", help="At most N of its jobs at once."
)
@_none
def limit(
    dsn: str | None,
    schema: str | None,
    form: str,
    names: tuple[str, ...],
    concurrency: int | None,
    lift: bool,
) -> None:
    """Limit how many jobs of a queue run at once, over all workers."""
    _either(concurrency is not None, lift, "--concurrency")
    _do(dsn, schema, form, names, lambda store, name: store.limit(name, concurrency))


@queues.command("rate-limit")
@options
@format_option
@click.argument("type_", metavar="TYPE")
@click.option("--starts", type=click.IntRange(1), metavar="N", help="At most N of its jobs start.")
@click.option(
    "--per",
    type=DURATION,
    default="1s",
    show_default=True,
    metavar="DURATION",
    help="The length of the period.",
)
@_none
def rate_limit(
    dsn: str | None,
    schema: str | None,
    form: str,
    type_: str,
    starts: int | None,
    per: timedelta,
    lift: bool,
) -> None:
    """Limit how many jobs of a type start within a period, over all workers."""
    from ..client.queue import Queue

    _either(starts is not None, lift, "--starts")
    with database(dsn, schema) as found, Queue(found, schema) as store:
        _checked(lambda: store.rate_limit(type_, starts, per))
        _show_rates(store, form)


@queues.command("rate-limits")
@options
@format_option
def rate_limits(dsn: str | None, schema: str | None, form: str) -> None:
    """List the types that have a rate."""
    from ..client.queue import Queue

    with database(dsn, schema) as found, Queue(found, schema) as store:
        _show_rates(store, form)


def _do(
    dsn: str | None,
    schema: str | None,
    form: str,
    names: tuple[str, ...],
    deed: Callable[["Queue", str], object],
) -> None:
    """Change queues, and print their new state."""
    from ..client.queue import Queue
    from ..model.stats import QueueOverview

    with database(dsn, schema) as found, Queue(found, schema) as store:
        for name in names:
            _checked(partial(deed, store, name))
        existing = {queue.queue: queue for queue in store.queues()}
    _show([_row(existing.get(name) or QueueOverview(name)) for name in names], form)


def _checked(deed: Callable[[], object]) -> None:
    try:
        deed()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _either(has_limit: bool, lift: bool, option: str) -> None:
    if has_limit == lift:
        raise click.UsageError(f"give {option} N, or --none to lift the limit")


def _row(queue: "QueueOverview") -> dict[str, Any]:
    return {**asdict(queue), "paused": queue.paused}


def _show(rows: list[dict[str, Any]], form: str) -> None:
    if form == "table":
        for row in rows:
            row["paused"] = "paused" if row["paused"] else ""
    show_rows(rows, ["queue", "paused", "concurrency", *_COUNTS, "oldest_due"], form)


def _show_rates(store: "Queue", form: str) -> None:
    rows = [
        {"type": rate.type, "starts": rate.starts, "per_seconds": rate.per.total_seconds()}
        for rate in store.rate_limits()
    ]
    show_rows(rows, ["type", "starts", "per_seconds"], form)
