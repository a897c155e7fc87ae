"""The worker's statements read a table of a million jobs by index, a batch at a time.

The tests count the rows and pages that statements read, and measure no time.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime.model.job import Job
from conduit_runtime.model.workers.worker_state import DeadWorker
from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements import jobs as store
from conduit_runtime.statements import outcomes as attempts
from conduit_runtime.statements import preflight, worker_registry
from conduit_runtime.statements.many.expiry import IN_ORDER
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.statements.refused_claims import retry_refused
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from plans import buffers, explain, most_rows, scans
from psycopg.conninfo import conninfo_to_dict

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("a million jobs")]

JOBS = 1_000_000
BATCH = 500

# Half of the jobs come before those that a worker may take: of unknown type or due in a week.
FILL = """
INSERT INTO jobs (queue, type, priority, run_at)
SELECT 'default', CASE WHEN n %% 4 = 0 THEN 'unknown' ELSE 'known' END,
       CASE WHEN n %% 2 = 0 THEN 60 ELSE 50 END,
       now() + CASE WHEN n %% 4 = 2 THEN interval '7 days' ELSE interval '0' END
FROM generate_series(1, %s) AS n
"""


@pytest.fixture(scope="module")
def million(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database with a million pending jobs that was never analyzed."""
    with new_database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
            connection.execute("SET session_replication_role = replica")
            [(index,)] = connection.execute(
                "SELECT indexdef FROM pg_indexes WHERE indexname = 'jobs_claim'"
            ).fetchall()
            connection.execute("DROP INDEX jobs_claim")
            connection.execute(FILL, (JOBS,))
            connection.execute(index)
            connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
        yield dsn


