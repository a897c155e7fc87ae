"""What records of steps cost, and which are swept."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
from conduit_runtime import Job, Queue, chain
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements.jobs import retry_job
from conduit_runtime.statements.steps import Record, fork_job, steps_of, store, sweep
from plans import explain, nodes, scans

COUNT = 500


def running(connection: psycopg.Connection[Any]) -> list[Claimed]:
    sql = "UPDATE jobs SET status = 'running', token = gen_random_uuid() RETURNING token, id"
    rows = connection.execute(sql).fetchall()
    return [Claimed(token, id_, "t", "default") for token, id_ in rows]


def written(connection: psycopg.Connection[Any], statement: Statement[Any]) -> int:
    """Run a statement; return the bytes that it wrote to the WAL, without full pages."""
    sql = f"EXPLAIN (ANALYZE, WAL, TIMING OFF, FORMAT JSON) {statement.sql()}"
    [(found,)] = connection.execute(sql, statement.parameters).fetchall()
    plan = found[0]["Plan"]
    return int(plan["WAL Bytes"] - 8_192 * plan["WAL FPI"])


def test_a_record_is_at_most_300_bytes_of_wal(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(COUNT)])
    with psycopg.connect(dsn, autocommit=True) as connection:
        jobs = running(connection)
        bytes_of = [
            written(connection, store([Record(job, name, "null", 0.001) for job in jobs]))
            for name in ("order.check", "email.send", "order.ship")
        ]
    first, *later = bytes_of
    assert sum(later) / len(later) <= 300 * COUNT
    assert first <= 700 * COUNT  # it also writes that the job has begun


def test_steps_are_found_and_swept_by_their_keys(queue: Queue, dsn: str) -> None:
    """However many jobs there are, and whatever the planner knows of them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, status, completed_at, notifies) "
            "SELECT 't', CASE n % 2 WHEN 0 THEN 'completed' ELSE 'failed' END, now(), false "
            "FROM generate_series(1, 30000) AS n"
        )
        connection.execute(
            "INSERT INTO conduit_steps SELECT id, name, '1', 1, now(), now() "
            "FROM jobs, unnest('{a,b}'::text[]) AS name WHERE seq % 3 = 0"
        )
        connection.execute("ANALYZE jobs, conduit_steps")
        [(id_,)] = connection.execute("SELECT job FROM conduit_steps LIMIT 1").fetchall()
        forked = fork_job(id_, uuid4(), ["a"])
        with connection.transaction(force_rollback=True):
            for statement in (sweep(None, 500), steps_of(id_), retry_job(id_), forked):
                assert "Seq Scan" not in scans(explain(connection, statement)), statement
            steps = nodes(explain(connection, steps_of(id_)))
            assert "conduit_steps_pkey" in {node.get("Index Name") for node in steps}


def test_left_over_records_are_swept(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(5)])
    blocked = queue.enqueue_flow(chain(Job(type="t"), Job(type="t")))[1]
    with psycopg.connect(dsn, autocommit=True) as connection:
        jobs = running(connection)[:5]
        ids = [job.id for job in jobs]
        run(connection, store([Record(job, name, "1", 0.0) for job in jobs for name in "ab"]))
        ends = ["completed", "failed", "cancelled", "pending"]
        for id_, status in zip(ids, ends, strict=False):
            connection.execute("UPDATE jobs SET status = %s WHERE id = %s", [status, id_])
        connection.execute("DELETE FROM jobs WHERE id = %s", [ids[4]])
        connection.execute("INSERT INTO conduit_steps VALUES (%s, 'a', '1', 1, now())", [uuid4()])
        signals = [(id_, name) for id_ in (*ids, blocked.id, uuid4()) for name in "bc"]
        for signal in signals:
            connection.execute("INSERT INTO conduit_signals VALUES (%s, %s, '1')", signal)
        after: tuple[UUID, str] | None = None
        pages = 0
        while pages == 0 or after is not None:
            after = run(connection, sweep(after, 4))
            pages += 1
        left = connection.execute("SELECT job, name FROM conduit_steps").fetchall()
        kept = connection.execute("SELECT job, name FROM conduit_signals").fetchall()
    assert pages > 3
    assert sorted(left) == sorted((id_, name) for id_ in ids[1:4] for name in "ab")
    assert sorted(kept) == sorted((id_, name) for id_ in (*ids[1:4], blocked.id) for name in "bc")
