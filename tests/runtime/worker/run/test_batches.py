"""Batch handlers: several jobs in one call, each with an end of its own."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Discard,
    Job,
    JobContext,
    Queue,
    Retry,
    Snooze,
    WorkerPool,
    current_call,
    current_job,
)
from pools import NewPool
from waiting import until

Handler = Callable[[BatchContext, list[BatchJob]], Any]
BOTH = pytest.mark.parametrize("is_async", [True, False], ids=["coroutine", "plain"])


def batched(
    new_pool: NewPool, handler: Handler, *, is_async: bool = False, **options: Any
) -> WorkerPool:
    """A pool with a batch handler of the type t, as a coroutine function if so wanted."""

    async def handle(context: BatchContext, jobs: list[BatchJob]) -> Any:
        await asyncio.sleep(0)
        return handler(context, jobs)

    pool = new_pool()
    pool.batch_handler("t", **{"size": 100, "wait": 60, **options})(handle if is_async else handler)
    return pool


def enqueued(queue: Queue, count: int, **options: Any) -> list[Job]:
    return queue.enqueue_many([Job(type="t", payload={"n": n}, **options) for n in range(count)])


def states(queue: Queue, jobs: list[Job]) -> list[tuple[str, int, str | None]]:
    stored = [queue.get(job.id) for job in jobs]
    return [(job.status.value, job.attempts, job.error) for job in stored if job is not None]


@BOTH
def test_one_call_runs_many_jobs(queue: Queue, new_pool: NewPool, is_async: bool) -> None:
    calls: list[list[int]] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        assert (context.type, context.queue) == ("t", "default")
        assert list(context.jobs) == jobs
        assert [job.attempt for job in jobs] == [1] * len(jobs)
        calls.append([job.payload["n"] for job in jobs])

    jobs = enqueued(queue, 250)
    batched(new_pool, handle, is_async=is_async).run(drain=True)
    assert sorted(n for call in calls for n in call) == [*range(250)]
    assert all(call == sorted(call) for call in calls)
    if new_pool.is_direct:
        assert [len(call) for call in calls] == [100, 100, 50]
    else:  # while it is not known how quick the workers are, less is claimed ahead
        assert len(calls) < 10
    assert states(queue, jobs) == [("completed", 1, None)] * 250


@BOTH
def test_jobs_of_a_batch_end_each_in_their_way(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        context.fail(jobs[1], ValueError("bad"))
        context.fail(jobs[2], "a text")
        context.fail(jobs[3], Discard("of no use"))
        context.fail(jobs[4], Snooze(60))
        context.fail(jobs[5], Retry(after=1_000))

    jobs = enqueued(queue, 6)
    pool = batched(new_pool, handle, is_async=is_async)
    pool.run(drain=True)
    assert states(queue, jobs) == [
        ("completed", 1, None),
        ("pending", 1, "ValueError: bad"),
        ("pending", 1, "a text"),
        ("failed", 1, "of no use"),
        ("pending", 0, None),
        ("pending", 1, "the handler asked for a retry"),
    ]
    stats = pool.metrics.stats("t")
    assert (stats.processed, stats.succeeded, stats.failed, stats.retried) == (5, 1, 4, 3)


@BOTH
def test_a_returned_list_has_a_result_or_an_exception_for_each(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> list[object]:
        return [10, ValueError("bad"), None]

    jobs = enqueued(queue, 3)
    batched(new_pool, handle, is_async=is_async, keep_result=timedelta(days=1)).run(drain=True)
    stored = [queue.get(job.id) for job in jobs]
    assert [job and job.result for job in stored] == [10, None, None]
    assert [status for status, _, _ in states(queue, jobs)] == ["completed", "pending", "completed"]


@BOTH
@pytest.mark.parametrize("returned", [[1], 5, {"a": 1}])
def test_what_is_no_answer_fails_the_batch(
    queue: Queue, new_pool: NewPool, is_async: bool, returned: object
) -> None:
    jobs = enqueued(queue, 2)
    batched(new_pool, lambda context, jobs: returned, is_async=is_async).run(drain=True)
    [(status, _, error), (_, _, other)] = states(queue, jobs)
    assert status == "pending"
    assert error == other
    assert "it returns None, or a list with a result or an exception" in str(error)


def test_a_returned_class_of_exceptions_completes_no_job(queue: Queue, new_pool: NewPool) -> None:
    jobs = enqueued(queue, 2)
    batched(new_pool, lambda context, jobs: [ValueError, None]).run(drain=True)
    [(status, _, error), completed] = states(queue, jobs)
    assert (status, completed) == ("pending", ("completed", 1, None))
    assert "return an exception" in (error or "")


@BOTH
def test_a_batch_that_raises_fails_each_of_its_jobs_with_its_own_retry(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        context.fail(jobs[0], "its own")
        raise OSError("down")

    jobs = [*enqueued(queue, 2), *enqueued(queue, 1, max_attempts=1)]
    batched(new_pool, handle, is_async=is_async).run(drain=True)
    assert states(queue, jobs) == [
        ("pending", 1, "its own"),
        ("pending", 1, "OSError: down"),
        ("failed", 1, "OSError: down"),
    ]


def test_a_batch_waits_for_company_and_no_longer(queue: Queue, new_pool: NewPool) -> None:
    calls: list[tuple[float, list[int]]] = []
    began = time.monotonic()

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append((time.monotonic() - began, [job.payload["n"] for job in jobs]))

    with batched(new_pool, handle, wait=1.5):
        for n in range(3):
            queue.enqueue(Job(type="t", payload={"n": n}))
        until(lambda: calls)
        assert [ns for _, ns in calls] == [[0, 1, 2]]
        assert 1.0 < calls[0][0] < 30


def test_a_full_batch_starts_at_once(queue: Queue, new_pool: NewPool) -> None:
    calls: list[int] = []
    with batched(new_pool, lambda context, jobs: calls.append(len(jobs)), size=4, wait=60):
        enqueued(queue, 8)
        until(lambda: calls == [4, 4], 30)


def test_a_job_that_waits_for_company_for_long_is_held_still(
    queue: Queue, new_pool: NewPool
) -> None:
    """Longer than a claim may be old: it is checked again, and a cancelled job is left out."""
    calls: list[list[int]] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append([job.payload["n"] for job in jobs])

    with batched(new_pool, handle, wait=3):
        jobs = enqueued(queue, 3)
        until(lambda: all(status == "running" for status, _, _ in states(queue, jobs)))
        with psycopg.connect(queue.dsn) as conn:  # as a cancel whose notice is lost
            conn.execute("SET conduit.wake = 'off'")
            conn.execute("SELECT conduit_cancel(%s)", [jobs[1].id])
        until(lambda: calls)
        until(lambda: states(queue, jobs)[2][0] == "completed")
    assert calls == [[0, 2]]
    assert [status for status, _, _ in states(queue, jobs)] == (
        ["completed", "cancelled", "completed"]
    )


def test_a_stop_does_not_wait_for_company(queue: Queue, new_pool: NewPool) -> None:
    calls: list[int] = []
    jobs = enqueued(queue, 3)
    began = time.monotonic()
    with batched(new_pool, lambda context, jobs: calls.append(len(jobs)), wait=60):
        until(lambda: all(status == "running" for status, _, _ in states(queue, jobs)))
    assert time.monotonic() - began < 50
    assert calls == []
    assert states(queue, jobs) == [("pending", 0, None)] * 3


@BOTH
def test_a_stop_releases_the_jobs_of_a_batch_that_does_not_end(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    started, ended = threading.Event(), threading.Event()

    async def hang(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        await asyncio.Event().wait()

    def hang_plainly(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        ended.wait(300)

    pool = new_pool()
    pool.batch_handler("t", size=3)(hang if is_async else hang_plainly)
    jobs = enqueued(queue, 3)
    try:
        pool.start()
        assert started.wait(60)
        pool.stop(grace=0)
        assert [(status, error) for status, _, error in states(queue, jobs)] == (
            [("pending", None)] * 3
        )
    finally:
        ended.set()


def test_the_timeout_of_the_type_ends_the_batch(queue: Queue, new_pool: NewPool) -> None:
    async def hang(context: BatchContext, jobs: list[BatchJob]) -> None:
        await asyncio.Event().wait()

    pool = new_pool()
    pool.batch_handler("t", size=10, timeout=timedelta(seconds=0.05))(hang)
    jobs = enqueued(queue, 2)
    pool.run(drain=True)
    late = "TimeoutError: the attempt took longer than 0.05 s"
    assert states(queue, jobs) == [("pending", 1, late)] * 2


def test_jobs_with_timeouts_of_their_own_run_with_their_like(
    queue: Queue, new_pool: NewPool
) -> None:
    calls: list[int] = []

    async def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append(len(jobs))
        await asyncio.sleep(0.2)

    pool = new_pool()
    pool.batch_handler("t", size=10)(work)
    slow, fast = enqueued(queue, 3), enqueued(queue, 2, timeout=0.05)
    pool.run(drain=True)
    assert sorted(calls) == [2, 3]
    assert {status for status, _, _ in states(queue, slow)} == {"completed"}
    assert {error for _, _, error in states(queue, fast)} == (
        {"TimeoutError: the attempt took longer than 0.05 s"}
    )


@BOTH
def test_a_job_that_is_cancelled_while_its_batch_runs_stays_cancelled(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    started = threading.Event()

    async def work(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        while True:
            await asyncio.sleep(0.01)
            try:
                jobs[1].raise_if_cancelled()
            except asyncio.CancelledError:
                return

    def work_plainly(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        while True:
            time.sleep(0.01)
            try:
                jobs[1].raise_if_cancelled()
            except asyncio.CancelledError:
                return

    pool = new_pool()
    pool.batch_handler("t", size=3)(work if is_async else work_plainly)
    jobs = enqueued(queue, 3)
    with pool:
        assert started.wait(60)
        queue.cancel(jobs[1].id)
        until(lambda: states(queue, jobs)[0][0] == "completed")
    assert [status for status, _, _ in states(queue, jobs)] == (
        ["completed", "cancelled", "completed"]
    )


def test_a_batch_whose_jobs_are_all_cancelled_is_stopped(queue: Queue, new_pool: NewPool) -> None:
    started, stopped = threading.Event(), threading.Event()

    async def hang(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    pool = new_pool()
    pool.batch_handler("t", size=2)(hang)
    jobs = enqueued(queue, 2)
    with pool:
        assert started.wait(60)
        for job in jobs:
            queue.cancel(job.id)
        assert stopped.wait(60)
    assert {status for status, _, _ in states(queue, jobs)} == {"cancelled"}


def test_a_rescued_job_runs_alone(queue: Queue, new_pool: NewPool) -> None:
    calls: list[list[int]] = []
    jobs = enqueued(queue, 5)
    with psycopg.connect(queue.dsn) as conn:
        conn.execute("UPDATE jobs SET rescues = 1 WHERE id = %s", [jobs[2].id])

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        calls.append([job.payload["n"] for job in jobs])

    batched(new_pool, handle).run(drain=True)
    assert sorted(calls) == [[0, 1, 3, 4], [2]]
    assert states(queue, jobs) == [("completed", 1, None)] * 5


def test_each_job_of_a_batch_enqueues_its_own(queue: Queue, new_pool: NewPool) -> None:
    class Made:
        name, fingerprint = "child", ""

        def job(self, payload: Any, /, **options: Any) -> Job:
            return Job(type="child", payload=payload, **options)

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        for job in jobs:
            job.enqueue(Made(), {"of": job.payload["n"]})
        context.fail(jobs[1], "no")

    enqueued(queue, 3)
    pool = batched(new_pool, handle)
    pool.register("child", lambda context, payload: None)
    pool.run(drain=True)
    children = queue.list(type="child")
    assert sorted(child.payload["of"] for child in children) == [0, 2]


def test_hooks_run_once_around_a_batch(queue: Queue, new_pool: NewPool) -> None:
    seen: list[str] = []
    pool = batched(new_pool, lambda context, jobs: seen.append(f"{len(jobs)} jobs"))

    @pool.around
    def hook(context: JobContext | BatchContext) -> Iterator[None]:
        seen.append(f"before {context.type}")
        yield
        seen.append("after")

    enqueued(queue, 3)
    pool.run(drain=True)
    assert seen == ["before t", "3 jobs", "after"]


def test_other_jobs_run_while_a_batch_waits_and_a_batch_takes_one_slot(
    queue: Queue, new_pool: NewPool
) -> None:
    running: list[str] = []
    release = threading.Event()
    pool = new_pool(workers=2)

    @pool.batch_handler("t", size=50, wait=0.1)
    def batch(context: BatchContext, jobs: list[BatchJob]) -> None:
        running.append(f"{len(jobs)} jobs")
        release.wait(300)

    @pool.handler("other")
    def other(context: JobContext, payload: object) -> None:
        running.append("other")

    enqueued(queue, 50)
    with pool:
        try:
            until(lambda: running == ["50 jobs"])
            queue.enqueue(Job(type="other"))
            until(lambda: running == ["50 jobs", "other"])
        finally:
            release.set()


def test_a_cap_on_a_queue_counts_the_jobs_of_a_batch(queue: Queue, new_pool: NewPool) -> None:
    calls: list[int] = []
    pool = new_pool({"default": 4})
    pool.batch_handler("t", size=100)(lambda context, jobs: calls.append(len(jobs)))
    jobs = enqueued(queue, 10)
    pool.run(drain=True)
    assert max(calls) <= 4
    assert sum(calls) == 10
    assert {status for status, _, _ in states(queue, jobs)} == {"completed"}


@pytest.mark.parametrize("limit", ["concurrency", "rate"])
def test_limits_over_all_workers_count_the_jobs_of_a_batch(
    queue: Queue, new_pool: NewPool, limit: str
) -> None:
    calls: list[int] = []
    jobs = enqueued(queue, 10)
    if limit == "concurrency":
        queue.limit("default", 3)
    else:
        queue.rate_limit("t", 3, timedelta(seconds=1))
    with batched(new_pool, lambda context, jobs: calls.append(len(jobs)), size=5, wait=0.05):
        until(lambda: sum(calls) == 10)
        until(lambda: {status for status, _, _ in states(queue, jobs)} == {"completed"})
    assert max(calls) <= 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"size": 0}, "size is 0: use 1 to 10,000 jobs"),
        ({"size": 10_001}, "size is 10001"),
        ({"size": True}, "size is True"),
        ({"size": 2, "wait": -1}, "wait is -1"),
        ({"size": 2, "wait": 301}, "wait is 301: use 0 to 300 seconds"),
        ({"size": 2, "wait": "1s"}, "wait is '1s': use seconds or a timedelta"),
    ],
)
def test_wrong_options_are_refused(queue: Queue, options: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        WorkerPool(queue).batch_handler("t", **options)(lambda context, jobs: None)


@BOTH
def test_the_list_of_jobs_is_the_handlers_own(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        while jobs:
            if jobs.pop().payload["n"] == 1:
                context.fail(context.jobs[1], "no")

    jobs = enqueued(queue, 3)
    batched(new_pool, handle, is_async=is_async).run(drain=True)
    assert [status for status, _, _ in states(queue, jobs)] == ["completed", "pending", "completed"]


@BOTH
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration(), Discard()])
def test_whatever_a_batch_raises_is_the_end_of_its_jobs_alone(
    queue: Queue, new_pool: NewPool, is_async: bool, error: BaseException
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        raise error

    jobs = enqueued(queue, 2)
    pool = batched(new_pool, handle, is_async=is_async)
    pool.register("other", lambda context, payload: None)
    other = queue.enqueue(Job(type="other"))
    pool.run(drain=True)
    status = "failed" if isinstance(error, Discard) else "pending"
    assert {each for each, _, _ in states(queue, jobs)} == {status}
    assert states(queue, [other]) == [("completed", 1, None)]


def test_a_batch_handler_has_no_job_of_its_own(queue: Queue, new_pool: NewPool) -> None:
    errors: list[str] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        for ask in (current_job, current_call):
            try:
                ask()
            except RuntimeError as error:
                errors.append(str(error))

    enqueued(queue, 2)
    batched(new_pool, handle).run(drain=True)
    assert errors == [
        "a batch of jobs is running here: ask each of its jobs",
        "a call of a service by a batch of jobs has no key of its own",
    ]


def test_errors_of_a_type_are_retried_or_not_in_a_batch_too(
    queue: Queue, new_pool: NewPool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        context.fail(jobs[0], ValueError("bad"))
        raise OSError("down")

    jobs = enqueued(queue, 2)
    batched(new_pool, handle, discard_on=[ValueError]).run(drain=True)
    assert [status for status, _, _ in states(queue, jobs)] == ["failed", "pending"]


def test_a_job_of_another_batch_cannot_fail(queue: Queue, new_pool: NewPool) -> None:
    kept: list[BatchJob] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        kept.extend(jobs)
        context.fail(kept[0], "no")

    jobs = enqueued(queue, 2)
    batched(new_pool, handle, size=1).run(drain=True)
    errors = [error for _, _, error in states(queue, jobs)]
    assert errors[0] == "no"
    assert errors[1] == f"ValueError: job {kept[0].id} is not in this batch"


def test_full_batches_and_others_take_turns_in_the_only_slot(
    queue: Queue, new_pool: NewPool
) -> None:
    started: list[str] = []
    pool = new_pool(workers=1)

    async def index(context: BatchContext, jobs: list[BatchJob]) -> None:
        started.append("batch")
        await asyncio.sleep(0.5)  # longer than a job waits for a slot

    for type_ in ("t", "u"):
        pool.batch_handler(type_, size=5)(index)

    @pool.handler("plain")
    async def plain(context: JobContext, payload: object) -> None:
        started.append("plain")
        await asyncio.sleep(0.5)

    for type_, priority in (("t", 50), ("u", 50), ("plain", 100)):
        queue.enqueue_many([Job(type=type_, payload=n, priority=priority) for n in range(100)])
    with pool:
        until(lambda: len(started) >= 8)
    least = 3 if new_pool.is_direct else 1  # a gateway does not know in what order workers begin
    assert started.count("batch") >= least
    assert started.count("plain") >= least


@pytest.fixture
def waiting_batch(
    queue: Queue, new_pool: NewPool, dsn: str
) -> Iterator[tuple[WorkerPool, list[Job], Any]]:
    """A batch of three that has run; another transaction holds the key of the first one's child."""
    child = Job(type="child", unique="held")

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        jobs[0].enqueued.append(Job(type="child", unique="held"))

    with psycopg.connect(dsn) as holder:
        queue.enqueue(child, conn=holder)
        jobs = enqueued(queue, 3)
        pool = batched(new_pool, handle, is_async=True, size=3)
        pool.register("child", lambda context, payload: None)
        with pool:
            try:
                until(lambda: [state[0] for state in states(queue, jobs[1:])] == ["completed"] * 2)
                yield pool, jobs, holder
            finally:
                pool.stop(grace=0)


def test_a_job_that_waits_for_a_key_keeps_its_batch_from_nothing(
    queue: Queue, waiting_batch: tuple[WorkerPool, list[Job], Any]
) -> None:
    _, jobs, holder = waiting_batch
    assert states(queue, jobs[:1])[0][0] == "running"
    holder.rollback()
    until(lambda: states(queue, jobs[:1])[0][0] == "completed")


def test_a_stop_releases_a_job_of_a_batch_that_waits_for_a_key(
    queue: Queue, new_pool: NewPool, waiting_batch: tuple[WorkerPool, list[Job], Any]
) -> None:
    pool, jobs, _ = waiting_batch
    pool.stop(grace=0)
    if not new_pool.is_direct:  # its outcome waits at the broker, and a gateway will write it
        assert states(queue, jobs[:1])[0][0] == "running"
        return
    assert states(queue, jobs[:1]) == [("pending", 0, None)]
