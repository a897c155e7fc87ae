"""`doctor` finds what holds vacuum back, and the dead rows that remain."""

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import embedded, migrate
from conduit_runtime.doctor.checked_database import Limits
from conduit_runtime.doctor.checkup import examine
from doctor_findings import codes, execute, find
from waiting import until


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


@pytest.mark.slow
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


@pytest.mark.slow
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
