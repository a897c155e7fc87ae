"""What `doctor` finds in a database."""

import psycopg
from conduit_runtime.doctor.checked_database import Limits
from conduit_runtime.doctor.checkup import Report, examine
from conduit_runtime.doctor.finding import Finding
from conduit_runtime.postgres.connection import connect
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import worker_registry


def execute(dsn: str, *statements: str) -> None:
    """Execute each statement in its own transaction."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def find(dsn: str, code: str, **limits: float) -> Finding:
    """Return the only finding with this code."""
    report = examine(dsn, None, limits=Limits(**limits))  # type: ignore[arg-type]
    found = [finding for finding in report.findings if finding.code == code]
    assert len(found) == 1, report
    return found[0]


def codes(report: Report) -> list[str]:
    """Return the codes of all findings, in order."""
    return [finding.code for finding in report.findings]


def register(
    dsn: str, name: str, queues: list[str], types: list[str], silent: bool = False
) -> None:
    """Note a live worker of these queues and types, or one whose heartbeats ended."""
    with connect(dsn, "test", "2s") as connection:
        lanes = [(type_, "") for type_ in types]
        run(connection, worker_registry.register(name, None, "a host", 7, queues, lanes))
        if silent:
            connection.execute("UPDATE conduit_workers SET seen_at = now() - interval '1 hour'")
