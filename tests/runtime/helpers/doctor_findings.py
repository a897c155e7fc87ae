"""What `doctor` finds in a database."""

import psycopg
from conduit_runtime.doctor.checked_database import Limits
from conduit_runtime.doctor.checkup import Report, examine
from conduit_runtime.doctor.finding import Finding


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
