"""Jobs that run again from a step, and jobs that go on from a step of another one."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Discard,
    Job,
    JobContext,
    JobStatus,
    NotRepeatable,
    PayloadError,
    Queue,
    UnknownJob,
    WorkerPool,
    chain,
)
from locks import waits_for_a_lock
from waiting import until

DAY = timedelta(days=1)
NAMES = ["charge", "label", "mail"]


class Shop:
    """A pool whose jobs have three steps and then fail, and what these have done."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.pool = pool = WorkerPool(queue)
        self.done: list[str] = []
        self.fails = True

        @pool.handler("t")
        async def handle(job: JobContext, payload: object) -> None:
            for name in NAMES:
                await job.step(name, self.done.append, name)
            if self.fails:
                raise Discard("no")

    def run(self) -> list[str]:
        """Run what is due; return the steps that this did."""
        self.done.clear()
        self.pool.run(drain=True)
        return [*self.done]

    def stored(self, job: Job) -> list[str]:
        return [step.name for step in self.queue.steps(job.id)]


@pytest.fixture
def shop(queue: Queue) -> Shop:
    return Shop(queue)


@pytest.fixture
def failed(shop: Shop) -> Job:
    job = shop.queue.enqueue(Job(type="t", payload={"n": 1}, priority=70, headers={"tenant": "a"}))
    assert shop.run() == NAMES
    return job


@pytest.mark.parametrize("step", NAMES)
def test_a_retry_runs_a_step_and_later_ones_again(shop: Shop, failed: Job, step: str) -> None:
    assert shop.queue.retry(failed.id, from_step=step)
    found = shop.queue.get(failed.id)
    assert found is not None
    assert (found.status, found.attempts) == (JobStatus.PENDING, 0)
    at = NAMES.index(step)
    assert shop.stored(failed) == NAMES[:at]
    assert shop.run() == NAMES[at:]
    assert shop.stored(failed) == NAMES


@pytest.mark.parametrize("step", NAMES)
def test_a_fork_goes_on_from_a_step(shop: Shop, failed: Job, step: str) -> None:
    fork = shop.queue.fork(failed.id, from_step=step)
    assert fork.id != failed.id
    assert (fork.type, fork.payload, fork.priority) == ("t", {"n": 1}, 70)
    assert (fork.headers, fork.status, fork.attempts) == ({"tenant": "a"}, JobStatus.PENDING, 0)
    at = NAMES.index(step)
    assert shop.stored(fork) == NAMES[:at]
    assert shop.run() == NAMES[at:]
    found = shop.queue.get(failed.id)
    assert found is not None
    assert found.status is JobStatus.FAILED
    assert shop.stored(failed) == shop.stored(fork) == NAMES


