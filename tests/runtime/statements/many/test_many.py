"""Cancelling, retrying and listing jobs by filter."""

import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, PayloadError, Queue, chain, group
from conduit_runtime.statements.many import bulk as many
from conduit_runtime.statements.many.bulk import Filter
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(many, "BATCH", 7)
    return 7


def execute(dsn: str, sql: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(sql)


def test_each_part_of_a_filter_chooses(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(name, type_) for name in "ab" for type_ in "xy" for _ in range(3)])
    queue.dequeue("w", "a", types=["x"])
    execute(dsn, "UPDATE jobs SET created_at = now() - interval '2 h' WHERE type = 'y'")
    assert queue.cancel_many("a", "y", older_than=3 * HOUR) == 0
    assert queue.cancel_many("a", "y", older_than=HOUR) == 3
    assert queue.cancel_many("a", status="running") == 1
    assert queue.cancel_many("b", status=["pending", "running"]) == 6
    assert queue.cancel_many(every=True) == 2
    assert queue.stats().cancelled == 12


def test_it_works_in_batches_and_reports_how_far_it_is(queue: Queue, small_batches: int) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(30)])
    reported: list[int] = []
    assert queue.cancel_many(type="t", on_progress=reported.append) == 30
    assert reported == [7, 14, 21, 28]
    assert queue.retry_many(type="t", status="cancelled", on_progress=reported.append) == 30
    assert queue.stats().pending == 30


def test_pending_jobs_are_retried_once(queue: Queue, dsn: str, small_batches: int) -> None:
    queue.enqueue_many([Job(type="t", delay=HOUR) for _ in range(20)])
    assert queue.retry_many(type="t") == 0
    assert queue.retry_many(type="t", status="pending") == 20
    assert len(queue.dequeue("w", limit=100)) == 20


def test_retried_jobs_have_all_their_attempts_and_run_at_once(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    runs: list[object] = []
    pool = new_pool()

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        runs.append(context.attempt)

    queue.enqueue_many([Job(type="t") for _ in range(5)])
    execute(dsn, "UPDATE jobs SET status = 'failed', attempts = 3, completed_at = now()")
    with pool:
        assert queue.retry_many("default") == 5
        until(lambda: queue.stats().completed == 5)
    assert runs == [1] * 5
    assert queue.retry_many(every=True) == 0


def test_running_jobs_are_stopped(queue: Queue, new_pool: NewPool) -> None:
    begun, stopped = threading.Semaphore(0), threading.Semaphore(0)
    pool = new_pool()

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        import asyncio

        begun.release()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.release()

    queue.enqueue_many([Job(type="t") for _ in range(3)])
    with pool:
        assert all(begun.acquire(timeout=60) for _ in range(3))
        assert queue.cancel_many(type="t") == 3
        assert all(stopped.acquire(timeout=60) for _ in range(3))
    assert queue.stats().cancelled == 3


def test_what_waits_for_cancelled_jobs_is_cancelled(queue: Queue) -> None:
    first, second = queue.enqueue_flow(chain(Job(type="a"), Job(type="b")))
    members = [Job(type="a"), Job(type="a")]
    *_, last = queue.enqueue_flow(group(members, Job(type="c"), on_failure="continue"))
    assert queue.cancel_many(type="a") == 3
    assert [queue.get(job.id).status for job in (first, second)] == ["cancelled"] * 2
    assert queue.get(last.id).status == "pending"
    assert queue.get(last.id).waits_for == 0


def test_jobs_that_wait_for_others_are_cancelled_too(queue: Queue, small_batches: int) -> None:
    chains = [chain(Job(type="a"), Job("q", "b"), Job(type="c")) for _ in range(small_batches * 2)]
    flows = [queue.enqueue_flow(each) for each in chains]
    assert queue.cancel_many(queue="none") == 0
    assert queue.cancel_many(type="b", status="running") == 0
    assert queue.cancel_many(type="b", older_than=HOUR) == 0
    reported: list[int] = []
    assert queue.cancel_many(queue="q", type="b", on_progress=reported.append) == len(flows)
    assert reported == [small_batches, small_batches * 2]
    for jobs in flows:
        existing = [queue.get(job.id).status for job in jobs]
        assert existing == ["pending", "cancelled", "cancelled"]
    assert queue.cancel_many(queue="q") == 0


def test_a_locked_job_is_waited_for(queue: Queue, dsn: str) -> None:
    jobs = queue.enqueue_many([Job(type="t") for _ in range(5)])
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (jobs[2].id,))
        other.execute("UPDATE jobs SET status = 'completed' WHERE id = %s", (jobs[3].id,))
        counts: list[int] = []
        cancelling = threading.Thread(target=lambda: counts.append(queue.cancel_many(type="t")))
        cancelling.start()
        until(lambda: queue.stats().cancelled == 3)
        assert not counts
        other.commit()
    cancelling.join(60)
    assert counts == [4]
    assert queue.get(jobs[3].id).status == "completed"


