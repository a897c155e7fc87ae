"""`conduit-jobs doctor`."""

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ..model.text.printable import one_line
from .output import show_one
from .packages import dotted, load_jobs, stamped_schema
from .session import Session, session_options

if TYPE_CHECKING:
    from ..doctor.checked_database import Package
    from ..doctor.checkup import Report
    from ..job_types.job_type import JobType


@click.command()
@session_options
@click.argument("packages", nargs=-1, metavar="[PACKAGE]…")
def doctor(session: Session, packages: tuple[str, ...]) -> None:
    """Look for what keeps jobs from running, or makes them slow, and say what to do.

    It checks the server, our tables, the role, vacuum, workers, queues and schedules. For each
    PACKAGE it also checks whether the code would run the waiting jobs. It takes seconds and changes
    nothing. It lists the checks that the role does not allow.

    Exit codes: 0 if nothing worse than a warning was found, 1 if an error was.
    """
    from ..doctor.checkup import examine

    sys.path.insert(0, os.getcwd())
    jobs = load_jobs(packages)
    known = _package(packages, jobs) if packages else None
    schema = session.schema or (stamped_schema(jobs) if jobs else None)
    with session.database() as dsn:
        report = examine(dsn, schema, known)
    if session.form == "json":
        show_one(
            {
                "findings": [asdict(each) for each in report.findings],
                "checked": report.checked,
                "not_checked": [
                    {"check": name, "reason": reason} for name, reason in report.unread.items()
                ],
            },
            "json",
        )
    else:
        _show(report)
    if report.has_errors:
        raise click.exceptions.Exit(1)


def _package(names: tuple[str, ...], jobs: list["JobType[Any, Any]"]) -> "Package":
    from ..doctor.checked_database import Package
    from ..model.package import retired_types
    from ..worker.pool_settings import queues_of
    from ..worker.run.handlers import HandlerRegistry

    handlers = HandlerRegistry()
    handlers.register_job_types(jobs)
    retired = frozenset[str]().union(*(retired_types(dotted(name)) for name in names))
    return Package(names, handlers, queues_of(None, jobs), retired - handlers.by_type.keys())


def _show(report: "Report") -> None:
    for each in report.findings:
        click.echo(one_line(f"{each.severity}[{each.code}]: {each.message}"))
        click.echo(one_line(f"  where: {each.where}"))
        click.echo(one_line(f"  do: {each.action}"))
    for name, reason in report.unread.items():
        click.echo(one_line(f"not checked: {name} ({reason})"))
    errors = sum(each.severity == "error" for each in report.findings)
    warnings = len(report.findings) - errors
    click.echo(f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}")


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count or 'no'} {what}s"
