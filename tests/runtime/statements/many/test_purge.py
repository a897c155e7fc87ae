"""Purging a large table: by index, a page at a time, without blocking other transactions."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.postgres.steps import run_steps
from conduit_runtime.statements.many.purge import PAGE, purge
from plans import Plan, buffers, nodes

pytestmark = pytest.mark.slow

ENDED = ("completed", "failed", "cancelled")
JOBS = 250_000
DAYS = 25
"""How many days ago the first job ended; one job in a hundred is still pending."""

FILL = """
INSERT INTO jobs (id, type, status, priority, created_at, completed_at)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7000' || substr(md5(n::text), 1, 16))::uuid,
       't', (ARRAY['pending', 'failed', 'cancelled'] || array_fill('completed'::text, ARRAY[97]))[
         1 + n %% 100],
       n %% 100, at, at
FROM generate_series(1, %(jobs)s) AS n
CROSS JOIN LATERAL (
  SELECT now() - make_interval(days => %(days)s) * (%(jobs)s - n) / %(jobs)s
) AS time (at)
"""


@pytest.fixture(scope="module")
def history(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database with jobs that ended over some weeks, and was never analyzed."""
    with new_database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
            connection.execute("SET session_replication_role = replica")
            connection.execute(FILL, {"jobs": JOBS, "days": DAYS})
        yield dsn


@pytest.fixture(params=["without statistics", "with stale statistics", "with fresh statistics"])
def connection(
    history: str, request: pytest.FixtureRequest
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """An application's connection, in a transaction that is rolled back."""
    with psycopg.connect(history) as connection:
        if "fresh" in request.param:
            connection.execute("ANALYZE jobs")
        elif "stale" in request.param:
            connection.execute("DELETE FROM pg_statistic WHERE starelid = 'jobs'::regclass")
            connection.execute("UPDATE pg_class SET reltuples = 10 WHERE oid = 'jobs'::regclass")
        yield connection
        connection.rollback()


def test_what_a_purge_reads(connection: psycopg.Connection[Any]) -> None:
    plans: list[Plan] = []

    def explained(statement: Statement[Any]) -> Any:
        if "DELETE FROM jobs" in statement.sql():
            connection.execute("SAVEPOINT s")
            explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement.sql()}"
            [(explained,)] = connection.execute(explain, statement.parameters).fetchall()
            plans.append(explained[0]["Plan"])
            connection.execute("ROLLBACK TO s")
        return run(connection, statement)

    [(there, old)] = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE status <> 'pending' AND "
        "completed_at < now() - interval '5 days') FROM jobs"
    ).fetchall()
    assert old > JOBS / 2
    assert run_steps(purge(timedelta(days=5), ENDED, None), explained) == old
    assert there / PAGE <= len(plans) <= there / PAGE + 2
    for plan in plans:
        scans = [node for node in nodes(plan) if node.get("Relation Name") == "jobs"]
        assert max(scan["Actual Rows"] * scan["Actual Loops"] for scan in scans) <= PAGE
        assert buffers(plan) <= 12 * PAGE


def test_no_transaction_waits_for_a_purge(history: str) -> None:
    """A purge skips rows that another transaction holds, and holds its own for a page only."""
    with (
        psycopg.connect(history) as holder,
        psycopg.connect(history, autocommit=True) as other,
        Queue(history) as queue,
    ):
        other.execute("SET lock_timeout = '5s'")
        [(kept,)] = other.execute("SELECT id FROM jobs WHERE status = 'pending' LIMIT 1").fetchall()
        [(held,)] = holder.execute(
            "SELECT id FROM jobs WHERE status = 'completed' ORDER BY id LIMIT 1 FOR UPDATE"
        ).fetchall()
        purging = threading.Thread(target=queue.purge, args=(timedelta(days=DAYS - 2),))
        purging.start()
        updates = 0
        while purging.is_alive():
            other.execute("UPDATE jobs SET priority = 1 WHERE id = %s", (kept,))
            updates += 1
        purging.join()
        assert updates > 1
        assert queue.get(held) is not None
        holder.rollback()
        assert queue.purge(timedelta(days=DAYS - 2)) == 1


def test_whatever_the_id_says(dsn: str) -> None:
    now = datetime.now(UTC)
    ids = [
        UUID(int=1),  # typed by hand
        UUID("10000000-0000-4000-8000-000000000000"),
        UUID("ffffffff-ffff-ffff-ffff-ffffffffffff"),
        *(uuid4() for _ in range(20)),
        Job(type="t").id,
    ]
    with Queue(dsn) as queue, psycopg.connect(dsn) as connection:
        for n, id_ in enumerate(ids):
            connection.execute(
                "INSERT INTO jobs (id, type, status, created_at, completed_at) VALUES "
                "(%s, 't', %s, %s, %s)",
                (id_, ENDED[n % 3], now - timedelta(days=9), now - timedelta(days=8 - 7 * (n % 2))),
            )
        connection.execute("INSERT INTO jobs (id, type) VALUES (gen_random_uuid(), 't')")
        connection.commit()
        assert queue.purge(timedelta(days=30), ENDED) == 0
        old = [id_ for n, id_ in enumerate(ids[:-1]) if n % 2 == 0]
        assert queue.purge(timedelta(days=4), ENDED) == len(old)
        assert all(queue.get(id_) is None for id_ in old)
        assert queue.purge(timedelta(0), ENDED) == len(ids) - len(old)
        assert queue.stats().pending == queue.stats().total == 1
