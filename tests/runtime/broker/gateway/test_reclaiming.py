"""When a gateway considers the jobs of a worker lost: the test plays the workers."""

import asyncio

import psycopg
import pytest
from asynchronous import asynchronous
from conduit_runtime import Job, Queue
from conduit_runtime.broker.messages import VERSION, Holding, Redelivered
from gateway_setup import GatewaySetup
from line import Line
from played_worker import PlayedWorker
from timed import Timed
from waiting import until


@pytest.mark.slow
@asynchronous
async def test_jobs_of_a_dead_worker_are_reclaimed(queue: Queue, gateway: GatewaySetup) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        async with PlayedWorker(gateway.broker_url) as other:
            await worker.die()
            [again] = await other.taken()
            assert other.messages[0][1].redelivered
            await other.acknowledge()
            database = other.message_of(again.id).database
            lost = Redelivered(VERSION, other.name, [(again.id, again.token)])
            await other.ask(lost, database, everyone=True)
            again = (await other.taken(2))[-1]
            assert again.rescues == 1
            assert again.token != job.token
            await other.end(again)
            await gateway.until_status(stored.id, "completed")


@pytest.mark.slow
@asynchronous
async def test_a_job_that_killed_the_only_worker_is_rescued_though_its_message_expires(
    queue: Queue, gateway: GatewaySetup
) -> None:
    """Otherwise a job could kill each worker that starts, for ever."""
    stored = queue.enqueue(Job(type="t"))
    async with gateway.running():
        async with PlayedWorker(gateway.broker_url) as worker:
            await worker.taken()
        await gateway.until_status(stored.id, "pending")
        async with PlayedWorker(gateway.broker_url) as other:
            [again] = await other.taken()
            assert (again.id, again.rescues) == (stored.id, 1)


@pytest.mark.slow
@asynchronous
async def test_a_worker_that_says_it_holds_a_job_keeps_it(
    queue: Queue, gateway: GatewaySetup, timed: Timed
) -> None:
    timed(doubt=2.0)
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        lost = Redelivered(VERSION, "other", [(job.id, job.token)])
        await worker.ask(lost, database, everyone=True)
        holding = Holding(VERSION, worker.name, 1, [(job.id, job.token, 1.0)])
        await worker.ask(holding, database, everyone=True)
        await asyncio.sleep(4)
        await worker.end(job)
        await gateway.until_status(stored.id, "completed")
    assert gateway.column(stored.id, "rescues") == 0


@pytest.mark.slow
@pytest.mark.parametrize("batches", [{}, {"t": (5, 2.0)}], ids=["single", "batched"])
@asynchronous
async def test_a_job_that_no_worker_holds_is_reclaimed_at_last(
    queue: Queue,
    gateway: GatewaySetup,
    timed: Timed,
    batches: dict[str, tuple[int, float]],
) -> None:
    """This happens if a broker loses its data."""
    timed(unheard=3.0)
    stored = queue.enqueue(Job(type="t"))
    async with gateway.running(), PlayedWorker(gateway.broker_url, batches=batches) as worker:
        await worker.taken()
        await worker.acknowledge()
        again = (await worker.taken(2))[-1]
        assert (again.id, again.rescues) == (stored.id, 1)


@pytest.mark.slow
@asynchronous
async def test_a_gateway_claims_at_once_when_the_last_slot_becomes_free(
    queue: Queue, gateway: GatewaySetup, timed: Timed
) -> None:
    """Its workers say nothing: the job was cancelled, or its message is lost."""
    timed(unheard=3.0)
    cancelled = queue.enqueue(Job(type="t"))
    async with gateway.with_worker(concurrency=1) as worker:
        await worker.taken()
        lost = queue.enqueue(Job(type="t"))
        queue.cancel(cancelled.id)
        await worker.acknowledge()
        assert (await worker.taken(2))[-1].id == lost.id
        await worker.acknowledge()
        again = (await worker.taken(3))[-1]
        assert (again.id, again.rescues) == (lost.id, 1)


@pytest.mark.slow
@asynchronous
async def test_a_gateway_that_was_taken_for_dead_claims_again(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker(concurrency=1) as worker:
        [job] = await worker.taken()
        with psycopg.connect(queue.dsn) as connection:
            connection.execute("DELETE FROM conduit_workers")
            connection.execute(
                "UPDATE jobs SET status = 'pending', rescues = 1, token = NULL, locked_by = NULL"
            )
        await worker.acknowledge()
        again = (await worker.taken(2))[-1]
        assert again.id == stored.id
        assert again.token != job.token


@pytest.mark.slow
@asynchronous
async def test_the_jobs_of_a_hung_worker_take_no_slot_of_another(
    queue: Queue, gateway: GatewaySetup, timed: Timed
) -> None:
    timed(forgotten=2.0)
    queue.enqueue_many([Job(type="t") for _ in range(3)])
    async with gateway.with_worker(concurrency=3) as hung:
        await hung.taken(3)
        hung.fall_silent()
        quick = queue.enqueue_many([Job(type="t") for _ in range(10)])
        async with PlayedWorker(gateway.broker_url, concurrency=2) as worker:
            for count in range(1, 11):
                await worker.end((await worker.taken(count))[count - 1])
            for job in quick:
                await gateway.until_status(job.id, "completed")
        assert len(hung.jobs) == 3


@pytest.mark.slow
@asynchronous
async def test_a_lost_connection_loses_no_job(
    queue: Queue, gateway: GatewaySetup, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker still holds its job, and the gateway claims none while the broker is away."""
    first = queue.enqueue(Job(type="t"))
    async with (
        Line(gateway.broker_url) as line,
        PlayedWorker(gateway.broker_url, concurrency=1) as worker,
        gateway.running(broker_url=line.url),
    ):
        [job] = await worker.taken()
        line.cut()
        await asyncio.to_thread(until, lambda: "connection was lost" in caplog.text)
        second = queue.enqueue(Job(type="t"))
        await worker.end(job)
        await asyncio.sleep(1)
        assert gateway.status(second.id) == "pending"
        await line.mend()
        job = (await worker.taken(2))[-1]
        assert job.id == second.id
        await worker.end(job)
        await gateway.until_status(first.id, "completed")
        await gateway.until_status(second.id, "completed")
    assert gateway.column(first.id, "rescues") == 0
