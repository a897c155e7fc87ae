"""Jobs that have not started in time: none runs, and each ends cancelled and is counted."""

import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Job,
    JobContext,
    Queue,
    Retry,
    Snooze,
    WorkerPool,
    chain,
)
from pools import NewPool
from stored_jobs import reload, status
from waiting import until

HOUR = timedelta(hours=1)
PAST = timedelta(hours=-2)


def expired(type_: str = "t", **options: Any) -> Job:
    """Return a job that was due two hours ago, and had an hour to start."""
    return Job(type=type_, delay=PAST, expires=HOUR, **options)


class Ran:
    """A pool whose jobs note their types."""

    def __init__(self, new_pool: NewPool, **options: Any) -> None:
        self.types: list[str] = []
        self.pool = new_pool(workers=2, **options)
        for type_ in ("t", "u"):
            self.pool.register(type_, self.work)

    async def work(self, context: JobContext, payload: object) -> None:
        self.types.append(context.type)


def test_an_expired_job_never_runs_and_is_counted(queue: Queue, new_pool: NewPool) -> None:
    ran = Ran(new_pool)
    late = queue.enqueue_many([expired() for _ in range(3)])
    [kept] = queue.enqueue_many([Job(type="t", delay=PAST, expires=3 * HOUR)])
    with ran.pool:
        until(lambda: queue.stats().cancelled == 3)
        until(lambda: status(queue, kept) == "completed")
        until(lambda: sum(each.expired for each in queue.metrics()) == 3)
    assert ran.types == ["t"]
    stored = reload(queue, late[0])
    assert stored.error == "expired: it had not started 3600 s after it was due"
    assert (stored.attempts, stored.started_at, stored.locked_by) == (0, None, None)
    assert stored.completed_at is not None
    [row] = queue.metrics()
    assert (row.expired, row.cancelled, row.failed, row.processed) == (3, 0, 0, 1)


def test_a_drain_leaves_no_expired_job(queue: Queue, new_direct_pool: NewPool) -> None:
    ran = Ran(new_direct_pool)
    first, second = expired(), Job(type="u")
    queue.enqueue_flow(chain(first, second, on_failure="continue"))
    ran.pool.run(drain=True)
    assert status(queue, first) == "cancelled"
    assert ran.types == ["u"]


def test_what_waits_for_it_is_treated_as_behind_a_cancelled_job(
    queue: Queue, new_pool: NewPool
) -> None:
    ran = Ran(new_pool)
    cancels = queue.enqueue_flow(chain(expired(), Job(type="u")))
    goes_on = queue.enqueue_flow(chain(expired(), Job(type="u"), on_failure="continue"))
    with ran.pool:
        until(lambda: status(queue, goes_on[1]) == "completed")
        until(lambda: status(queue, cancels[1]) == "cancelled")
    assert ran.types == ["u"]
    assert reload(queue, cancels[1]).error == "what it waited for did not succeed"


def test_the_time_of_a_blocked_job_begins_with_its_release(
    queue: Queue, dsn: str, new_direct_pool: NewPool
) -> None:
    ran = Ran(new_direct_pool)
    flow = queue.enqueue_flow(chain(Job(type="t"), Job(type="u", expires=HOUR)))
    assert reload(queue, flow[1]).expires == HOUR
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE conduit_blocked_jobs SET created_at = now() - interval '1 day'")
    ran.pool.run(drain=True)
    assert ran.types == ["t", "u"]


def test_a_delayed_job_has_its_time_from_its_due_time_on(
    queue: Queue, dsn: str, new_direct_pool: NewPool
) -> None:
    ran = Ran(new_direct_pool)
    job = queue.enqueue(Job(type="t", delay=HOUR, expires=timedelta(seconds=60)))
    ran.pool.run(drain=True)
    assert status(queue, job) == "pending"
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET run_at = run_at - interval '1 hour'")
    ran.pool.run(drain=True)
    assert ran.types == ["t"]


@pytest.mark.parametrize("error", [Retry(after=3600), Snooze(3600), ValueError("first")])
def test_a_job_that_started_in_time_goes_on(
    queue: Queue, dsn: str, new_pool: NewPool, error: BaseException
) -> None:
    pool = new_pool(workers=1)
    runs: list[object] = []

    @pool.handler("t", base=timedelta(seconds=60))
    async def work(context: JobContext, payload: object) -> None:
        runs.append(payload)
        if len(runs) == 1:
            raise error

    job = queue.enqueue(Job(type="t", expires=HOUR))
    with pool:
        until(lambda: (found := reload(queue, job)).status == "pending" and found.expires is None)
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE jobs SET run_at = now() - interval '1 day'")
        until(lambda: status(queue, job) == "completed")
    assert len(runs) == 2


def test_jobs_expire_in_paused_queues_and_without_a_handler(
    queue: Queue, new_pool: NewPool
) -> None:
    ran = Ran(new_pool)
    queue.pause("default")
    jobs = queue.enqueue_many([expired(), expired("unknown"), expired(queue="elsewhere")])
    with ran.pool:
        until(lambda: queue.stats().cancelled == len(jobs))
    assert ran.types == []


def test_a_plain_insert_may_give_it(queue: Queue, dsn: str, new_direct_pool: NewPool) -> None:
    ran = Ran(new_direct_pool)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO jobs (type, expires, run_at) VALUES ('t', 60, now() - interval '2 min'),"
            " ('u', 60, now())"
        )
    ran.pool.run(drain=True)
    assert ran.types == ["u"]
    [late] = queue.list(type="t")
    assert (late.status, late.expires) == ("cancelled", timedelta(seconds=60))


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_retry_by_hand_gives_it_its_time_again(
    queue: Queue, dsn: str, new_direct_pool: NewPool, by_hand: bool
) -> None:
    ran = Ran(new_direct_pool)
    job = queue.enqueue(expired())
    ran.pool.run(drain=True)
    assert status(queue, job) == "cancelled"
    if by_hand:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
                [job.id],
            )
    else:
        assert queue.retry(job.id)
    ran.pool.run(drain=True)
    assert ran.types == ["t"]


