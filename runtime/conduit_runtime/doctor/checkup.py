"""All checks, one after another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg

from ..postgres.dsn import without_password
from . import (
    drift,
    history,
    listening,
    migrations,
    package,
    privileges,
    refused_claims,
    schedules,
    server,
    snapshots,
    vacuum,
    waiting,
    workers,
)
from .checked_database import Database, Limits, Package, Unread, opened
from .finding import Finding, error

Check = Callable[[Database], Iterator[Finding]]


@dataclass(slots=True)
class Report:
    """The findings, the names of the checks, and the checks that could not run, with reasons."""

    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def has_errors(self) -> bool:
        """Whether something keeps jobs from running."""
        return any(finding.severity == "error" for finding in self.findings)


def examine(
    dsn: str, schema: str | None, known: Package | None = None, limits: Limits | None = None
) -> Report:
    """Check the database, and what the packages know about it, without changing anything."""
    report = Report()
    try:
        with opened(dsn, schema, limits or Limits()) as database:
            report.checked.append("connection")
            _check_all(database, known, report)
    except psycopg.OperationalError as failure:
        report.findings.append(
            error(
                "no-connection",
                f"the database cannot be used: {without_password(str(failure).strip(), dsn)}",
                "connection",
                "fix what the error says, or name another database with --dsn",
            )
        )
    return report


def _check_all(database: Database, known: Package | None, report: Report) -> None:
    _run("server", server.check, database, report)
    _run("notifications", listening.check, database, report)
    _run("migrations", migrations.check, database, report)
    if not database.has_tables:
        return
    checks: dict[str, Check] = {
        "tables": drift.check,
        "privileges": privileges.check,
        "vacuum": vacuum.check,
        "history": history.check,
        "snapshots": snapshots.check,
        "workers": workers.check,
        "waiting jobs": waiting.check,
        "refused claims": refused_claims.check,
        "schedules": lambda database: schedules.check(database, known),
    }
    if known is not None:
        checks["package"] = lambda database: package.check(database, known)
    for name, check in checks.items():
        _run(name, check, database, report)


def _run(name: str, check: Check, database: Database, report: Report) -> None:
    try:
        for finding in check(database):
            report.findings.append(finding)
    except Unread as reason:
        report.unread[name] = str(reason)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as problem:
        report.unread[name] = problem.diag.message_primary or type(problem).__name__
    else:
        report.checked.append(name)
