import asyncio
import gc
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import (
    AsyncExecutor,
    Discard,
    Job,
    JobContext,
    JobStatus,
    NoHandler,
    PayloadError,
    Queue,
    QueueError,
    Retry,
    Snooze,
    WorkerPool,
)
from conduit_runtime.broker.topology import band_of
from conduit_runtime.worker import watch
from pools import NewPool
from waiting import until


def test_a_note_of_any_characters_is_stored(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()
    seen = threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        context.progress(1, 2, "a\ud800\0")
        seen.wait(300)

    job = queue.enqueue(Job(type="t"))
    with pool:
        try:
            progress = until(lambda: reload(queue, job).progress)
        finally:
            seen.set()
    assert progress == {"done": 1, "total": 2, "note": "a?\ufffd"}
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_one_lost_job_is_told_of_as_one(
    queue: Queue, new_pool: NewPool, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()

    @pool.handler("t")
    def lose(context: JobContext, payload: object) -> None:
        with psycopg.connect(dsn) as conn:
            conn.execute("UPDATE jobs SET token = gen_random_uuid()")

    queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: "1 job was no longer held when it ended" in caplog.text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queues": []}, "queues names no queue"),
        ({"queues": {}}, "queues names no queue"),
        ({"queues": ""}, "queue is empty"),
        ({"queues": ["a", ""]}, "queue is empty"),
        ({"queues": "q" * 300}, "longer than 200 bytes"),
        ({"queues": {"a": 0}}, "queue a may run 0 jobs at once"),
        ({"queues": {"a": -1}}, "queue a may run -1 jobs at once"),
        ({"queues": {"a": 1.5}}, "queue a may run 1.5 jobs at once"),
        ({"workers": 0}, "workers is 0"),
        ({"workers": 1.5}, "workers is 1.5"),
        ({"grace": -1}, "grace is -1"),
        ({"grace": float("nan")}, "grace is nan"),
    ],
)
def test_a_pool_that_could_not_work_is_refused(
    queue: Queue, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, PayloadError), match=message):
        WorkerPool(queue, **options)


