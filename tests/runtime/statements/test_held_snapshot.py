"""What the claims of steady work read while another transaction holds a snapshot."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from conduit_runtime.statements.claims import Claims

RATE = 800
SECONDS_A_PAGE = 3e-6


class Work:
    """A worker whose clock stands still except for its claims, and for what they read."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._claims = Claims()
        self._now = 0.0

    def claim(self) -> int:
        """Enqueue a few jobs, claim them and complete them; return the pages that that read."""
        self._connection.execute(
            "INSERT INTO jobs (type) SELECT 't' FROM generate_series(1, %s)", (RATE // 100,)
        )
        claim = self._claims.next("w", {"default": 100}, [("t", "")], 100, self._now, 1)
        explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {claim.sql()}"
        [(explained,)] = self._connection.execute(explain, claim.parameters)
        plan = explained[0]["Plan"]
        pages: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        rows = self._connection.execute(
            "UPDATE jobs SET status = 'completed', token = NULL, locked_by = NULL"
            " WHERE status = 'running' RETURNING id, type, queue, '', 0, 3, priority, 0, NULL,"
            " (extract(epoch FROM run_at - '2000-01-01 00:00Z') * 1e6)::bigint, seq, NULL, NULL"
        ).fetchall()
        jobs = claim.decode(rows, len(rows))
        ended = self._now + pages * SECONDS_A_PAGE
        self._claims.learn(jobs, 100, self._now, ended)
        self._now = max(ended, self._now + 0.01)
        return pages

    def average(self) -> float:
        """The pages that a claim reads, once the worker knows what scans cost."""
        for _ in range(12):
            self.claim()
            self._now += 0.5
        return sum(self.claim() for _ in range(100)) / 100


@pytest.fixture
def work(dsn: str) -> Iterator[tuple[Work, psycopg.Connection[Any]]]:
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn, autocommit=True) as connection:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM jobs")
        connection.execute("SET session_replication_role = replica")
        connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
        yield Work(connection), connection
        holder.rollback()


@pytest.mark.slow
def test_claims_read_as_much_after_two_minutes_of_a_held_snapshot_as_after_seconds(
    work: tuple[Work, psycopg.Connection[Any]],
) -> None:
    worker, connection = work
    read = []
    for seconds in (0, 10, 30, 120):
        connection.execute(
            "INSERT INTO jobs (type, run_at)"
            " SELECT 't', now() - number * interval '1 s' / %(rate)s"
            " FROM generate_series(%(count)s, 1, -1) AS number",
            {"rate": RATE, "count": RATE * seconds},
        )
        connection.execute("UPDATE jobs SET status = 'completed' WHERE status = 'pending'")
        read.append(worker.average())
    assert max(read[1:]) < 4 * read[0], read
    assert read[-1] < 1.5 * read[1], read