def test_jobs_that_are_enqueued_meanwhile_are_left(queue: Queue, small_batches: int) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(20)])

    def more(count: int) -> None:
        queue.enqueue_many([Job(type="t") for _ in range(20)])

    assert queue.cancel_many(type="t", on_progress=more) == 20
    assert queue.stats().pending == 40


def test_it_can_be_part_of_a_transaction(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(5)])
    with psycopg.connect(dsn) as connection:
        assert queue.cancel_many(type="t", conn=connection) == 5
        assert queue.retry_many(type="t", status="cancelled", conn=connection) == 5
        assert queue.cancel_many(type="t", conn=connection) == 5
        connection.rollback()
    assert queue.stats().pending == 5


def test_an_empty_filter_has_to_be_asked_for(queue: Queue) -> None:
    queue.enqueue(Job(type="t"))
    for deed in (queue.cancel_many, queue.retry_many):
        with pytest.raises(ValueError, match="no filter"):
            deed()
    assert queue.cancel_many(every=True) == 1


def test_a_status_that_is_none_is_refused(queue: Queue) -> None:
    with pytest.raises(ValueError, match="only pending and running"):
        queue.cancel_many(status="completed")
    for deed in (queue.cancel_many, queue.retry_many, queue.list):
        with pytest.raises(ValueError, match="no such"):
            deed(status="no such")


def test_a_name_that_is_no_text_leaves_the_transaction_alone(queue: Queue, dsn: str) -> None:
    wrong: Any = 5
    deeds = (queue.cancel_many, queue.retry_many, queue.list, queue.metrics)
    with psycopg.connect(dsn) as conn:
        queue.enqueue(Job(type="t"), conn=conn)
        for deed in deeds:
            with pytest.raises(TypeError, match="queue is 5: use a text"):
                deed(queue=wrong, conn=conn)
            with pytest.raises(TypeError, match="type is 5: use a text"):
                deed(type=wrong, conn=conn)
        with pytest.raises(TypeError, match="queue is 5: use a text"):
            queue.purge(timedelta(0), queue=wrong, conn=conn)
        unhashable: Any = ["a"]
        with pytest.raises(PayloadError, match=r"queue is \['a'\]: use a text"):
            queue.dequeue("w", unhashable, conn=conn)
    assert queue.stats().pending == 1


def test_lists_take_the_same_filters(queue: Queue, dsn: str) -> None:
    old, new, held = queue.enqueue_many([Job(type="t"), Job(type="t"), Job("b", "t")])
    queue.dequeue("w", "b")
    execute(dsn, f"UPDATE jobs SET created_at = now() - interval '2 h' WHERE id = '{old.id}'")
    assert [job.id for job in queue.list(older_than=HOUR)] == [old.id]
    assert {job.id for job in queue.list(status=["pending", "running"])} == {
        old.id,
        new.id,
        held.id,
    }
    assert [job.id for job in queue.list(status=["running"])] == [held.id]
    assert queue.list(older_than=timedelta.max) == []
    assert Filter().is_empty
