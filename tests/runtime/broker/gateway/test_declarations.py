"""What someone deletes at the broker is declared again: by a gateway that lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import psycopg
import pytest
from aiormq.abc import AbstractChannel
from asynchronous import asynchronous
from conduit_runtime import Job, Queue
from conduit_runtime.broker import topology
from conduit_runtime.broker.messages import VERSION, Begin, Reply
from gateway_setup import GatewaySetup
from remote_pool import remote_pool

EXCHANGES = (
    topology.JOBS,
    topology.OUTCOMES,
    topology.ANY_OUTCOMES,
    topology.RETURNED,
    topology.ANY_RETURNED,
    topology.REQUESTS,
    topology.FLEET,
    topology.CONTROL,
)


@pytest.mark.slow
@asynchronous
async def test_a_queue_that_is_deleted_is_declared_and_consumed_again(
    queue: Queue, gateway: GatewaySetup
) -> None:
    async with gateway.with_worker() as worker:
        queue.enqueue(Job(type="t"))
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        database, claim = message.database, (job.id, job.token)
        for number, name in enumerate(
            (
                topology.outcome_queue(database, message.gateway),
                topology.outcome_queue(database),
                topology.request_queue(database),
            )
        ):
            async with broker_channel(gateway.broker_url) as channel:
                await channel.queue_delete(name)
            for everyone, question in ((False, 2 * number), (True, 2 * number + 1)):
                begin = Begin(VERSION, worker.name, question, claim)
                while Reply(question, True) not in worker.controls:
                    await worker.ask(begin, database, everyone=everyone)
                    await asyncio.sleep(0.2)
            other = queue.enqueue(Job(type="t"))
            await worker.end((await worker.taken(number + 2))[-1])
            await gateway.until_status(other.id, "completed")
        await worker.end(job)
        await gateway.until_status(job.id, "completed")


@asynccontextmanager
async def broker_channel(broker_url: str) -> AsyncIterator[AbstractChannel]:
    """A channel of an administrator, over a connection of its own."""
    async with await aio_pika.connect(broker_url) as connection:
        yield await (await connection.channel()).get_underlay_channel()


@pytest.mark.slow
@asynchronous
async def test_queues_of_batched_jobs_and_exchanges_are_declared_again(
    queue: Queue, gateway: GatewaySetup
) -> None:
    """Nobody counts the messages of batch handlers; a job that was rescued asks before it runs."""
    pool = remote_pool(gateway.broker_url)
    pool.batch_handler("t", size=5, wait=0)(lambda context, jobs: None)
    async with gateway.running(), pool:
        first = queue.enqueue(Job(type="t"))
        await gateway.until_status(first.id, "completed")
        async with broker_channel(gateway.broker_url) as channel:
            for band in topology.BANDS:
                await channel.queue_delete(topology.job_queue("default", band))
            second = queue.enqueue(Job(type="t"))
            await gateway.until_status(second.id, "completed")
            for exchange in EXCHANGES:
                await channel.exchange_delete(exchange)
                with psycopg.connect(queue.dsn) as connection:
                    [(rescued,)] = connection.execute(
                        "INSERT INTO jobs (type, rescues) VALUES ('t', 1) RETURNING id"
                    )
                await gateway.until_status(rescued, "completed")