def test_both_in_the_transaction_of_a_caller(shop: Shop, failed: Job, dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        shop.queue.retry(failed.id, from_step="label", conn=connection)
        shop.queue.fork(failed.id, from_step="charge", conn=connection)
        connection.rollback()
    assert shop.stored(failed) == NAMES
    assert shop.run() == []

    async def change() -> Job:
        async with AsyncQueue(dsn) as queue:
            fork = await queue.fork(str(failed.id), from_step="mail")
            assert await queue.retry(failed.id, from_step="mail")
            return fork

    fork = asyncio.run(change())
    assert shop.stored(fork) == shop.stored(failed) == ["charge", "label"]
    assert shop.run() == ["mail", "mail"]


def test_a_completed_job_whose_steps_are_kept(shop: Shop) -> None:
    shop.fails = False
    shop.queue.retention("default", keep_steps=DAY)
    job = shop.queue.enqueue(Job(type="t"))
    assert shop.run() == NAMES
    shop.queue.fork(job.id, from_step="mail")
    assert shop.run() == ["mail"]
    shop.queue.retry(job.id, from_step="label")
    assert shop.run() == ["label", "mail"]
    shop.queue.retention("default")
    assert shop.queue.retry(job.id, from_step="mail")
    assert shop.run() == ["mail"]
    for change in (shop.queue.retry, shop.queue.fork):
        with pytest.raises(NotRepeatable, match=r"has no finished steps: .*--keep-steps"):
            change(job.id, from_step="mail")


def test_what_cannot_be_repeated_is_said(shop: Shop, failed: Job) -> None:
    queue = shop.queue
    fresh = queue.enqueue(Job(type="later", run_at=None, delay=DAY))
    running = queue.enqueue(Job(type="other"))
    [claimed] = queue.dequeue("w", types=["other"])
    assert claimed.id == running.id
    blocked = queue.enqueue_flow(chain(Job(type="later", delay=DAY), Job(type="later")))[1]
    for change in (queue.retry, queue.fork):
        with pytest.raises(NotRepeatable, match="no finished step 'x'; it has 'charge', 'label', "):
            change(failed.id, from_step="x")
        with pytest.raises(NotRepeatable, match=r"has no finished steps$"):
            change(fresh.id, from_step="charge")
        with pytest.raises(NotRepeatable, match="is running"):
            change(running.id, from_step="charge")
        with pytest.raises(NotRepeatable, match="is blocked"):
            change(blocked.id, from_step="charge")
        with pytest.raises(UnknownJob, match="there is no job"):
            change(uuid4(), from_step="charge")
        with pytest.raises(PayloadError):
            change(failed.id, from_step="")
    assert shop.stored(failed) == NAMES


def test_jobs_of_flows_and_unique_jobs_are_retried_and_not_forked(shop: Shop) -> None:
    queue = shop.queue
    [first, _] = queue.enqueue_flow(chain(Job(type="t"), Job(type="t"), on_failure="cancel"))
    unique = queue.enqueue(Job(type="t", unique="a", unique_for=DAY))
    shop.run()
    with pytest.raises(NotRepeatable, match="belongs to a flow"):
        queue.fork(first.id, from_step="mail")
    with pytest.raises(NotRepeatable, match="holds a unique key"):
        queue.fork(unique.id, from_step="mail")
    for job in (first, unique):
        assert queue.retry(job.id, from_step="mail")
    assert shop.run() == ["mail", "mail"]


def test_a_wait_is_repeated_for_another_signal(queue: Queue) -> None:
    pool = WorkerPool(queue)
    got: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("charge", dict)
        got.append(await job.wait("approved", timeout=7 * DAY))
        raise Discard("no")

    job = queue.enqueue(Job(type="t"))
    queue.signal(job.id, "approved", 1)
    pool.run(drain=True)
    queue.retry(job.id, from_step="charge")
    pool.run(drain=True)
    assert got == [1, 1]  # a signal stays for a wait behind the step
    queue.retry(job.id, from_step="approved")
    pool.run(drain=True)
    assert got == [1, 1]
    assert [step.waits for step in queue.steps(job.id)] == [None, "signal"]
    assert queue.retry(job.id, from_step="approved")  # also while it waits
    queue.signal(job.id, "approved", 2)
    pool.run(drain=True)
    assert got == [1, 1, 2]


def test_a_record_that_commits_meanwhile_goes_too(shop: Shop, failed: Job, dsn: str) -> None:
    """The names are read behind the lock: what an attempt stored at last is not overlooked."""
    with psycopg.connect(dsn) as attempt:
        attempt.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [failed.id])
        attempt.execute(
            "INSERT INTO conduit_steps VALUES (%s, 'late', '1', 1, now(), now())", [failed.id]
        )

        async def retry() -> None:
            async with AsyncQueue(dsn) as queue:
                task = asyncio.create_task(queue.retry(failed.id, from_step="label"))
                await asyncio.to_thread(until, lambda: waits_for_a_lock(dsn))
                attempt.commit()
                await task

        asyncio.run(asyncio.wait_for(retry(), 30))
    assert shop.stored(failed) == ["charge"]
