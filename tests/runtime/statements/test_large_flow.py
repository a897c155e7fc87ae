"""Flows with more members than one statement releases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import (
    Discard,
    Flow,
    Job,
    JobContext,
    PayloadError,
    Queue,
    chain,
    group,
)
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import flows as flow_store
from conduit_runtime.statements import outcomes as attempts
from pools import NewPool
from waiting import until

pytestmark = pytest.mark.slow

MEMBERS = 10 * flow_store.RELEASED
PART = flow_store.RELEASED // 2
"""Members that one statement releases; the other half of RELEASED is for their successors."""


def members(count: int) -> list[Job]:
    return [Job("members", "t", n) for n in range(count)]


def counts(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall()
        blocked = conn.execute("SELECT count(*) FROM conduit_blocked_jobs").fetchone()
        dependencies = conn.execute("SELECT count(*) FROM conduit_dependencies").fetchone()
    assert blocked is not None
    assert dependencies is not None
    return {**dict(rows), "blocked": blocked[0], "dependencies": dependencies[0]}


def head_ends(queue: Queue, fails: bool, flow: Flow) -> None:
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w", types=["head"])
    if fails:
        held.attempts = held.max_attempts
        queue.fail(held, "fails")
    else:
        queue.complete(held)


@pytest.mark.parametrize("fails", [True, False])
def test_one_statement_releases_a_bounded_part(queue: Queue, dsn: str, fails: bool) -> None:
    count = 2 * PART + 5
    head_ends(queue, fails, chain(Job(type="head"), group(members(count))))
    after = counts(dsn)
    assert after["blocked"] == after["dependencies"] == count - PART
    assert after["cancelled" if fails else "pending"] == PART
    with psycopg.connect(dsn, autocommit=True) as conn:
        left, rounds = True, 0
        while left:
            watched = run(conn, flow_store.watch(None))
            left = bool(watched.ended and run(conn, flow_store.advance(watched.ended)))
            rounds += 1
    assert rounds == 2
    assert counts(dsn)["cancelled" if fails else "pending"] == count


def test_the_rest_waits_for_a_worker_that_died(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    """Another worker continues: the first one kept no state of the flow in memory."""
    count = 3 * PART
    head_ends(queue, False, chain(Job(type="head"), group(members(count))))
    pool = new_direct_pool()
    with pool:
        until(lambda: counts(dsn).get("pending") == count)


def test_a_share_for_each_job(queue: Queue, dsn: str) -> None:
    """Small flows are released whole beside a large one."""
    large = chain(Job(type="head"), group(members(flow_store.RELEASED)))
    small = [chain(Job(type="head"), Job("small", "t")) for _ in range(20)]
    for flow in (large, *small):
        queue.enqueue_flow(flow)
    held = queue.dequeue("w", limit=100)
    assert len(held) == 21
    with psycopg.connect(dsn) as conn:
        statement = attempts.complete([attempts.Attempt(job) for job in held])
        assert [*run(conn, statement).advancing] == [large.jobs[0].id]
    assert len(queue.list("small", "pending")) == 20


@pytest.mark.usefixtures("short_intervals")
def test_a_large_flow_fails_while_others_run(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    flow = chain(Job(type="head"), group(members(MEMBERS), then=Job("members", "t", "then")))
    queue.enqueue_flow(flow)
    pool = new_direct_pool(workers=4)

    @pool.handler("head")
    def head(context: JobContext, payload: Any) -> None:
        raise Discard("fails")

    pool.register("plain", lambda context, payload: None)
    with pool:
        until(lambda: len(queue.list("default", "failed")) == 1)
        while counts(dsn)["dependencies"]:
            # Each job ends within seconds, while the flow goes on.
            [job] = queue.enqueue_many([Job(type="plain")])
            until(lambda job=job: status(queue, job.id) == "completed", 30)  # type: ignore[misc]
    after = counts(dsn)
    assert (after["cancelled"], after["dependencies"]) == (MEMBERS + 1, 0)


def status(queue: Queue, id_: UUID) -> str:
    stored = queue.get(id_)
    assert stored is not None
    return stored.status.value


def test_work_grows_with_members_alone(queue: Queue, dsn: str) -> None:
    """A member of a large flow costs as many pages as one of a small flow, among dead rows too."""
    with psycopg.connect(dsn) as snapshot:
        snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        snapshot.execute("SELECT count(*) FROM jobs")
        few, many = (pages_per_member(queue, dsn, count) for count in (10_000, 40_000))
    assert many < 1.3 * few


def pages_per_member(queue: Queue, dsn: str, count: int) -> float:
    """Return how many pages workers read for each member that they cancel."""
    head_ends(queue, True, chain(Job(type="head"), group(members(count), then=Job("z", "t"))))
    pages = 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        while ended := run(conn, flow_store.watch(None)).ended:
            statement = flow_store.advance(ended)
            sql = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement.sql()}"
            [(explained,)] = conn.execute(sql, statement.parameters).fetchall()
            pages += (
                explained[0]["Plan"]["Shared Hit Blocks"]
                + explained[0]["Plan"]["Shared Read Blocks"]
            )
    assert counts(dsn)["blocked"] == 0
    return pages / (count - PART)


def test_a_large_flow_is_stored_by_small_statements(
    queue: Queue, dsn: str, weigh: Callable[[int], None]
) -> None:
    weigh(50_000)
    flow = chain(Job(type="head"), group(members(1_000), then=Job("members", "t", "then")))
    statements = flow_store.insert_flow(flow)
    assert len(statements) > 10
    assert max(len(str(each.parameters)) for each in statements) < 200_000
    with psycopg.connect(dsn, autocommit=True) as conn:
        queue.enqueue_flow(flow, conn=conn)
    assert counts(dsn) == {"pending": 1, "blocked": 1_001, "dependencies": 2_000}


def test_each_statement_of_a_flow_reads_no_whole_table(
    queue: Queue, dsn: str, weigh: Callable[[int], None]
) -> None:
    """VACUUM ran on empty tables, so a scan of a whole table seems to cost nothing."""
    weigh(50_000)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE jobs, conduit_blocked_jobs, conduit_dependencies")
        with conn.transaction():
            flow = chain(Job(type="head"), group(members(1_000), then=Job("members", "t", "then")))
            queue.enqueue_flow(flow, conn=conn)
            query = "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_user_tables"
            assert conn.execute(query).fetchone() == (0,)


def test_a_large_flow_is_stored_whole_or_not_at_all(
    queue: Queue, dsn: str, weigh: Callable[[int], None]
) -> None:
    weigh(50_000)
    flow = group(members(1_000), then=Job("members", "t", "then"))
    queue.enqueue(Job(type="t", id=flow.jobs[-2].id))
    with (
        psycopg.connect(dsn, autocommit=True) as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        queue.enqueue_flow(flow, conn=conn)
    assert counts(dsn) == {"pending": 1, "blocked": 0, "dependencies": 0}


def test_steps_that_wait_for_each_other_too_often_are_refused() -> None:
    with pytest.raises(PayloadError, match="2,000 jobs would wait for 1,001 each"):
        chain(group(members(1_001)), group(members(2_000)))
    between = chain(group(members(1_001)), Job(type="t"), group(members(2_000)))
    assert len(between.dependencies) == 3_001


def test_jobs_that_others_wait_for_are_not_purged(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    """A purged job could no longer release the rest of its flow."""
    head_ends(queue, False, chain(Job(type="head"), group(members(2 * PART))))
    assert queue.purge(timedelta(0)) == 0
    with new_direct_pool():
        until(lambda: counts(dsn)["dependencies"] == 0)
    assert queue.purge(timedelta(0)) == 1
    assert counts(dsn)["pending"] == 2 * PART
