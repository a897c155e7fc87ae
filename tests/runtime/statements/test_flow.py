"""Flows: a job runs when the jobs that it waits for have ended."""

import asyncio
import re
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Flow, Job, PayloadError, Queue, chain, group
from pools import NewPool
from stored_flows import Ran, jobs, leftovers, statuses

HOUR = timedelta(hours=1)


def test_a_chain_runs_one_after_the_other(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    flow = chain(*jobs("abc"))
    stored = queue.enqueue_flow(flow)
    assert stored == list(flow.jobs)
    assert [(job.flow, job.waits_for) for job in stored] == [(flow.id, n) for n in (0, 1, 1)]
    assert statuses(queue, flow) == {"a": "pending", "b": "waits for 1", "c": "waits for 1"}
    assert queue.stats().total == 1
    waiting = queue.get(flow.jobs[1].id)
    assert waiting is not None
    assert (waiting.run_at, waiting.is_processable) == (None, False)
    assert Ran(new_pool).drain() == "abc"
    assert set(statuses(queue, flow).values()) == {"completed"}
    assert leftovers(dsn) == [0, 0]


def test_a_group_calls_back_when_all_are_done(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, z = jobs("abcz")
    flow = group([a, b, c], then=z)
    queue.enqueue_flow(flow)
    assert statuses(queue, flow)["z"] == "waits for 3"
    ran = Ran(new_pool).drain()
    assert sorted(ran) == ["a", "b", "c", "z"]
    assert ran[-1] == "z"
    assert leftovers(dsn) == [0, 0]


def test_chains_and_groups_nest(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, d, e, z = jobs("abcdez")
    flow = chain(a, group([chain(b, c), d]), group([e], then=z))
    queue.enqueue_flow(flow)
    order = Ran(new_pool).drain()
    assert sorted(order) == ["a", "b", "c", "d", "e", "z"]
    for before, after in ("ab", "ad", "bc", "ce", "de", "ez"):
        assert order.index(before) < order.index(after)
    assert leftovers(dsn) == [0, 0]


def test_a_failure_cancels_what_waits_for_it(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, d, z = jobs("abcdz")
    flow = group([chain(a, b, c), d], then=z)
    queue.enqueue_flow(flow)
    assert sorted(Ran(new_pool, fails="a").drain()) == ["a", "d"]
    ended = dict.fromkeys("bcz", "cancelled")
    assert statuses(queue, flow) == {"a": "failed", "d": "completed", **ended}
    for job in (b, c, z):
        stored = queue.get(job.id)
        assert stored is not None
        assert stored.error == "what it waited for did not succeed"
    assert stored.completed_at is not None
    assert leftovers(dsn) == [0, 0]


def test_a_failure_is_passed_over_when_asked(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, z = jobs("abcz")
    flow = chain(group([chain(a, b), c]), z, on_failure="continue")
    queue.enqueue_flow(flow)
    assert sorted(Ran(new_pool, fails="ac").drain()) == ["a", "c", "z"]
    assert statuses(queue, flow) == {
        "a": "failed",
        "b": "cancelled",
        "c": "failed",
        "z": "completed",
    }
    assert leftovers(dsn) == [0, 0]


def test_an_attempt_that_is_retried_is_no_end(queue: Queue) -> None:
    flow = chain(*jobs("ab"))
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w")
    queue.fail(held, "not yet")
    assert statuses(queue, flow) == {"a": "pending", "b": "waits for 1"}
    queue.retry(held.id)
    queue.complete(*queue.dequeue("w"))
    assert statuses(queue, flow) == {"a": "completed", "b": "pending"}


def test_cancel(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    a, b, c, d = jobs("abcd")
    flow = chain(a, b, chain(c, d, on_failure="continue"))
    queue.enqueue_flow(flow)
    assert queue.cancel(b.id)
    assert not queue.cancel(b.id)
    expected = {"a": "pending", "b": "cancelled", "c": "cancelled", "d": "pending"}
    assert statuses(queue, flow) == expected
    assert [queue.get(job.id).error is None for job in (b, c)] == [True, False]  # type: ignore[union-attr]
    assert queue.cancel(a.id)
    assert queue.retry(b.id)
    assert Ran(new_pool).drain() in ("bd", "db")
    assert leftovers(dsn) == [0, 0]


def test_a_running_member_that_is_cancelled_lets_go(queue: Queue, dsn: str) -> None:
    flow = chain(*jobs("ab"), on_failure="continue")
    queue.enqueue_flow(flow)
    [held] = queue.dequeue("w")
    assert queue.cancel(held.id)
    assert statuses(queue, flow) == {"a": "cancelled", "b": "pending"}
    assert leftovers(dsn) == [0, 0]


def test_a_callback_may_start_later(queue: Queue, new_pool: NewPool) -> None:
    a, b, c = jobs("abc")
    b.delay = HOUR
    flow = group([a], then=group([b, c]))
    queue.enqueue_flow(flow)
    assert Ran(new_pool).drain() == "ac"
    stored, before = queue.get(b.id), queue.get(a.id)
    assert stored is not None
    assert before is not None
    assert stored.run_at is not None
    assert before.completed_at is not None
    assert stored.run_at - before.completed_at == HOUR


def test_a_flow_is_part_of_its_transaction(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn) as conn:
        queue.enqueue_flow(chain(*jobs("ab")), conn=conn)
        with pytest.raises(PayloadError):
            queue.enqueue_flow(chain(*jobs("ab"), Job(type="")), conn=conn)
        assert queue.stats(conn=conn).pending == 1
        conn.rollback()
    assert leftovers(dsn) == [0, 0]
    assert queue.stats().total == 0


def test_what_is_no_flow_is_refused() -> None:
    [a] = jobs("a")
    with pytest.raises(PayloadError, match="twice"):
        chain(a, a)
    with pytest.raises(ValueError, match="no job"):
        chain()
    with pytest.raises(ValueError, match="no job"):
        group([], then=a)
    with pytest.raises(ValueError, match="on_failure"):
        chain(a, on_failure="retry")  # type: ignore[arg-type]


def test_plain_jobs_pay_nothing(queue: Queue, dsn: str) -> None:
    """No statement of a worker or an enqueue touches the tables of flows, keys and results."""
    from conduit_runtime.statements import jobs as store
    from conduit_runtime.statements import outcomes as attempts
    from conduit_runtime.statements.outcomes import Attempt

    [job] = jobs("a")
    for statement in (
        *store.insert_jobs([job]),
        *store.insert_jobs([job, *jobs("b")]),
        attempts.complete([Attempt(Job(id=job.id, token=job.id))]),
        attempts.end([]),
    ):
        # conduit_announce_end is a function, called for jobs that result() waits for.
        assert not re.search(r"conduit_(?!announce_end)\w", statement.sql())


def test_asynchronous_code(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    async def enqueue() -> Flow:
        async with AsyncQueue(dsn) as asynchronous:
            flow = chain(*jobs("abc"))
            await asynchronous.enqueue_flow(flow)
            assert await asynchronous.cancel(flow.jobs[2].id)
            return flow

    flow = asyncio.run(enqueue())
    assert Ran(new_pool).drain() == "ab"
    assert statuses(queue, flow) == {"a": "completed", "b": "completed", "c": "cancelled"}