@pytest.mark.parametrize(
    ("type_", "message"), [(None, "type is empty"), ("", "type is empty"), (5, "type is 5")]
)
def test_a_handler_needs_a_type(queue: Queue, type_: str, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        WorkerPool(queue).register(type_, print)


def drain(pool: WorkerPool) -> None:
    """Work until nothing is due, in a loop of this thread."""
    pool.run(drain=True)


def reload(queue: Queue, job: Job) -> Job:
    stored = queue.get(job.id)
    assert stored is not None
    return stored


def test_coroutines_and_plain_functions_run(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool("default", workers=3)
    seen: list[object] = []

    @pool.handler("async")
    async def in_loop(context: JobContext, payload: dict[str, int]) -> None:
        await asyncio.sleep(0)
        seen.append((context.type, context.attempt, context.max_attempts, payload))

    def in_thread(context: JobContext, payload: dict[str, int]) -> None:
        seen.append((context.type, threading.current_thread() is threading.main_thread()))

    pool.register("plain", in_thread)
    first = queue.enqueue(Job(type="async", payload={"n": 1}))
    AsyncExecutor(queue).execute("default", "plain", {})
    drain(pool)
    assert sorted(seen, key=str) == [("async", 1, 3, {"n": 1}), ("plain", False)]
    stored = reload(queue, first)
    assert (stored.status, stored.attempts, stored.error) == (JobStatus.COMPLETED, 1, None)
    assert (stored.locked_by, stored.locked_at, stored.token) == (None, None, None)
    assert stored.created_at is not None
    assert stored.started_at is not None
    assert stored.completed_at is not None
    assert stored.created_at <= stored.started_at <= stored.completed_at
    stats = pool.metrics.stats("async")
    assert (stats.processed, stats.succeeded, stats.success_rate) == (1, 1, 1.0)
    assert set(pool.metrics.all_stats()) == {"async", "plain"}


def test_jobs_run_by_priority_then_time_then_insertion(
    queue: Queue, new_pool: NewPool, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What cannot start in time comes again, after others.
    for where in ("broker.remote.consumer", "worker.run.runner"):
        monkeypatch.setattr(f"conduit_runtime.{where}.FRESH", 300.0)
    monkeypatch.setattr("conduit_runtime.broker.remote.consumer.PATIENCE", 300.0)
    monkeypatch.setattr("conduit_runtime.broker.topology.WAITS", 300_000)
    pool = new_pool("default", workers=1)
    order: list[int] = []
    for kind in ("a", "b", "c"):

        @pool.handler(kind)
        async def note(context: JobContext, payload: int) -> None:
            order.append(payload)

    jobs = [Job(type="abc"[n % 3], payload=n, priority=(0, 50, 100, 7)[n % 4]) for n in range(1500)]
    queue.enqueue_many(jobs)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "UPDATE jobs SET run_at = now() - interval '1 day' WHERE (payload)::int % 5 = 0"
        )
    expected = sorted(range(1500), key=lambda n: (-jobs[n].priority, n % 5 != 0, n))
    drain(pool)
    if new_pool.is_direct:
        assert order == expected
    else:  # a message has jobs of one type and one range of priorities
        for group in {(n % 3, band_of(job.priority)) for n, job in enumerate(jobs)}:
            ran, wanted = (
                [n for n in some if (n % 3, band_of(jobs[n].priority)) == group]
                for some in (order, expected)
            )
            assert ran == wanted


def test_a_failed_attempt_is_retried_after_a_minute(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def fail(context: JobContext, payload: object) -> None:
        raise ValueError("no\0 \ud800 good")

    job = queue.enqueue(Job(type="t", max_attempts=2))
    drain(pool)
    stored = reload(queue, job)
    assert (stored.status, stored.attempts) == (JobStatus.PENDING, 1)
    assert stored.error == "ValueError: no\ufffd ? good"
    assert stored.run_at is not None
    assert stored.started_at is not None
    wait = stored.run_at - stored.started_at
    assert timedelta(seconds=60) <= wait < timedelta(seconds=70)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET run_at = now()")
    drain(pool)
    stored = reload(queue, job)
    assert (stored.status, stored.attempts) == (JobStatus.FAILED, 2)
    assert [entry["attempt"] for entry in stored.errors] == [1, 2]
    assert stored.errors[0]["traceback"].splitlines()[1].endswith("in fail")
    assert pool.metrics.stats("t").retried == 1
    queue.retry(job.id)
    drain(pool)
    assert reload(queue, job).attempts == 1


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (StopIteration(1), "RuntimeError"),
        (Unprintable(), "Unprintable: (its text could not be read)"),
        (ValueError("x" * 10_000_000), "ValueError: xxx"),
    ],
)
@pytest.mark.parametrize("in_thread", [False, True])
def test_whatever_a_handler_raises_ends_its_job_only(
    queue: Queue, new_pool: NewPool, error: BaseException, text: str, in_thread: bool
) -> None:
    pool = new_pool()

    @pool.handler("async")
    async def in_loop(context: JobContext, payload: object) -> None:
        raise error

    @pool.handler("plain")
    def plainly(context: JobContext, payload: object) -> None:
        raise error

    job = queue.enqueue(Job(type="plain" if in_thread else "async", max_attempts=1))
    drain(pool)
    stored = reload(queue, job)
    assert stored.status is JobStatus.FAILED
    assert stored.error is not None
    assert stored.error.startswith(text)
    assert len(stored.error) < 5_000


def test_retry_discard_and_snooze(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def act(context: JobContext, payload: str) -> None:
        try:
            raise {"retry": Retry(after=5), "snooze": Snooze(timedelta(hours=1))}.get(
                payload, Discard("no use")
            )
        except Exception:
            pytest.fail("`except Exception` caught a request to the worker")

    jobs = {kind: queue.enqueue(Job(type="t", payload=kind)) for kind in ("retry", "snooze", "no")}
    drain(pool)
    retried, snoozed, discarded = (reload(queue, job) for job in jobs.values())
    assert (retried.status, retried.attempts) == (JobStatus.PENDING, 1)
    assert retried.run_at is not None
    assert retried.started_at is not None
    assert timedelta(seconds=5) <= retried.run_at - retried.started_at < timedelta(seconds=20)
    assert (snoozed.status, snoozed.attempts, snoozed.error) == (JobStatus.PENDING, 0, None)
    assert snoozed.started_at is not None
    assert (discarded.status, discarded.error) == (JobStatus.FAILED, "no use")


def test_nested_jobs_are_born_by_a_completion_only(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    created: list[int] = []

    @pool.handler("parent")
    async def parent(context: JobContext, payload: dict[str, bool]) -> None:
        context.enqueued.append(Job(type="child", payload=1))
        context.enqueued.append(Job(type="child", payload=2))
        if payload["fail"]:
            raise ValueError

    @pool.handler("child")
    async def child(context: JobContext, payload: int) -> None:
        created.append(payload)

    queue.enqueue(Job(type="parent", payload={"fail": True}))
    drain(pool)
    assert created == []
    assert queue.stats().total == 1
    queue.enqueue(Job(type="parent", payload={"fail": False}))
    drain(pool)
    assert created == [1, 2]


def test_a_cancelled_job_is_stopped_and_stays_cancelled(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    running, stopped = threading.Event(), threading.Event()

    @pool.handler("t")
    async def hang(context: JobContext, payload: object) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        assert queue.cancel(job.id)
        assert stopped.wait(60)
    assert reload(queue, job).status is JobStatus.CANCELLED


def test_a_cancelled_thread_learns_of_it(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    running, stopped = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        running.set()
        try:
            until(context.raise_if_cancelled)
        finally:
            stopped.set()

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        queue.cancel(job.id)
        assert stopped.wait(60)


def test_the_outcome_of_a_lost_job_is_not_written(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    running, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        context.enqueued.append(Job(queue="other", type="child"))
        running.set()
        go_on.wait(300)

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        with psycopg.connect(dsn) as conn:
            # Another worker has claimed it since: same row, same status, another token.
            conn.execute("UPDATE jobs SET token = gen_random_uuid(), locked_by = 'other'")
            conn.execute(
                "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
                "VALUES ('other', 1, 'h', 1, '{}', '[]')"
            )
        go_on.set()
        until(lambda: pool.metrics.stats("t").processed)
    stored = reload(queue, job)
    assert (stored.status, stored.locked_by) == (JobStatus.RUNNING, "other")
    assert queue.stats("other").total == 0


def test_a_stopped_pool_hands_back_what_it_has_not_finished(
    queue: Queue, new_pool: NewPool
) -> None:
    pool = new_pool(workers=2)
    running = threading.Event()

    @pool.handler("t")
    async def hang(context: JobContext, payload: object) -> None:
        running.set()
        await asyncio.Event().wait()

    queue.enqueue_many([Job(type="t") for _ in range(5)])
    pool.start()
    assert running.wait(60)
    pool.stop(grace=0)
    jobs = queue.list()
    assert {(job.status, job.attempts, job.locked_by) for job in jobs} == {
        (JobStatus.PENDING, 0, None)
    }


def test_a_stopped_pool_lets_running_jobs_end(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    pool = new_pool()
    running, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        running.set()
        go_on.wait(300)

    job = queue.enqueue(Job(type="t"))
    with pool:
        assert running.wait(60)
        threading.Timer(0.2, go_on.set).start()
    assert reload(queue, job).status is JobStatus.COMPLETED
    with psycopg.connect(dsn) as conn:
        assert conn.execute("SELECT count(*) FROM conduit_workers").fetchall() == [(0,)]


async def _async_pool(dsn: str) -> list[int]:
    seen: list[int] = []
    done = asyncio.Event()
    with Queue(dsn) as queue:
        pool = WorkerPool(queue)

        @pool.handler("t")
        async def work(context: JobContext, payload: int) -> None:
            seen.append(payload)
            done.set()

        async with pool:
            queue.enqueue(Job(type="t", payload=7))
            await asyncio.wait_for(done.wait(), 60)
        with pytest.raises(RuntimeError, match="async with pool"):
            pool.run()
    return seen


def test_a_pool_in_a_running_loop(dsn: str) -> None:
    assert asyncio.run(_async_pool(dsn)) == [7]


def test_a_pool_leaves_no_task_behind(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()
    pool.register("t", lambda context, payload: context.progress(1))
    queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: queue.stats().completed == 2)
    gc.collect()
    assert "Task was destroyed" not in caplog.text


def test_limits_of_queues_and_of_the_pool(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool({"a": 2, "b": None}, workers=5)
    together: dict[str, int] = {"a": 0, "b": 0}
    most = {"a": 0, "b": 0, "all": 0}

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        together[context.queue] += 1
        most[context.queue] = max(most[context.queue], together[context.queue])
        most["all"] = max(most["all"], sum(together.values()))
        await asyncio.sleep(0.001)
        together[context.queue] -= 1

    queue.enqueue_many([Job("ab"[n % 2], "t") for n in range(100)])
    drain(pool)
    assert queue.stats().completed == 100
    assert most["a"] == 2
    assert most["all"] == 5


def test_jobs_that_nobody_knows_stay(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("known")
    async def work(context: JobContext, payload: object) -> None: ...

    with pytest.raises(NoHandler, match="known types: known"):
        pool.handlers.get("unknown")
    job = queue.enqueue(Job(type="unknown"))
    with pool:
        queue.enqueue(Job(type="known"))
        until(lambda: queue.stats().completed)
        [overview] = queue.queues()
        assert (overview.unknown, overview.workers) == (1, 1)
        done = threading.Event()
        pool.register("unknown", lambda context, payload: done.set())
        assert done.wait(60)
    assert reload(queue, job).status is JobStatus.COMPLETED


def test_a_pool_says_what_is_missing(empty_dsn: str) -> None:
    with Queue(empty_dsn) as queue, pytest.raises(QueueError, match="conduit-jobs migrate"):
        WorkerPool(queue).start()


def test_an_outcome_that_postgres_refuses_fails_alone(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool(workers=20)
    with psycopg.connect(dsn) as conn:
        conn.execute("ALTER TABLE jobs ADD CONSTRAINT picky CHECK (type <> 'bad' OR error IS NULL)")
        conn.execute("ALTER TABLE jobs ADD CHECK (type <> 'child')")

    @pool.handler("parent")
    async def work(context: JobContext, payload: int) -> None:
        if payload == 7:
            context.enqueued.append(Job(type="child"))

    pool.register("child", lambda context, payload: None)
    queue.enqueue_many([Job(type="parent", payload=n) for n in range(20)])
    drain(pool)
    counts = queue.stats()
    assert (counts.completed, counts.failed) == (19, 1)
    [failed] = queue.list(status="failed")
    assert failed.payload == 7
    assert failed.error is not None
    assert "Postgres refused the outcome" in failed.error


def test_a_snooze_that_postgres_refuses_fails_its_job(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    with psycopg.connect(dsn) as conn:
        conn.execute("ALTER TABLE jobs ADD CHECK (type <> 'late' OR run_at < '2100-01-01')")

    @pool.handler("late")
    async def late(context: JobContext, payload: object) -> None:
        raise Snooze(timedelta(days=365 * 200))

    job = queue.enqueue(Job(type="late"))
    drain(pool)
    failed = reload(queue, job)
    assert failed.status is JobStatus.FAILED
    assert "Postgres refused the outcome" in (failed.error or "")
    assert [entry["attempt"] for entry in failed.errors] == [1]


@pytest.mark.parametrize("ask", [Snooze, Retry])
@pytest.mark.parametrize("span", [timedelta.max, float("inf"), float("nan")])
def test_a_time_that_never_comes_fails_the_attempt(
    queue: Queue, new_pool: NewPool, ask: type[Snooze] | type[Retry], span: float | timedelta
) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def act(context: JobContext, payload: object) -> None:
        raise ask(span)

    job = queue.enqueue(Job(type="t", max_attempts=1))
    drain(pool)
    failed = reload(queue, job)
    assert failed.status is JobStatus.FAILED
    assert f"is {span}: use a finite time of at most 1,000 years" in (failed.error or "")


def test_a_fingerprint_that_nobody_knows_is_tried(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    seen: list[object] = []

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        seen.append(payload)

    queue.enqueue(Job(type="t", payload=1, fingerprint="of another version"))
    drain(pool)
    assert seen == [1]


def test_a_fingerprint_that_a_live_worker_knows_is_left_to_it(queue: Queue, dsn: str) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None: ...

    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
            """VALUES ('new', 1, 'h', 1, '{default}', '[["t", "new"]]')"""
        )
    job = queue.enqueue(Job(type="t", fingerprint="new"))
    drain(pool)
    assert reload(queue, job).status is JobStatus.PENDING


def test_a_claim_whose_answer_was_lost_is_handed_back(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conduit_runtime.worker.audit.AUDIT", 0.1)
    pool = WorkerPool(queue)
    ran = threading.Event()
    pool.register("t", lambda context, payload: ran.set())
    with pool:
        with psycopg.connect(dsn) as conn:
            # As a claim leaves it that was committed when its connection broke.
            conn.execute(
                "INSERT INTO jobs (type, status, token, locked_at, locked_by) "
                "SELECT 't', 'running', gen_random_uuid(), now() - interval '1 minute', name "
                "FROM conduit_workers"
            )
        assert ran.wait(60)
    [job] = queue.list()
    assert (job.status, job.attempts) == (JobStatus.COMPLETED, 1)


def test_a_stop_keeps_the_connection_for_outcomes(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "WATCH", 0.0)  # its queries are always under way
    monkeypatch.setattr(watch, "LONG", 0.0)
    began, may_end = threading.Event(), threading.Event()
    pool = WorkerPool(queue)

    @pool.handler("blocking")
    def blocking(context: JobContext, payload: object) -> None:
        began.set()
        may_end.wait(300)

    for _ in range(3):
        began.clear()
        may_end.clear()
        queue.enqueue(Job(type="blocking"))
        pool.start()
        worker = pool._worker
        assert worker is not None
        assert began.wait(60)
        threading.Timer(0.3, may_end.set).start()
        pool.stop(grace=0.1)
        assert worker._outcomes.generation == 1


def test_a_run_in_another_thread_is_ended_by_stop(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    ran = threading.Event()
    pool.register("t", lambda context, payload: ran.set())
    queue.enqueue(Job(type="t"))
    thread = threading.Thread(target=pool.run)
    thread.start()
    assert ran.wait(60)
    pool.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert queue.stats().completed == 1


def test_a_job_that_waits_behind_long_ones_goes_back(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    """What a fast worker has claimed ahead is not kept from others once it is slow."""
    pool = new_pool(workers=2)
    slow, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: str) -> None:
        if payload == "slow":
            slow.set()
            go_on.wait(300)

    with pool:
        queue.enqueue_many([Job(type="t", payload="fast") for _ in range(2000)])
        queue.enqueue_many([Job(type="t", payload="slow") for _ in range(300)])
        assert slow.wait(60)
        until(lambda: queue.stats().running == 2)
        go_on.set()
        until(lambda: queue.stats().completed == 2300)
    assert {job.attempts for job in queue.list(limit=300)} == {1}


def test_the_job_of_a_thread_that_does_not_end_is_handed_back(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    running, go_on = threading.Event(), threading.Event()

    @pool.handler("t")
    def work(context: JobContext, payload: object) -> None:
        running.set()
        go_on.wait(300)

    job = queue.enqueue(Job(type="t"))
    pool.start()
    assert running.wait(60)
    pool.stop(grace=0)
    go_on.set()
    assert reload(queue, job).status is JobStatus.PENDING


def test_a_thread_that_outlives_its_attempt_keeps_its_place(
    queue: Queue, new_pool: NewPool
) -> None:
    go_on = threading.Event()
    ran: list[UUID] = []

    def stick(context: JobContext, payload: object) -> None:
        go_on.wait(300)

    def quick(context: JobContext, payload: object) -> None:
        ran.append(context.id)

    def completed(jobs: list[Job]) -> bool:
        return all(reload(queue, job).status is JobStatus.COMPLETED for job in jobs)

    stuck = [queue.enqueue(Job(type="stick", timeout=0.1, max_attempts=1)) for _ in range(2)]
    first, second = (new_pool(workers=2) for _ in range(2))
    first.register("stick", stick)
    first.register("quick", quick)
    second.register("quick", quick)
    try:
        with first:
            until(lambda: {reload(queue, job).status for job in stuck} == {JobStatus.FAILED})
            jobs = [Job(type="quick", timeout=10, max_attempts=1) for _ in range(4)]
            queue.enqueue_many(jobs)
            with second:
                until(lambda: completed(jobs))
            assert sorted(ran) == sorted(job.id for job in jobs)
            go_on.set()
            last = queue.enqueue(Job(type="quick", timeout=10, max_attempts=1))
            until(lambda: completed([last]))
    finally:
        go_on.set()