@pytest.fixture(params=["without statistics", "with stale statistics", "with fresh statistics"])
def connection(
    million: str, request: pytest.FixtureRequest
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A worker's connection to a copy, so that no page holds what other tests rolled back."""
    copy, original = f"conduit_{uuid4().hex}", conninfo_to_dict(million)["dbname"]
    with psycopg.connect(million, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {copy} TEMPLATE {original} STRATEGY file_copy")
    with psycopg.connect(million, dbname=copy) as connection:
        connection.execute(PLANS)
        if "fresh" in request.param:
            connection.execute("ANALYZE jobs")
        elif "stale" in request.param:
            # As if the table had been analyzed when it held a few completed jobs.
            connection.execute("DELETE FROM pg_statistic WHERE starelid = 'jobs'::regclass")
            connection.execute("UPDATE pg_class SET reltuples = 10 WHERE oid = 'jobs'::regclass")
        yield connection
    with psycopg.connect(million, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {copy}")


def test_a_claim(connection: psycopg.Connection[Any]) -> None:
    plan = explain(connection, claim())
    assert scans(plan) == {"jobs_claim", "Tid Scan"}
    # The heads of the lanes, each row once to choose it and once to update it.
    assert most_rows(plan) <= 2 * BATCH
    assert buffers(plan) <= 30 * BATCH


def test_a_claim_of_many_lanes(connection: psycopg.Connection[Any]) -> None:
    lanes = [("known", ""), *((f"type {n}", f"{n}") for n in range(200))]
    plan = explain(connection, claim(lanes))
    assert scans(plan) == {"jobs_claim", "Tid Scan"}
    assert most_rows(plan) <= 2 * BATCH
    assert buffers(plan) <= 60 * BATCH


def test_a_completion(connection: psycopg.Connection[Any]) -> None:
    plan = explain(connection, attempts.complete(held(connection)))
    assert scans(plan) == {"jobs_pkey"}
    assert buffers(plan) <= 30 * BATCH


def test_other_outcomes(connection: psycopg.Connection[Any]) -> None:
    for statement in (attempts.end([]), attempts.mark_started(held(connection))):
        assert scans(explain(connection, statement)) == {"jobs_pkey"}


def test_a_rescue(connection: psycopg.Connection[Any]) -> None:
    held(connection)
    dead = DeadWorker("w", heartbeat=0, silent=True)
    plan = explain(connection, worker_registry.rescue(dead))
    assert scans(plan) <= {"jobs_running", "jobs_pkey", "Tid Scan"}
    assert buffers(plan) <= 60 * BATCH


def test_an_audit_of_recent_claims(connection: psycopg.Connection[Any]) -> None:
    held(connection)
    connection.execute(
        "UPDATE jobs SET locked_at = now() - interval '1 hour' WHERE status = 'running'"
    )
    plan = explain(connection, attempts.held_jobs("w", 10.0))
    assert scans(plan) == {"jobs_running"}
    assert buffers(plan) <= 50


def test_a_search_for_orphans(connection: psycopg.Connection[Any]) -> None:
    held(connection)
    plan = explain(connection, worker_registry.rescue_orphans())
    assert scans(plan) <= {"jobs_running", "jobs_pkey", "Tid Scan"}
    assert buffers(plan) <= 30 * BATCH
    plan = explain(connection, worker_registry.has_orphans())
    assert scans(plan) <= {"jobs_running", "Tid Scan"}
    assert buffers(plan) <= 30 * BATCH


def test_a_search_for_unserved_queues(connection: psycopg.Connection[Any]) -> None:
    connection.execute("RESET ALL")  # as on the connection of heartbeats
    plan = explain(connection, worker_registry.unserved_queues(["known"]))
    assert scans(plan) == {"jobs_claim"}
    assert buffers(plan) <= 100


def test_a_heartbeat(connection: psycopg.Connection[Any]) -> None:
    connection.execute("RESET ALL")
    heartbeat = worker_registry.heartbeat("w", ["default", "other"])
    plan = explain(connection, heartbeat)
    assert "jobs_refused" in scans(plan)
    assert buffers(plan) <= 30


def test_a_sweep_of_expired_jobs(connection: psycopg.Connection[Any]) -> None:
    few = "(SELECT id FROM jobs WHERE type = 'known' LIMIT %s)"
    connection.execute(f"UPDATE jobs SET expires = 3600 WHERE id IN {few}", (10 * BATCH,))
    finding = Statement("job/expired", {"limit": BATCH}, lambda rows, count: rows)
    connection.execute("RESET ALL")  # as on the connection of heartbeats
    heartbeat = worker_registry.heartbeat("w", ["default", "other"])
    assert buffers(explain(connection, heartbeat)) <= 60
    connection.execute(IN_ORDER)
    plan = explain(connection, finding)
    assert scans(plan) == {"jobs_expiry"}
    assert buffers(plan) <= 30
    connection.execute(
        "UPDATE jobs SET run_at = now() - interval '1 day' WHERE expires IS NOT NULL"
    )
    assert buffers(explain(connection, finding)) <= 30 * BATCH
    found = connection.execute(finding.sql(), finding.parameters).fetchall()
    plan = explain(connection, Statement("job/expire", {"ids": [*(id_ for (id_,) in found)]}, len))
    assert scans(plan) <= {"jobs_expiry", "jobs_pkey", "Bitmap Heap Scan"}
    assert buffers(plan) <= 60 * BATCH


def test_a_retry_of_refused_jobs(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "UPDATE jobs SET refusals = 1, run_at = now() + interval '1 s'"
        " WHERE id IN (SELECT id FROM jobs LIMIT %s)",
        (10 * BATCH,),
    )
    plan = explain(connection, retry_refused(["default"], BATCH))
    assert scans(plan) <= {"jobs_refused", "Tid Scan"}
    assert buffers(plan) <= 30 * BATCH


def test_a_preflight(connection: psycopg.Connection[Any]) -> None:
    plan = explain(connection, preflight.pending(10 * BATCH))
    assert scans(plan) == {"jobs_claim"}
    # Three lanes share the count, due and future jobs apart.
    assert most_rows(plan) <= 20 * BATCH
    assert buffers(plan) <= 30 * BATCH
    assert scans(explain(connection, preflight.pending())) == {"jobs_claim"}


def test_counts_read_the_table_once(connection: psycopg.Connection[Any]) -> None:
    [(pages,)] = connection.execute(
        "SELECT pg_relation_size('jobs') / current_setting('block_size')::int"
    ).fetchall()
    connection.execute("RESET ALL")  # an application's connection
    for queue in (None, "default"):
        plan = explain(connection, store.stats(queue))
        assert len(scans(plan)) == 1
        assert buffers(plan) <= pages + 100


def claim(lanes: list[tuple[str, str]] | None = None) -> Statement[Any]:
    return ClaimMemory().next("w", {"default": BATCH}, lanes or [("known", "")], BATCH, 0.0)


def held(connection: psycopg.Connection[Any]) -> list[Attempt]:
    """Claim a batch, and return its attempts."""
    statement = claim()
    rows = connection.execute(statement.sql(), statement.parameters).fetchall()
    token: UUID = statement.parameters["token"]
    assert len(rows) == BATCH
    return [Attempt(Job(id=row[0], token=token), 0.001) for row in rows]
