"""What the claims of steady work read while another transaction holds a snapshot."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime.worker.claim.claim_memory import ClaimMemory

RATE = 800
LIMIT = 500
SECONDS_A_PAGE = 3e-6


class Work:
    """A worker, and a clock that moves only between its claims and with the pages that they read.

    Jobs become due, and claims see the time, by this clock: the speed of the machine has no effect.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._claims = ClaimMemory()
        self._now = 1000.0
        self._worked = self._now
        self._due: list[UUID] = []

    def claim(self) -> int:
        """Enqueue what became due meanwhile, claim and complete it; return the pages read."""
        self._enqueue()
        claim = self._claims.next("w", {"default": LIMIT}, [("t", "")], LIMIT, self._now, 1)
        sql = claim.sql().replace("pg_catalog.now()", f"pg_catalog.to_timestamp({self._now})")
        explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}"
        [(explained,)] = self._connection.execute(explain, claim.parameters)
        plan = explained[0]["Plan"]
        pages: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        rows = self._connection.execute(
            "UPDATE jobs SET status = 'completed', token = NULL, locked_by = NULL"
            " WHERE id = ANY (%s) AND status = 'running'"
            " RETURNING id, type, queue, '', NULL, 0, 3, priority, 0, NULL, NULL,"
            " (extract(epoch FROM run_at - '2000-01-01 00:00Z') * 1e6)::bigint, seq, NULL, NULL,"
            " '', true",
            (self._due,),
        ).fetchall()
        jobs = claim.decode(rows, len(rows))
        assert len(jobs) == len(rows)
        ended = self._now + pages * SECONDS_A_PAGE
        self._due = [*{*self._due} - {job.id for job in jobs}]
        self._claims.learn(jobs, LIMIT, self._now, ended)
        self._now = ended
        return pages

    def average(self) -> float:
        """The pages that a claim reads, once the worker knows what scans cost."""
        for _ in range(20):
            self._now += 0.3
            self.claim()
        read = []
        for _ in range(100):
            self._now += 0.01
            read.append(self.claim())
        return sum(read) / len(read)

    def skip(self, seconds: float) -> None:
        """Leave the dead entries of so much work that others did."""
        self._now += seconds
        self._enqueue()
        self._connection.execute(
            "UPDATE jobs SET status = 'completed' WHERE id = ANY (%s)", (self._due,)
        )
        self._due = []

    def _enqueue(self) -> None:
        count = int((self._now - self._worked) * RATE)
        due = self._connection.execute(
            "INSERT INTO jobs (type, run_at) SELECT 't', to_timestamp(%s + number / %s::float8)"
            " FROM generate_series(1, %s) AS number RETURNING id",
            (self._worked, RATE, count),
        )
        self._due += [id_ for (id_,) in due]
        self._worked += count / RATE


@pytest.fixture
def work(dsn: str) -> Iterator[Work]:
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn, autocommit=True) as connection:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM jobs")
        connection.execute("SET session_replication_role = replica")
        connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
        yield Work(connection)
        holder.rollback()


@pytest.mark.slow
def test_claims_read_no_more_while_a_snapshot_is_held_for_longer(work: Work) -> None:
    read = [work.average()]
    for seconds in (20, 60):
        work.skip(seconds)
        read.append(work.average())
    assert max(read) < 1.3 * read[0], read