def test_a_job_that_waits_in_a_worker_does_not_start_late(
    queue: Queue, new_pool: NewPool, timed: Any
) -> None:
    """The worker claims both jobs at once, and has one slot."""
    timed(fresh=300.0, patience=300.0)
    pool = new_pool(workers=1)
    began, go_on = threading.Event(), threading.Event()
    ran: list[str] = []

    @pool.handler("blocks")
    def block(context: Any, payload: object) -> None:
        began.set()
        go_on.wait(60)

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        ran.append(context.type)

    queue.enqueue(Job(type="blocks", priority=100))
    job = queue.enqueue(Job(type="t", expires=timedelta(seconds=2)))
    with pool:
        assert began.wait(60)
        until(
            lambda: bool(
                (row := reload(queue, job)).run_at
                and row.created_at
                and queue.connections.run(_is_late())
            )
        )
        go_on.set()
        until(lambda: status(queue, job) == "cancelled")
    assert ran == []


def _is_late() -> Any:
    from conduit_runtime.postgres.statement import Statement

    return Statement(
        "SELECT bool_and(run_at + make_interval(secs => expires) < now()) FROM jobs"
        " WHERE expires IS NOT NULL",
        {},
        lambda rows, count: rows[0][0],
    )


def test_the_jobs_of_a_batch_expire_on_their_own(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool(workers=1)
    sizes: list[int] = []

    @pool.batch_handler("b", size=10, wait=0.5)
    async def work(context: BatchContext[Any], jobs: list[BatchJob[Any]]) -> None:
        sizes.append(len(jobs))

    # These expire while they wait for the batch to fill.
    soon = [Job(type="b", delay=-HOUR, expires=HOUR + timedelta(seconds=0.3)) for _ in range(2)]
    queue.enqueue_many([*soon, Job(type="b"), Job(type="b", expires=HOUR)])
    with pool:
        until(lambda: queue.stats().pending + queue.stats().running == 0)
    assert queue.stats().completed == sum(sizes)
    assert queue.stats().completed + queue.stats().cancelled == 4
    assert queue.stats().completed >= 2


def test_a_dequeue_never_returns_an_expired_job(queue: Queue) -> None:
    late = queue.enqueue(expired())
    kept = queue.enqueue(Job(type="t", expires=HOUR))
    [claimed] = queue.dequeue("w", limit=5)
    assert (claimed.id, claimed.expires) == (kept.id, None)
    assert status(queue, late) == "cancelled"
    with psycopg.connect(queue.dsn) as connection:
        another = queue.enqueue(expired(), conn=connection)
        assert queue.dequeue("w", limit=5, conn=connection) == []
    assert status(queue, another) == "pending"


@pytest.mark.parametrize("is_fair", [False, True])
def test_a_claim_whose_transaction_began_before_returns_no_expired_job(
    queue: Queue, is_fair: bool
) -> None:
    if is_fair:
        queue.share("default")
    end = timedelta(seconds=0.5)
    queue.enqueue(Job(type="t", key=1, delay=-HOUR, expires=HOUR + end))
    with psycopg.connect(queue.dsn) as connection:
        [(began,)] = connection.execute("SELECT now()")
        until(lambda: connection.execute("SELECT clock_timestamp()").fetchone() > (began + end,))
        assert queue.dequeue("w", limit=5, conn=connection) == []


def test_a_job_that_postgres_refuses_to_cancel_keeps_no_other(
    queue: Queue, dsn: str, new_direct_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "ALTER TABLE jobs ADD CHECK (status <> 'cancelled' OR payload::text <> '7')"
        )
    jobs = queue.enqueue_many([expired(payload=number) for number in range(10)])
    ran = Ran(new_direct_pool)
    with ran.pool:
        until(lambda: queue.stats().cancelled == 9)
        until(lambda: "Postgres refuses to cancel job" in caplog.text)
    assert status(queue, jobs[7]) == "pending"
    assert ran.types == []


def test_a_result_is_awaited_no_longer(queue: Queue, new_direct_pool: NewPool) -> None:
    from conduit_runtime import QueueError

    job = queue.enqueue(expired())
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            queue.result(job.id, timeout=60)
        except QueueError as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    with Ran(new_direct_pool).pool:
        waiting.join(60)
    assert failed


def test_options_that_do_not_fit_are_refused(queue: Queue) -> None:
    with pytest.raises(ValueError, match="expires is 60: use a timedelta"):
        queue.enqueue(Job(type="t", expires=60))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expires is 0:00:00: use a positive time"):
        queue.enqueue(Job(type="t", expires=timedelta(0)))


def test_a_pool_is_idle_while_an_expired_job_is_locked(
    queue: Queue, dsn: str, new_direct_pool: NewPool
) -> None:
    """The sweep skips the locked row, and cancels it once it is free."""
    job = queue.enqueue(expired())
    ran: WorkerPool = Ran(new_direct_pool).pool
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT FROM jobs FOR UPDATE")
        other = queue.enqueue(expired())
        with ran:
            until(lambda: status(queue, other) == "cancelled")
            assert status(queue, job) == "pending"
            connection.rollback()
            until(lambda: status(queue, job) == "cancelled")
