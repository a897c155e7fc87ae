"""Each finding of `doctor` is found where it is caused, and none in a healthy database."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import CronScheduler, Job, Queue, Schedule, WorkerPool, embedded, migrate
from conduit_runtime.doctor import server as server_check
from conduit_runtime.doctor.checkup import Report, examine
from conduit_runtime.doctor.database import Limits, Package
from conduit_runtime.doctor.expected import expected
from conduit_runtime.doctor.finding import Finding
from conduit_runtime.postgres.connection import connect
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.tables.grants import grants
from conduit_runtime.statements import doctor, worker_registry
from conduit_runtime.worker.run.handlers import HandlerRegistry
from example_jobs import JOBS
from pgbouncer import PROGRAM, pgbouncer
from psycopg.conninfo import make_conninfo
from relay import Relay
from waiting import until

New = Callable[[], AbstractContextManager[str]]
HOUR = timedelta(hours=1)


@pytest.fixture
def fresh(new_database: New) -> Iterator[str]:
    """A database whose tables may be spoilt."""
    with new_database() as dsn:
        yield dsn


def execute(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def split(script: str) -> list[str]:
    """The statements of a script; a function's body may hold semicolons."""
    return [script] if "FUNCTION" in script else script.removesuffix(";").split("; ")


def find(dsn: str, code: str, **limits: float) -> Finding:
    """The one finding of this code."""
    report = examine(dsn, None, limits=Limits(**limits))  # type: ignore[arg-type]
    found = [finding for finding in report.findings if finding.code == code]
    assert len(found) == 1, report
    return found[0]


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_healthy_database_has_no_findings(queue: Queue) -> None:
    CronScheduler(queue).add(Schedule.every(hours=1, type="t"))
    queue.enqueue_many([Job(type="t", delay=HOUR), Job("mail", "t", delay=HOUR)])
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    with pool:
        report = examine(queue.dsn, None)
    assert (report.findings, report.unread) == ([], {})
    assert len(report.checked) == 11


