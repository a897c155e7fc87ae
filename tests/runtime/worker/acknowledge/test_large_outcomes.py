"""Large outcomes, jobs and results: the size of a statement is limited."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, PayloadError, Queue
from conduit_runtime.model.jsonb_size import JSONB_BYTES, JSONB_ELEMENTS, jsonb_size
from conduit_runtime.model.payload import encode
from conduit_runtime.statements import jobs as store
from conduit_runtime.statements import outcomes as attempts
from conduit_runtime.statements import results
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.worker.acknowledge import acknowledger
from conduit_runtime.worker.run import outcomes
from hypothesis import given
from hypothesis import strategies as st
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes the outcomes of each batch have."""
    taken: list[int] = []
    take = acknowledger.take_batch

    def weighed(waiting: list[Attempt], **limits: int) -> list[Attempt]:
        together = take(waiting, **limits)
        taken.append(sum(attempt.weight for attempt in together))
        return together

    monkeypatch.setattr(acknowledger, "take_batch", weighed)
    return taken


def status(queue: Queue, job: Job) -> str:
    stored = queue.get(job.id)
    assert stored is not None
    return stored.status.value


def test_batches_are_weighed(
    queue: Queue, new_direct_pool: NewPool, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Direct workers only: a gateway refuses child jobs that no worker has code for."""
    small = partial(acknowledger.take_batch, most_bytes=100_000)
    monkeypatch.setattr(acknowledger, "take_batch", small)
    pool = new_direct_pool(workers=50)
    text = "x" * 30_000
    began = threading.Barrier(40)

    @pool.handler("result", keep_result=HOUR)
    def result(context: JobContext, payload: Any) -> str:
        began.wait(300)
        return text

    @pool.handler("children")
    def children(context: JobContext, payload: Any) -> None:
        began.wait(300)
        context.enqueued.append(Job("later", "t", text))

    @pool.handler("error")
    def error(context: JobContext, payload: Any) -> None:
        began.wait(300)
        raise ValueError(text)

    jobs = queue.enqueue_many(
        [Job(type=type_) for type_ in ("result", "children", "error", "error") for _ in range(10)]
    )
    with pool:
        until(lambda: {status(queue, job) for job in jobs} == {"completed", "pending"})
    assert max(sizes) <= 100_000 + 30_000
    assert queue.stats("later").pending == 10
    stored = queue.get(jobs[0].id)
    assert stored is not None
    assert stored.result == text


def test_a_large_outcome_is_written_apart(
    queue: Queue, new_direct_pool: NewPool, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Direct workers only: a gateway refuses child jobs that no worker has code for."""
    monkeypatch.setattr(attempts, "LARGE", 10_000)
    pool = new_direct_pool()

    @pool.handler("plain", keep_result=HOUR)
    def plain(context: JobContext, payload: Any) -> str:
        return "x" * 20_000

    @pool.handler("coroutine")
    async def coroutine(context: JobContext, payload: Any) -> None:
        context.enqueued.extend(Job("later", "t", "x" * 2_000) for _ in range(10))

    jobs = queue.enqueue_many([Job(type="plain"), Job(type="coroutine"), Job(type="plain")])
    pool.run(drain=True)
    assert {status(queue, job) for job in jobs} == {"completed"}
    assert queue.stats("later").pending == 10
    assert sum(sizes) == 0


def test_a_result_that_is_too_large_fails_its_job(
    queue: Queue, new_pool: NewPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MAX_RESULT", 1_000)
    pool = new_pool()
    pool.register("t", lambda context, payload: payload, keep_result=HOUR)
    fits = queue.enqueue(Job(type="t", payload="x" * 998))
    exceeds = queue.enqueue(Job(type="t", payload="é" * 500))
    pool.run(drain=True)
    assert status(queue, fits) == "completed"
    stored = queue.get(exceeds.id)
    assert stored is not None
    assert (stored.status, stored.attempts) == ("failed", 1)
    assert stored.error == (
        "OutcomeTooLarge: the result is 1,002 bytes of JSON, more than 1,000: store the data "
        "elsewhere and return a reference to it"
    )


def test_an_outcome_that_no_statement_could_hold_fails_its_job(
    queue: Queue, new_pool: NewPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "MOST", 5_000)
    pool = new_pool()

    @pool.handler("t")
    async def many(context: JobContext, payload: Any) -> None:
        context.enqueued.extend(Job(type="t") for _ in range(100))

    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == "failed"
    assert "let several jobs enqueue them" in (stored.error or "")


def test_many_large_jobs_are_enqueued_by_several_statements(
    queue: Queue, dsn: str, weigh: Callable[[int], None]
) -> None:
    weigh(10_000)
    jobs = [Job(type="t", payload="x" * 3_000) for _ in range(20)]
    assert len(store.insert_jobs(jobs)) == 10
    queue.enqueue_many(jobs)
    again = [Job(type="t", payload="x" * 3_000) for _ in range(20)]
    again.append(Job(type="t", id=jobs[0].id))
    with (
        psycopg.connect(dsn, autocommit=True) as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        queue.enqueue_many(again, conn=conn)
    assert queue.stats().pending == 20
    unique = [Job(type="u", payload="x" * 3_000, unique=n % 5) for n in range(10)]
    returned = queue.enqueue_many(unique)
    assert [job.id for job in returned] == [job.id for job in unique[:5]] * 2
    assert [job.duplicate for job in returned] == [False] * 5 + [True] * 5


@pytest.mark.slow  # takes minutes if every line is traced
def test_an_array_that_postgres_cannot_read_is_refused_before_any_sql() -> None:
    encode([0] * JSONB_ELEMENTS)
    with pytest.raises(PayloadError, match="16,777,217 elements, more than the 16,777,216"):
        encode({"a": [0] * (JSONB_ELEMENTS + 1)})


@pytest.mark.slow  # takes minutes if every line is traced
def test_values_that_postgres_cannot_hold_are_refused_before_any_sql(dsn: str) -> None:
    value = [[0] * 1_000] * 24_000
    with pytest.raises(PayloadError, match="too many values"):
        encode(value)
    with (
        psycopg.connect(dsn) as conn,
        pytest.raises(psycopg.errors.ProgramLimitExceeded),
    ):
        conn.execute("SELECT pg_column_size(%s::jsonb)", [str(value)])
    encode(["x" * 60_000_000])
    encode([[0] * 1_000] * 18_000)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=8) | st.dictionaries(st.text("abc"), v, max_size=8)
)


@pytest.mark.slow
def test_the_size_as_jsonb_is_bounded(app_dsn: str) -> None:
    with psycopg.connect(app_dsn) as conn:

        @given(st.lists(VALUES, max_size=8))
        def is_bounded(value: list[Any]) -> None:
            text = encode(value)
            [(size,)] = conn.execute("SELECT pg_column_size(%s::jsonb)", [text]).fetchall()
            assert size <= jsonb_size(text.encode()) + 8

        is_bounded()
    assert JSONB_BYTES == 268_435_455


def test_the_weight_of_an_attempt() -> None:
    job = Job()
    assert Attempt(job).weight == 0
    assert Attempt(job, result=results.Result("x" * 10, 1.0)).weight == 10
    rows = Job(type="t", payload="x"), Job(type="t", payload="y")
    assert Attempt(job, enqueued=[*map(store.new_job, rows)]).weight == 206
