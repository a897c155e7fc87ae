"""Loads the objects that options of `conduit-jobs worker` name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from ...model.schedules.schedule import Schedule
    from ...worker.run.around import AroundHook
    from ...worker.run.failures import OnFailed


_OF_THE_QUEUE = {
    "schedules": "the gateway enqueues the jobs of the schedules that are stored",
    "keep_completed": "`conduit-jobs queues retention` stores how long jobs are kept",
    "keep_failed": "`conduit-jobs queues retention` stores how long jobs are kept",
    "schema": "the gateway knows where its tables are",
}
"""Options that need the queue's database, each with what replaces it for a worker without one."""


def check_without_database() -> None:
    """Refuse the options that need the queue's database."""
    context = click.get_current_context()
    for name, instead in _OF_THE_QUEUE.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(
                f"{option} needs the database of the queue, and a worker with a broker has none: "
                f"{instead}"
            )


def queue_caps(queues: Sequence[str]) -> dict[str, int | None]:
    """Parse `--queue NAME[=N]`: each queue, with the most of its jobs that run at once."""
    caps: dict[str, int | None] = {}
    for queue in queues:
        if not queue:
            raise click.BadParameter("--queue is empty: give a name, or leave it out")
        name, equals, cap = queue.rpartition("=")
        if not equals:
            caps[queue] = None
        elif name and cap.isdecimal() and int(cap) > 0:
            caps[name] = int(cap)
        else:
            raise click.BadParameter(f"--queue takes NAME or NAME=N, not {queue!r}")
    return caps


def load_schedules(reference: str | None) -> Sequence["Schedule"]:
    """Load the object of `--schedules module:object`."""
    if reference is None:
        return ()
    from ...model.schedules.schedule import Schedule
    from ...services.references import blamed, load

    given = load("--schedules", reference)
    try:
        schedules = list(given() if callable(given) else given)
    except Exception as error:
        raise click.ClickException(f"--schedules {reference}: {blamed(error)}") from error
    for schedule in schedules:
        if not isinstance(schedule, Schedule):
            raise click.ClickException(f"--schedules {reference}: {schedule!r} is not a Schedule")
    return schedules


def load_on_failed(reference: str | None) -> "OnFailed | None":
    """Load the function of `--on-failed module:function`."""
    if reference is None:
        return None
    from ...services.references import load

    function: OnFailed = load("--on-failed", reference)
    if not callable(function):
        raise click.ClickException(f"--on-failed {reference}: {function!r} cannot be called")
    return function


def load_around(reference: str) -> "AroundHook":
    """Load the function of `--around module:function`."""
    from ...services.references import load
    from ...worker.run.around import AroundHooks

    function: AroundHook = load("--around", reference)
    try:
        AroundHooks([function])
    except TypeError as error:
        raise click.ClickException(f"--around {reference}: {error}") from None
    return function
