"""The lists of jobs and errors read a bounded number of rows by index, however large the table is.

The tests count the rows and pages that statements read, and measure no time.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.model.job import JobStatus
from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements.dashboard import bulk, errors, job_list
from conduit_runtime.statements.dashboard.reach import USUAL
from conduit_runtime.statements.many import changes
from plans import buffers, explain, most_rows, scans

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("a large list of jobs")]

JOBS = 300_000
HOUR = timedelta(hours=1)

FILL = """
INSERT INTO jobs (queue, type, payload, status, error, created_at, run_at)
SELECT 'queue' || n %% 5, 'type' || n %% 200, jsonb_build_object('customer', n),
       (ARRAY['completed', 'failed', 'pending', 'pending'])[1 + (hashint4(n) & 3)],
       CASE WHEN hashint4(n) & 3 = 1 THEN 'Order ' || n || ' is not paid' END,
       now() - make_interval(secs => %s - n), now() - make_interval(secs => %s - n)
FROM generate_series(1, %s) AS n
"""

INDEXES = {"jobs_pkey", "jobs_failed", "jobs_refused", "jobs_running", "jobs_claim"}
FILTERS = [
    JobFilter(),
    JobFilter(status="pending"),
    JobFilter(status="pending", queue="queue3"),
    JobFilter(status="due", queue="queue3", type="type8"),
    JobFilter(status="unreadable"),
    JobFilter(status="refused"),
    JobFilter(status="refused", queue="queue3"),
    JobFilter(status="scheduled"),
    JobFilter(status="running"),
    JobFilter(status="running", worker="w"),
    JobFilter(status="completed"),
    JobFilter(status="failed"),
    JobFilter(status="failed", error="no such"),
    JobFilter(status="failed", error_group="0" * 16),
    JobFilter(status="cancelled"),
    JobFilter(type="none"),
    JobFilter(queue="none", older=HOUR),
    JobFilter(newer=HOUR),
    JobFilter(worker="w"),
    JobFilter(payload={"customer": -1}),
]


@pytest.fixture(scope="module")
def large(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A database with many jobs that was never analyzed."""
    with new_database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE jobs SET (autovacuum_enabled = off)")
            connection.execute("SET session_replication_role = replica")
            connection.execute(FILL, (JOBS, JOBS, JOBS))
        yield dsn


@pytest.fixture(
    params=["without statistics", "with stale statistics", "with fresh statistics"], scope="module"
)
def connection(
    large: str, request: pytest.FixtureRequest
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of the dashboard, in a transaction that is rolled back."""
    with psycopg.connect(large) as connection:
        connection.execute(SETTINGS)
        connection.execute(PLANS)
        if "fresh" in request.param:
            connection.execute("ANALYZE jobs")
        elif "stale" in request.param:
            # As if the table had been analyzed when it held a few completed jobs.
            connection.execute("DELETE FROM pg_statistic WHERE starelid = 'jobs'::regclass")
            connection.execute("UPDATE pg_class SET reltuples = 10 WHERE oid = 'jobs'::regclass")
        yield connection
        connection.rollback()


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: str(wanted.given))
def test_it_reads_a_bounded_number_of_jobs(
    connection: psycopg.Connection[Any], wanted: JobFilter
) -> None:
    middle = UUID("f" * 32)
    statements: list[Statement[Any] | None] = [
        job_list.scan(wanted, 51, middle),
        job_list.few(wanted, 51, middle),
        job_list.scan(wanted, 51, middle, "oldest"),
        job_list.few(wanted, 51, sort="time"),
        job_list.first(wanted, 51, "attempts"),
        job_list.count(wanted),
        first_batch(wanted),
    ]
    for statement in statements:
        for cache in ("force_custom_plan", "force_generic_plan") if statement else ():
            connection.execute(f"SET LOCAL plan_cache_mode = {cache}")
            plan = explain(connection, statement, prepare=True)
            assert scans(plan) <= INDEXES
            most = USUAL.counted if statement.query == "dashboard/jobs/count" else USUAL.scanned
            assert most_rows(plan) <= most + 1
            assert buffers(plan) <= 2.2 * most


def first_batch(wanted: JobFilter) -> Statement[Any]:
    """Return the statement that finds the first jobs of an action in the background."""
    steps = bulk.change_matching(changes.retry([*JobStatus]), wanted)
    next(steps)
    return steps.send((None, UUID("f" * 32)))


def test_groups_of_errors_read_a_bounded_number_of_jobs(
    connection: psycopg.Connection[Any],
) -> None:
    for cache in ("force_custom_plan", "force_generic_plan"):
        connection.execute(f"SET LOCAL plan_cache_mode = {cache}")
        for queue, most in ((None, errors.READ), ("queue3", 6_000)):
            reading = errors.error_groups(queue=queue, before=UUID("f" * 32), scanned=6_000)
            plan = explain(connection, reading)
            assert scans(plan) <= {"jobs_failed", "jobs_pkey"}
            assert most_rows(plan) <= most
            assert buffers(plan) <= 2.2 * most


def test_a_change_reads_the_jobs_that_it_changes(connection: psycopg.Connection[Any]) -> None:
    some = "SELECT id FROM jobs WHERE status = 'pending' LIMIT 1000"
    ids = [id for (id,) in connection.execute(some).fetchall()]
    every = (changes.cancel(), changes.retry(["pending"]), changes.move("b"), changes.prioritize(1))
    for change in (*every, changes.run_now(), changes.delete()):
        with connection.transaction(force_rollback=True):
            plan = explain(connection, change.of(ids))
            assert scans(plan) == {"jobs_pkey"}
            assert most_rows(plan) <= 1000
