"""`doctor` says what a role may not do, and what `doctor` could not read."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.postgres.tables.grants import grants
from doctor_findings import codes, execute
from psycopg.conninfo import make_conninfo


@contextmanager
def role(dsn: str, *grants: str) -> Iterator[str]:
    name = f"r{uuid4().hex[:8]}"
    execute(dsn, f"CREATE ROLE {name} LOGIN", *(each.format(name) for each in grants))
    try:
        yield make_conninfo(dsn, user=name)
    finally:
        execute(dsn, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_a_role_that_reads_is_told_what_it_cannot_do(fresh: str) -> None:
    with role(
        fresh, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}", "GRANT pg_read_all_stats TO {}"
    ) as dsn:
        report = examine(dsn, None)
    assert codes(report) == ["cannot-work"]
    assert "INSERT, UPDATE, DELETE on jobs" in report.findings[0].message
    assert "--print-grants --worker" in report.findings[0].action
    assert not report.has_errors
    assert report.unread == {}


def test_a_weak_role_is_told_what_it_cannot_look_at(fresh: str) -> None:
    execute(fresh, "ALTER TABLE jobs RESET (fillfactor)")
    with role(fresh, "GRANT INSERT ON jobs TO {}") as dsn:
        report = examine(dsn, None)
    assert codes(report) == ["storage-options", "cannot-work"]
    assert "may enqueue but not run a worker" in report.findings[1].message
    assert report.unread["waiting jobs"] == "permission denied for table jobs"
    assert "pg_read_all_stats" in report.unread["snapshots"]


def test_a_role_without_the_schema_is_told_so(fresh: str) -> None:
    execute(fresh, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    try:
        with role(fresh) as dsn:
            report = examine(dsn, "public")
    finally:
        execute(fresh, "GRANT USAGE ON SCHEMA public TO PUBLIC")
    assert codes(report) == []
    assert report.unread == {"migrations": "permission denied for schema public"}


def test_what_is_granted_to_readers_is_enough(fresh: str) -> None:
    with role(fresh) as dsn:
        name = psycopg.conninfo.conninfo_to_dict(dsn)["user"]
        execute(fresh, *grants(None, readers=[str(name)]))
        report = examine(dsn, None)
    assert codes(report) == ["cannot-work"]
    assert report.unread.keys() == {"snapshots"}