def test_our_tables_are_read_from_the_migrations_as_postgres_has_them(fresh: str) -> None:
    wanted = expected()
    with connect(fresh, "test", "2s") as connection:
        names = [*wanted.tables]
        columns = run(connection, doctor.columns(names))
        has = {(each.table, each.name): (each.type, each.is_required) for each in columns}
        assert has == {
            (table, name): (column.type, column.is_required)
            for table, its in wanted.tables.items()
            for name, column in its.items()
        }
        [(tables,)] = connection.execute(
            "SELECT array_agg(relname::text) FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ).fetchall()
        assert {*tables} == {*names, "conduit_migrations"}
        for table in run(connection, doctor.tables(names)):
            assert dict(each.split("=") for each in table.options) == wanted.options[table.name]
        [(functions,)] = connection.execute(
            "SELECT array_agg(proname::text) FROM pg_proc "
            "WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
        assert {*functions} == {*wanted.functions}
        assert run(connection, doctor.triggers()).keys() == wanted.triggers.keys()


# Code, what causes it, what the action says.
DRIFT = [
    ("missing-table", "DROP TABLE conduit_metrics", "conduit-jobs migrate --print"),
    ("missing-column", "ALTER TABLE jobs DROP COLUMN trace", "ADD COLUMN trace jsonb"),
    ("altered-column", "ALTER TABLE jobs ALTER queue TYPE varchar(50)", "TYPE text"),
    ("altered-column", "ALTER TABLE jobs ALTER payload DROP NOT NULL", "SET NOT NULL"),
    ("missing-index", "DROP INDEX jobs_running", "CREATE INDEX CONCURRENTLY jobs_running"),
    (
        "invalid-index",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'jobs_running'::regclass",
        "REINDEX INDEX CONCURRENTLY",
    ),
    (
        "altered-index",
        "DROP INDEX jobs_claim; CREATE INDEX jobs_claim ON jobs (queue) WHERE status = 'pending'",
        "DROP INDEX",
    ),
    ("missing-trigger", "DROP TRIGGER conduit_notify ON jobs", "CREATE CONSTRAINT TRIGGER"),
    ("disabled-trigger", "ALTER TABLE jobs DISABLE TRIGGER conduit_notify", "ENABLE TRIGGER"),
    ("missing-function", "DROP FUNCTION conduit_cancel", "migrate --print"),
    (
        "altered-function",
        "CREATE OR REPLACE FUNCTION conduit_notify() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NULL; END'",
        "migrate --print",
    ),
    ("altered-function", "ALTER FUNCTION conduit_cancel RESET search_path", "migrate --print"),
    ("open-function", "GRANT EXECUTE ON FUNCTION conduit_enqueue TO PUBLIC", "REVOKE ALL"),
    ("storage-options", "ALTER TABLE jobs RESET (fillfactor)", "SET (fillfactor = 70)"),
    ("migration-missing", "DELETE FROM conduit_migrations", "conduit-jobs migrate"),
    ("migrated-by-newer", "INSERT INTO conduit_migrations VALUES (999)", "pip install --upgrade"),
    (
        "autovacuum-off",
        "ALTER TABLE jobs SET (autovacuum_enabled = off)",
        "RESET (autovacuum_enabled)",
    ),
]


@pytest.mark.parametrize(("code", "cause", "action"), DRIFT)
def test_what_was_changed_in_our_tables(fresh: str, code: str, cause: str, action: str) -> None:
    execute(fresh, *split(cause))
    finding = find(fresh, code)
    assert action in finding.action
    assert finding.where


@pytest.mark.parametrize(
    ("code", "cause"),
    [(code, cause) for code, cause, action in DRIFT if action.split()[0].isupper()],
)
def test_the_action_mends_it(empty_dsn: str, code: str, cause: str) -> None:
    """In a schema of an odd name, which is not on the search path."""
    schema = 'our "jobs" %'
    migrate(empty_dsn, schema)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', quote_ident(%s), false)", (schema,))
        for statement in split(cause):
            connection.execute(statement)
    found = [each for each in examine(empty_dsn, schema).findings if each.code == code]
    assert len(found) == 1
    execute(empty_dsn, *split(found[0].action))
    assert codes(examine(empty_dsn, schema)) == []


@pytest.mark.parametrize(
    "cause",
    [
        "DROP TABLE conduit_metrics",
        "DROP FUNCTION conduit_cancel",
        "CREATE OR REPLACE FUNCTION conduit_notify() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NULL; END'",
        "CREATE OR REPLACE FUNCTION conduit_cancel(wanted uuid) RETURNS boolean LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_the_statement_of_what_is_gone_is_printed(empty_dsn: str, cause: str) -> None:
    migrate(empty_dsn, "other")
    search = "SET search_path = other"
    execute(empty_dsn, search, cause)
    [finding] = examine(empty_dsn, "other").findings
    command, _, rest = finding.action.partition(" prints its statement: ")
    command = command.replace("conduit-jobs", f"{sys.executable} -m conduit_runtime.cli", 1)
    statement = subprocess.check_output(["bash", "-c", command], text=True)
    if "OR REPLACE" in rest:
        statement = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    execute(empty_dsn, search, statement, rest.partition("; then: ")[2])
    assert codes(examine(empty_dsn, "other")) == []


def test_no_tables(empty_dsn: str) -> None:
    report = examine(empty_dsn, None)
    assert codes(report) == ["not-migrated"]
    migrate(empty_dsn, "elsewhere")
    assert codes(examine(empty_dsn, None)) == ["not-migrated"]
    assert codes(examine(empty_dsn, "elsewhere")) == []


def test_no_connection() -> None:
    report = examine("host=127.0.0.1 port=1 password=hunter2", None)
    assert codes(report) == ["no-connection"]
    assert report.has_errors
    assert "hunter2" not in str(report)


def test_a_clock_that_is_off(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this process, as its machine's is no test's to set."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 60)
    assert "60 s behind the server's" in find(dsn, "clock-skew").message
    monkeypatch.setattr(time, "time", lambda: now() + 60)
    assert "60 s ahead of the server's" in find(dsn, "clock-skew").message


@pytest.mark.parametrize(
    ("version", "standby", "code"),
    [
        (130_012, False, "server-too-old"),
        (190_000, False, "server-too-new"),
        (180_001, True, "standby"),
    ],
)
def test_a_server_that_is_none_of_ours(version: int, standby: bool, code: str) -> None:
    found = server_check.judge(doctor.Server(version, standby, 100.0, True), 100.0, 100.1, 5.0)
    assert [finding.code for finding in found] == [code]


@pytest.mark.skipif(PROGRAM is None, reason="there is no pgbouncer")
def test_a_pooler(dsn: str) -> None:
    with pgbouncer(dsn, 3) as pooled:
        report = examine(pooled, None)
    assert codes(report) == ["pooler"]
    assert report.unread == {}


class Deaf(Relay):
    """A relay that swallows notifications: the messages `A` of the server."""

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: bytes | None
    ) -> None:
        if to is None:
            await super()._pass(reader, writer, to)
            return
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(5)
                body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                if head[:1] != b"A":
                    writer.write(head + body)
                    await writer.drain()
        writer.close()


def test_notifications_that_do_not_arrive(dsn: str) -> None:
    relay = Deaf(dsn)
    try:
        assert "polling" in find(relay.dsn, "no-notifications", notification=0.5).message
    finally:
        relay.close()


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


def test_a_standby(tmp_path: Path) -> None:
    settings = {"fsync": "off", "wal_level": "replica"}
    with embedded.start(tmp_path / "postgres", settings=settings) as server:
        migrate(server.dsn)
        execute(server.dsn, "CHECKPOINT")  # a standby reads nothing of before wal_level was set
        data = server.folder / "data"
        (data / "standby.signal").touch(0o666)
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        until(lambda: "standby" in codes(report := examine(server.dsn, None)) and report)
        assert examine(server.dsn, None).unread == {}


def test_a_held_snapshot_and_a_prepared_transaction(dsn: str) -> None:
    with psycopg.connect(dsn, application_name="forgotten") as holder:
        holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        holder.execute("SELECT count(*) FROM jobs")
        finding = find(dsn, "held-snapshot", snapshot=0.0)
        assert "forgotten" in finding.message
        assert str(holder.info.backend_pid) in finding.action
        holder.rollback()
        assert "held-snapshot" not in codes(examine(dsn, None, limits=Limits(snapshot=0.0)))
        name = uuid4().hex
        holder.execute("SET LOCAL conduit.wake = 'off'")
        holder.execute("INSERT INTO jobs (type) VALUES ('t')")
        holder.execute(f"PREPARE TRANSACTION '{name}'")
        finding = find(dsn, "prepared-transaction", snapshot=0.0)
        assert name in finding.action
        execute(dsn, finding.action.split("; or ")[1])
        assert "prepared-transaction" not in codes(examine(dsn, None, limits=Limits(snapshot=0.0)))


def test_a_slot_that_nothing_reads_and_a_server_that_does_not_vacuum(tmp_path: Path) -> None:
    settings = {
        "fsync": "off",
        "wal_level": "logical",
        "max_wal_senders": "2",
        "autovacuum": "off",
    }
    with embedded.server(tmp_path / "pg", settings=settings) as dsn:
        migrate(dsn)
        execute(dsn, "SELECT pg_create_logical_replication_slot('left', 'pgoutput')")
        assert "autovacuum is off on the server" in find(dsn, "autovacuum-off").message
        finding = find(dsn, "inactive-slot")
        assert "pg_drop_replication_slot('left')" in finding.action


def test_dead_rows_and_a_bloated_index(fresh: str) -> None:
    execute(
        fresh,
        "ALTER TABLE jobs SET (autovacuum_enabled = off)",
        "SET session_replication_role = replica",
    )
    with psycopg.connect(fresh, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO jobs (type, run_at) SELECT 't', now() FROM generate_series(1, 30000)"
        )
        connection.execute("UPDATE jobs SET status = 'completed'")
        connection.execute(
            "SELECT pg_stat_force_next_flush()"
        ) if connection.info.server_version >= 150000 else None
        until(lambda: "dead-rows" in codes(examine(fresh, None, limits=Limits(dead_rows=20_000))))
        finding = find(fresh, "dead-rows", dead_rows=20_000)
        assert "jobs has 30,000 dead rows" in finding.message
        connection.execute("VACUUM jobs")
    finding = find(fresh, "bloated-index", index_size=500_000)
    assert "jobs_claim" in finding.where
    execute(fresh, finding.action)
    assert "bloated-index" not in codes(examine(fresh, None, limits=Limits(index_size=500_000)))


def register(
    dsn: str, name: str, queues: list[str], types: list[str], silent: bool = False
) -> None:
    with connect(dsn, "test", "2s") as connection:
        lanes = [(type_, "") for type_ in types]
        run(connection, worker_registry.register(name, None, "a host", 7, queues, lanes))
        if silent:
            connection.execute("UPDATE conduit_workers SET seen_at = now() - interval '1 hour'")


def test_a_dead_worker_and_the_jobs_that_it_held(queue: Queue, dsn: str) -> None:
    register(dsn, "gone", ["default"], ["t"], silent=True)
    queue.enqueue(Job(type="t"))
    execute(
        dsn,
        "UPDATE jobs SET status = 'running', locked_by = 'gone', "
        "locked_at = now() - interval '1 hour'",
    )
    assert "gone" in find(dsn, "dead-worker").message
    stuck = find(dsn, "stuck-jobs")
    assert "1 job is marked as running for 60 minutes" in stuck.message
    assert stuck.where == "held by gone"
    assert stuck.severity == "error"


def test_a_lease_that_lapsed(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t"))
    queue.dequeue("by hand")
    assert "stuck-jobs" not in codes(examine(dsn, None))
    execute(dsn, "UPDATE jobs SET leased_until = now() - interval '1 hour'")
    assert find(dsn, "stuck-jobs").where == "held by by hand"


def test_a_queue_without_a_worker_a_paused_one_and_a_type_without_code(
    queue: Queue, dsn: str
) -> None:
    register(dsn, "here", ["default", "paused"], ["known"])
    due = {"delay": -HOUR}
    queue.enqueue_many(
        [
            Job("mail", "known", **due),
            Job("default", "known", **due),
            Job("default", "typo", **due),
            Job("paused", "known", **due),
            Job("default", "just now"),
            Job("default", "later", delay=HOUR),
        ]
    )
    queue.pause("paused")
    report = examine(dsn, None)
    assert sorted(codes(report)) == ["paused-queue", "queue-without-worker", "unhandled-type"]
    unserved = find(dsn, "queue-without-worker")
    assert unserved.where == "queue mail"
    assert "for up to 60 minutes" in unserved.message
    assert "typo" in find(dsn, "unhandled-type").message
    assert find(dsn, "paused-queue").severity == "warning"
    assert find(dsn, "paused-queue").action == "conduit-jobs queues resume paused"


def test_unreadable_jobs(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t", fingerprint="0a"))
    execute(dsn, "UPDATE jobs SET fingerprint = '0a!9b'")
    finding = find(dsn, "unreadable-jobs")
    assert "jobs of t with the shape 0a" in finding.message
    assert finding.severity == "error"


def test_schedules_without_code_and_failing_ones(queue: Queue, dsn: str) -> None:
    scheduler = CronScheduler(queue)
    scheduler.add(Schedule.every(hours=1, type="known"))
    report = examine(dsn, None)
    assert "PACKAGE" in report.unread["schedules"]
    register(dsn, "here", ["default"], ["known"])
    assert codes(examine(dsn, None)) == []
    scheduler.add(Schedule.every(hours=1, type="typo", name="nightly"))
    finding = find(dsn, "schedule-without-code")
    assert "nightly enqueues jobs of typo" in finding.message
    handlers = HandlerRegistry()
    handlers.register("typo", lambda context, payload: None)
    package = Package(("p",), handlers)
    assert codes(examine(dsn, None, package)) == []
    scheduler.disable("nightly")
    assert codes(examine(dsn, None)) == []
    execute(dsn, "UPDATE conduit_schedules SET failures = 3, error = 'no' WHERE name = 'known'")
    assert "3 times in a row: no" in find(dsn, "failing-schedule").message


def test_a_package_that_would_strand_jobs(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="other"))
    queue.enqueue(Job(JOBS[0].queue, JOBS[0].name, {}, fingerprint="old"))
    handlers = HandlerRegistry()
    handlers.register_job_types(JOBS)
    package = Package(("app.jobs",), handlers, {JOBS[0].queue: None})
    report = examine(dsn, None, package)
    assert codes(report) == ["stranded-jobs"]
    assert report.findings[0].action == "conduit-jobs preflight app.jobs"


def test_it_does_not_wait_for_locks(dsn: str) -> None:
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        report = examine(dsn, None)
        assert time.monotonic() - began < 60
    assert "waiting jobs" in report.unread
