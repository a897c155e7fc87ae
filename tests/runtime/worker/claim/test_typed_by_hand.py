"""Rows that were typed in SQL: a row that Python cannot represent must not affect others."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from conduit_runtime import Job, JobContext, Queue, WorkerPool

NINES = "9" * 6_000
FAR = datetime(9999, 12, 30, tzinfo=UTC)
FIRST = datetime(1, 1, 2, tzinfo=UTC)


def typed(dsn: str, **columns: object) -> None:
    """Insert a job as typed in SQL."""
    names, holes = ", ".join(columns), ", ".join(["%s"] * len(columns))
    with psycopg.connect(dsn) as conn:
        conn.execute(f"INSERT INTO jobs ({names}) VALUES ({holes})", [*columns.values()])


def test_a_number_that_python_does_not_read_is_shown_as_text(queue: Queue, dsn: str) -> None:
    typed(dsn, type="t", payload=f'{{"n": {NINES}}}', progress=NINES, errors=NINES, priority=60)
    usual = queue.enqueue(Job(type="t", payload={"n": 1}))
    other, odd = queue.list()
    assert (other.id, other.payload) == (usual.id, {"n": 1})
    assert odd.payload == f'{{"n": {NINES}}}'
    assert (odd.progress, odd.errors) == (NINES, [NINES])
    claimed = queue.dequeue("me", limit=5)
    assert [job.id for job in claimed] == [odd.id, usual.id]
    for job in claimed:
        queue.fail(job, "not today")
    assert {job.status for job in queue.list()} == {"pending"}


def test_times_that_python_cannot_hold_are_cut(queue: Queue, dsn: str) -> None:
    typed(
        dsn,
        type="t",
        status="completed",
        created_at="0044-03-15 12:00Z BC",
        started_at="-infinity",
        completed_at="infinity",
    )
    typed(dsn, type="t", run_at="10000-01-01 00:00Z")
    waiting, done = queue.list()
    assert (waiting.run_at, waiting.started_at) == (FAR, None)
    assert (done.created_at, done.started_at, done.completed_at) == (FIRST, FIRST, FAR)
    assert queue.get(done.id) == done


def test_attempts_that_cannot_be_counted_any_more(queue: Queue, dsn: str) -> None:
    for type_ in ("good", "bad", "leased"):
        typed(dsn, type=type_, attempts=2**31 - 1, errors='{"n": 1}')
    [leased] = queue.dequeue("me", types=["leased"])
    queue.fail(leased, "no more")
    pool = WorkerPool(queue)

    @pool.handler("good")
    async def good(context: JobContext, payload: Any) -> None: ...

    @pool.handler("bad")
    async def bad(context: JobContext, payload: Any) -> None:
        raise ValueError("in vain")

    pool.run(drain=True)
    ended = {job.type: job for job in queue.list()}
    assert {type_: job.status for type_, job in ended.items()} == {
        "good": "completed",
        "bad": "failed",
        "leased": "failed",
    }
    assert {job.attempts for job in ended.values()} == {2**31 - 1}
    assert ended["bad"].error == "ValueError: in vain"
