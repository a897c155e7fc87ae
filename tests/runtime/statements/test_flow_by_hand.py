"""Members of a flow that something other than their worker ends."""

import psycopg
import pytest
from conduit_runtime import Job, Queue, chain, group
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import flows as flow_store
from pools import NewPool
from stored_flows import Ran, jobs, statuses
from waiting import until


def test_a_member_that_is_run_again_by_hand_counts_once(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    a, b, z = jobs("abz")
    flow = group([a, b], then=z)
    queue.enqueue_flow(flow)
    for _ in range(3):
        [held] = queue.dequeue("w", limit=1)
        assert held.id == a.id
        queue.complete(held)
        assert statuses(queue, flow)["z"] == "waits for 1"
        with psycopg.connect(dsn) as conn:
            conn.execute(
                "UPDATE jobs SET status = 'pending', attempts = 0, run_at = '2000-01-01' "
                "WHERE id = %s",
                (a.id,),
            )
    assert Ran(new_pool).drain() == "abz"
    queue.retry(z.id)
    assert Ran(new_pool).drain() == "z"


def test_a_member_that_killed_its_worker_too_often_has_failed(queue: Queue, dsn: str) -> None:
    a, b = Job(type="t", payload="a", max_attempts=1), Job(type="t", payload="b")
    flow = chain(a, b)
    queue.enqueue_flow(flow)
    [_] = queue.dequeue("dead")
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET leased_until = now() - interval '1 second'")
    assert queue.dequeue("w") == []
    assert statuses(queue, flow) == {"a": "failed", "b": "cancelled"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE jobs SET status = 'completed' WHERE payload = '\"a\"'", "pending"),
        ("UPDATE jobs SET status = 'failed' WHERE payload = '\"a\"'", "cancelled"),
        ("DELETE FROM jobs WHERE payload = '\"a\"'", "cancelled"),
        ("TRUNCATE jobs", "cancelled"),
    ],
)
def test_hand_typed_ends_are_found(queue: Queue, dsn: str, statement: str, expected: str) -> None:
    others = [chain(*jobs("xy")) for _ in range(3)]
    a, b = jobs("ab")
    flow = chain(a, b)
    for each in (*others[:2], flow, others[2]):
        queue.enqueue_flow(each)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement)  # type: ignore[arg-type]
        link, pages = None, 0
        while pages == 0 or link is not None:
            link, ended = run(conn, flow_store.sweep(link, 2))
            run(conn, flow_store.advance(ended))
            pages += 1
    assert pages == 3
    stored = queue.get(b.id)
    assert stored is not None
    assert (stored.status, stored.waits_for) == (expected, 0)
    if "TRUNCATE" not in statement:
        assert {queue.get(each.jobs[1].id).waits_for for each in others} == {1}  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.usefixtures("short_intervals")
def test_a_worker_finds_hand_typed_ends(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    flow = chain(*jobs("ab"))
    queue.enqueue_flow(flow)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'completed'")
    ran = Ran(new_pool)
    with ran.pool:
        until(lambda: ran.order == ["b"], 120)
        until(lambda: statuses(queue, flow)["b"] == "completed")
