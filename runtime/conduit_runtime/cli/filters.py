"""Options that filter jobs, and commands that change all jobs of a filter."""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import click

from ..model.text.durations import read_duration
from .output import counted_jobs, show_one, show_rows
from .session import Session

F = TypeVar("F", bound=Callable[..., Any])

STATUSES = ["pending", "running", "completed", "failed", "cancelled"]
_PATIENCE = 1.0
"""Seconds after which a command on a terminal shows its progress."""


class _Duration(click.ParamType[timedelta]):
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return read_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = _Duration()


def filter_options(statuses: Sequence[str]) -> Callable[[F], F]:
    """Options that filter jobs, from --queue to --older-than, named as arguments of Queue."""
    options = (
        click.option("--queue", help="Only jobs of this queue."),
        click.option("--type", help="Only jobs of this type."),
        click.option("--key", help="Only jobs of this key, such as a customer."),
        click.option(
            "--status",
            multiple=True,
            callback=lambda context, option, given: given or None,
            type=click.Choice(statuses),
            help="Only jobs with this status; may be repeated.",
        ),
        click.option(
            "--older-than",
            type=DURATION,
            metavar="DURATION",
            help="Only jobs that were enqueued longer ago than this: 90s, 15m, 12h, 30d, 4w.",
        ),
    )

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def change_options(statuses: Sequence[str]) -> Callable[[F], F]:
    """The arguments of a command that changes jobs: ids, a filter, or --all."""

    def decorate(command: F) -> F:
        command = click.option("--all", "every", is_flag=True, help="All jobs.")(command)
        return click.argument("ids", type=click.UUID, nargs=-1)(filter_options(statuses)(command))

    return decorate


def change(
    session: Session,
    operation: str,
    good: str,
    bad: str,
    *,
    ids: tuple[UUID, ...],
    every: bool,
    **wanted: Any,
) -> None:
    """Apply an operation ("cancel", "retry") to the jobs with these ids or to the filter's jobs."""
    is_filtered = any(wanted.values())
    if ids and (is_filtered or every):
        raise click.UsageError("give ids or a filter, not both")
    if every and is_filtered:
        raise click.UsageError("--all means all jobs: leave out the other filters")
    if not ids and not is_filtered and not every:
        raise click.UsageError("give ids, a filter such as --queue, or --all")
    with session.queue() as queue:
        if ids:
            done = [(id, getattr(queue, operation)(id)) for id in ids]
        else:
            many = getattr(queue, f"{operation}_many")
            count = _change_many(many, good, every=every, **wanted)
    if ids and session.form == "json":
        rows = [{"id": id, "done": is_done} for id, is_done in done]
        show_rows(rows, ["id", "done"], "json")
    elif ids:
        for id, is_done in done:
            click.echo(f"{id}  {good if is_done else bad}")
    elif session.form == "json":
        show_one({"changed": count}, "json")
    else:
        click.echo(f"{counted_jobs(count)} {good}")
    if ids and not all(is_done for _, is_done in done):
        raise click.exceptions.Exit(1)


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
