"""Options that filter jobs, and commands that change all jobs of a filter."""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import click

from .database import database, options
from .duration import DURATION
from .output import counted_jobs, format_option, show_one, show_rows

F = TypeVar("F", bound=Callable[..., Any])

STATUSES = ["pending", "running", "completed", "failed", "cancelled"]
_PATIENCE = 1.0
"""Seconds after which a command on a terminal shows its progress."""


def filter_options(statuses: Sequence[str]) -> Callable[[F], F]:
    """The options --queue, --type, --status and --older-than."""

    def decorate(command: F) -> F:
        for option in (
            click.option(
                "--older-than",
                type=DURATION,
                metavar="DURATION",
                help="Only jobs that were enqueued longer ago: 90s, 15m, 12h, 30d, 4w.",
            ),
            click.option(
                "--status",
                "statuses",
                multiple=True,
                type=click.Choice(statuses),
                help="Only jobs with this status; may be repeated.",
            ),
            click.option("--type", "type_", help="Only jobs of this type."),
            click.option("--queue", help="Only jobs of this queue."),
        ):
            command = option(command)
        return command

    return decorate


def change_options(statuses: Sequence[str]) -> Callable[[F], F]:
    """The arguments of a command that changes jobs: ids, a filter, or --all."""

    def decorate(command: F) -> F:
        command = click.option("--all", "every", is_flag=True, help="All jobs.")(command)
        command = filter_options(statuses)(command)
        command = click.argument("ids", type=click.UUID, nargs=-1)(command)
        return options(format_option(command))

    return decorate


def change(
    operation: str,
    good: str,
    bad: str,
    dsn: str | None,
    schema: str | None,
    form: str,
    ids: tuple[UUID, ...],
    every: bool,
    queue: str | None,
    type_: str | None,
    statuses: tuple[str, ...],
    older_than: timedelta | None,
) -> None:
    """Apply an operation ("cancel", "retry") to the jobs with these ids or of the filter."""
    from ..client.queue import Queue

    is_filtered = any((queue, type_, statuses, older_than))
    if ids and (is_filtered or every):
        raise click.UsageError("give ids or a filter, not both")
    if every and is_filtered:
        raise click.UsageError("--all means all jobs: leave out the other filters")
    if not ids and not is_filtered and not every:
        raise click.UsageError("give ids, a filter such as --queue, or --all")
    with database(dsn, schema) as found, Queue(found, schema) as store:
        if ids:
            _tell(ids, [getattr(store, operation)(id) for id in ids], form, good, bad)
            return
        count = _change_many(
            getattr(store, f"{operation}_many"),
            good,
            queue=queue,
            type=type_,
            status=statuses or None,
            older_than=older_than,
            every=every,
        )
    if form == "json":
        show_one({"changed": count}, form)
    else:
        click.echo(f"{counted_jobs(count)} {good}")


def _change_many(many: Callable[..., int], good: str, **wanted: Any) -> int:
    began = time.monotonic()
    shown = False

    def show(count: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - began >= _PATIENCE:
            shown = True
            click.echo(f"\r{counted_jobs(count)} {good} so far", nl=False, err=True)

    try:
        return many(on_progress=show, **wanted)
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _tell(ids: tuple[UUID, ...], done: list[bool], form: str, good: str, bad: str) -> None:
    if form == "json":
        rows = [{"id": id_, "done": is_done} for id_, is_done in zip(ids, done, strict=True)]
        show_rows(rows, ["id", "done"], form)
    else:
        for id_, is_done in zip(ids, done, strict=True):
            click.echo(f"{id_}  {good if is_done else bad}")
    if not all(done):
        raise click.exceptions.Exit(1)
