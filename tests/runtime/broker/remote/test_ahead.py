"""Tests of how much a worker has the broker send ahead."""

import asyncio

import pytest
from asynchronous import asynchronous
from conduit_runtime import Broker, JobContext, WorkerPool
from conduit_runtime.broker.messages import Redelivered
from played_gateway import PlayedGateway, entry
from waiting import until


@pytest.mark.slow
@asynchronous
async def test_more_is_sent_ahead_while_messages_are_dealt_with_quickly(broker_url: str) -> None:
    pool = WorkerPool(Broker(broker_url), workers=2)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        await asyncio.sleep(0)

    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.until(lambda: gateway.hellos)
        consumer = pool._lifecycle.worker._consumer  # type: ignore[union-attr]
        [queue] = [each for each in consumer._bands[1] if each.name == "default"]
        sent, is_ahead = 0, False
        while not is_ahead:
            await asyncio.gather(*(gateway.publish([entry()]) for _ in range(50)))
            sent += 50
            await gateway.until(lambda: len(gateway.outcomes) >= sent)  # noqa: B023
            is_ahead = queue.ahead > 2
        await asyncio.to_thread(until, lambda: queue.ahead == 2)
        await gateway.publish([entry()])  # arrives at the consumer that replaced the other
        await gateway.until(lambda: len(gateway.outcomes) > sent)
        assert all(each.outcome is None for each in gateway.outcomes)
        assert not [each for each in gateway.requests if isinstance(each, Redelivered)]


@pytest.mark.slow
@asynchronous
async def test_a_consumer_is_cancelled_once_however_many_ask_for_it(broker_url: str) -> None:
    async with (
        PlayedGateway(broker_url) as gateway,
        WorkerPool(Broker(broker_url), workers=2) as pool,
    ):
        await gateway.until(lambda: gateway.hellos)
        consumer = pool._lifecycle.worker._consumer  # type: ignore[union-attr]
        [queue] = [each for each in consumer._bands[1] if each.name == "default"]
        await gateway.until(lambda: queue.ahead > 0)
        queue._wanted = 5
        await queue.resize()  # adds a second consumer
        await asyncio.gather(queue.cancel(), queue.cancel())
        assert queue.ahead == 0
