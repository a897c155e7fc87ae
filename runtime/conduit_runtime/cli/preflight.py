"""`conduit-jobs preflight`."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from ..model.text.durations import short_duration
from ..model.text.printable import one_line
from .output import counted_jobs, show_one, show_rows
from .packages import configured, load_jobs, stamped_schema
from .session import Session, session_options
from .worker.given import load_schedules, queue_caps

if TYPE_CHECKING:
    from ..job_types.job_type import JobType
    from ..preflight.findings import Finding


@click.command()
@session_options
@click.argument("packages", nargs=-1, metavar="PACKAGE…")
@click.option(
    "--queue",
    "queues",
    multiple=True,
    metavar="NAME[=N]",
    help="A queue that the workers will serve, as in `worker --queue` (default: the queues of the "
    "job types); may be repeated.",
)
@click.option(
    "--schedules",
    metavar="MODULE:OBJECT",
    help="The schedules that the workers will add, as in `worker --schedules`.",
)
@click.option(
    "--services",
    metavar="MODULE:OBJECT",
    help="The services of the workers: create them, and check that they accept the calls of the "
    "jobs, as a worker does when it starts.",
)
@click.option(
    "--ignore-type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Leave out jobs of this type: other workers run them; may be repeated.",
)
@click.option(
    "--ignore-queue",
    "others",
    multiple=True,
    metavar="NAME",
    help="Leave out jobs of this queue: other workers run them; may be repeated.",
)
def preflight(
    session: Session,
    packages: tuple[str, ...],
    queues: tuple[str, ...],
    schedules: str | None,
    services: str | None,
    types: tuple[str, ...],
    others: tuple[str, ...],
) -> None:
    """Say whether workers with these packages would run every job that waits.

    For each type and payload shape that is pending, scheduled, blocked or running: how many jobs
    there are, how old the first is, and whether the packages read them. For a shape that they
    lack, the command tries to read a few payloads. It looks whether the tables have the columns
    that upcasters read, and names the calls that jobs would lose: workers have described what
    their code calls. If counting takes more than 1.5 s, it counts only some jobs, and marks the
    number with ≥. It follows the code of blocks past the finished steps of stopped jobs, without
    running it, and says whether they go on, wait, or may wait.

    It changes nothing. It needs SELECT on jobs, conduit_blocked_jobs, conduit_steps,
    conduit_schedules and conduit_job_types: `migrate --print-grants --reader ROLE` prints the
    grants.

    Exit codes: 0 when every job would be run, 1 when jobs would be stranded or the services refuse
    a call.
    """
    from ..preflight.findings import find
    from ..preflight.reading import snapshot
    from ..worker.pool_settings import queues_of
    from ..worker.run.handlers import HandlerRegistry

    caps = queue_caps(queues)
    sys.path.insert(0, os.getcwd())
    jobs = load_jobs(packages or configured())
    if services is not None:
        _check_services(services, jobs)
    handlers = HandlerRegistry()
    handlers.register_job_types(jobs)
    given = load_schedules(schedules)
    served = queues_of(caps or None, jobs)
    schema = session.schema or stamped_schema(jobs)
    with session.database() as dsn, snapshot(dsn, schema) as database:
        found = find(database, handlers, served, given)
    found = [each for each in found if each.type not in types and each.queue not in others]
    stranded = sum(each.jobs for each in found if each.is_stranded)
    if session.form == "json":
        show_one({"stranded": stranded, "findings": [_row(each) for each in found]}, "json")
    else:
        _show(found, stranded)
    if stranded:
        raise click.exceptions.Exit(1)


def _check_services(reference: str, jobs: list["JobType[Any, Any]"]) -> None:
    from ..services.loading import entered, resolve
    from ..services.service_calls import ServiceError

    async def enter() -> None:
        async with entered(resolve(reference, jobs), jobs):
            pass

    try:
        asyncio.run(enter())
    except ServiceError as error:
        raise click.ClickException(str(error)) from None


def _row(finding: "Finding") -> dict[str, object]:
    return {
        "type": finding.type,
        "fingerprint": finding.fingerprint,
        "queue": finding.queue,
        "status": finding.status,
        "jobs": finding.jobs,
        "oldest_seconds": finding.oldest_seconds,
        "reads": finding.verdict.reads,
        "message": finding.message,
    }


def _show(found: list["Finding"], stranded: int) -> None:
    """Print a table and, below it, the messages, because the table may cut long texts."""
    rows = [
        {
            **_row(each),
            "shape": each.fingerprint or "any",
            "jobs": f"{'≥ ' * each.is_more}{each.jobs:,}",
            "oldest": short_duration(each.oldest_seconds),
        }
        for each in found
    ]
    columns = ["type", "shape", "queue", "status", "jobs", "oldest", "reads"]
    show_rows(rows, columns, "table")
    for each in found:
        if each.message:
            shape = each.fingerprint or "any shape"
            click.echo(one_line(f"{each.type} ({shape}, {each.status}): {each.message}"))
    at_least = "at least " * any(each.is_more for each in found if each.is_stranded)
    click.echo(
        f"{at_least}{counted_jobs(stranded)} would be stranded"
        if stranded
        else "no job would be stranded"
    )
