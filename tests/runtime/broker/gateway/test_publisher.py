"""Which jobs a gateway publishes, when and where: the test plays the workers."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import psycopg
import pytest
from asynchronous import asynchronous
from conduit_runtime import Job, Queue
from conduit_runtime.broker.messages import Claim, Stop
from conduit_runtime.model.new_job import NewJob
from gateway_setup import GatewaySetup
from played_worker import PlayedWorker


@pytest.mark.slow
@asynchronous
async def test_publishes_only_what_live_workers_run(queue: Queue, gateway: GatewaySetup) -> None:
    known = queue.enqueue(Job(type="t"))
    unknown = queue.enqueue(Job(type="other"))
    async with gateway.running():
        async with PlayedWorker(gateway.broker_url) as worker:
            [job] = await worker.taken()
            assert [each.version for each in queue.workers()] == ["gateway"]
            assert job.id == known.id
            assert gateway.status(unknown.id) == "pending"
            await worker.end(job)
            await gateway.until_status(known.id, "completed")
        queue.enqueue(Job(type="t"))


@pytest.mark.slow
@asynchronous
async def test_publishes_no_more_than_can_start_soon(queue: Queue, gateway: GatewaySetup) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(50)])
    async with gateway.with_worker(concurrency=2) as worker:
        await worker.taken(2)
        await asyncio.sleep(0.5)
        with psycopg.connect(queue.dsn) as connection:
            [(running,)] = connection.execute("SELECT count(*) FROM jobs WHERE status = 'running'")
        assert 2 <= running <= 4


@asynchronous
async def test_a_queue_has_at_most_so_many_jobs_on_the_way(
    queue: Queue, gateway: GatewaySetup
) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(5)])
    async with gateway.with_worker({"default": 1}) as worker:
        for count in range(1, 6):
            jobs = await worker.taken(count)
            await asyncio.sleep(0.1)
            assert len(worker.jobs) == count
            await worker.end(jobs[-1])


@pytest.mark.slow
@asynchronous
async def test_a_job_that_is_claimed_again_is_on_the_way_once(
    queue: Queue, gateway: GatewaySetup
) -> None:
    async with gateway.with_worker({"default": 2}) as worker:
        for count in (2, 4):
            stored = queue.enqueue(Job(type="t"))
            *_, lost = await worker.taken(count - 1)
            queue.retry(stored.id)
            *_, job = await worker.taken(count)
            assert (job.id, job.attempts) == (lost.id, 1)
            assert await worker.until(lambda claim=(lost.id, lost.token): claim in stops(worker))
            await worker.end(job)
            await gateway.until_status(stored.id, "completed")
        queue.enqueue_many([Job(type="t") for _ in range(2)])
        await worker.taken(6)


def stops(worker: PlayedWorker) -> list[Claim]:
    """The jobs that a gateway told the worker to stop."""
    return [claim for each in worker.controls if isinstance(each, Stop) for claim in each.jobs]


@pytest.mark.slow
@asynchronous
async def test_urgent_jobs_come_in_a_band_of_their_own(queue: Queue, gateway: GatewaySetup) -> None:
    queue.enqueue_many([Job(type="t", priority=priority) for priority in (10, 50, 80)])
    async with gateway.with_worker() as worker:
        await worker.taken(3)
        bands = [message.routing_key for _, message in worker.messages]
        assert sorted(str(band).rpartition(".")[2] for band in bands) == ["high", "low", "normal"]


@asynchronous
async def test_packages_say_which_types_take_part(queue: Queue, gateway: GatewaySetup) -> None:
    ours = queue.enqueue(Job(type="t"))
    other = queue.enqueue(Job(type="other"))
    async with gateway.with_worker(types=["t", "mine"], lanes=[("t", ""), ("other", "")]) as worker:
        [job] = await worker.taken()
        child = NewJob(uuid4(), "default", "mine", "{}", 50, 3)
        await worker.end(job, children=[child])
        await gateway.until_status(ours.id, "completed")
    assert gateway.status(other.id) == "pending"
    assert len(queue.list(type="mine")) == 1


@asynchronous
async def test_two_databases_share_a_worker(
    queue: Queue,
    gateway: GatewaySetup,
    new_database: Callable[[], AbstractContextManager[str]],
) -> None:
    with new_database() as other_dsn, Queue(other_dsn) as other_queue:
        one, another = queue.enqueue(Job(type="t")), other_queue.enqueue(Job(type="t"))
        other = GatewaySetup(other_queue, gateway.broker_url)
        async with other.running(), gateway.with_worker() as worker:
            jobs = await worker.taken(2)
            databases = {worker.message_of(job.id).database for job in jobs}
            assert len(databases) == 2
            for job in jobs:
                await worker.end(job)
            await gateway.until_status(one.id, "completed")
            await other.until_status(another.id, "completed")


@pytest.mark.slow
@asynchronous
async def test_jobs_that_find_no_worker_in_time_are_claimed_again(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        # The worker says hello, and takes no jobs at first.
        await worker.channel.basic_qos(prefetch_count=1)
        [job] = await worker.taken()
        assert job.attempts == 1
        await worker.messages[0][1].channel.basic_reject(
            worker.messages[0][1].delivery_tag or 0, requeue=False
        )
        again = (await worker.taken(2))[-1]
        assert (again.id, again.rescues) == (stored.id, 0)
        assert again.token != job.token


@pytest.mark.slow
@asynchronous
async def test_a_rescued_job_comes_alone(queue: Queue, gateway: GatewaySetup) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(3)])
    suspect = queue.enqueue(Job(type="t"))
    with psycopg.connect(queue.dsn) as connection:
        connection.execute("UPDATE jobs SET rescues = 1 WHERE id = %s", [suspect.id])
    async with gateway.with_worker() as worker:
        await worker.taken(4)
        assert len(worker.message_of(suspect.id).jobs) == 1
