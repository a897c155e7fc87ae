"""Outcomes that the broker does not take: the test plays the gateway."""

import asyncio
from datetime import timedelta

import pytest
from asynchronous import asynchronous
from conduit_runtime import Discard, JobContext
from conduit_runtime.broker import topology
from conduit_runtime.broker.remote import outcome_publisher
from conduit_runtime.model.job import JobStatus
from played_gateway import GATEWAY, PlayedGateway, entry
from remote_pool import remote_pool
from waiting import until


@pytest.fixture
def small_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a message have 2,000 bytes at most."""
    monkeypatch.setattr(outcome_publisher, "LARGEST", 2_000)


@pytest.mark.usefixtures("small_messages")
@asynchronous
async def test_an_outcome_that_is_too_large_for_the_broker_fails_alone(broker_url: str) -> None:
    pool = remote_pool(broker_url, workers=1)

    @pool.handler("greet", keep_result=timedelta(hours=1))
    async def greet(context: JobContext, size: int) -> str:
        return "x" * size

    small, large = [entry("1") for _ in range(3)], entry("2000")
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([*small[:2], large, small[2]])
        await gateway.wait_for_outcomes(4)
        failed = gateway.outcome(large.id)
        assert failed is not None
        assert failed.outcome is not None
        assert (failed.outcome.status, failed.payload) == (JobStatus.FAILED, "2000")
        assert "more than the 2,000 that the broker takes" in (failed.outcome.error or "")
        assert [each.result for each in gateway.outcomes].count(('"x"', 3600.0)) == 3


@asynchronous
async def test_outcomes_that_no_queue_takes_are_in_the_way_of_no_others(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: None)
    lost, kept = entry(), [entry() for _ in range(3)]
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.until(lambda: gateway.hellos)
        own, gateway._database = gateway._database, "f" * 16  # has no queue
        await gateway.publish([lost])
        await asyncio.to_thread(until, lambda: "no queue takes the message" in caplog.text)
        gateway._database = own
        for count, job in enumerate(kept, 1):
            await gateway.publish([job])
            await gateway.wait_for_outcomes(count)
        assert not pool._lifecycle.worker._sink.is_idle  # type: ignore[union-attr]
        own_queue = topology.outcome_queue(own, GATEWAY)
        key = topology.outcome_key("f" * 16, GATEWAY)
        await gateway.channel.queue_bind(own_queue, topology.OUTCOMES, key)
        await gateway.wait_for_outcomes(4)
        assert gateway.outcome(lost.id) is not None
        await asyncio.to_thread(until, lambda: pool._lifecycle.worker._sink.is_idle)  # type: ignore[union-attr]


@pytest.mark.usefixtures("small_messages")
@asynchronous
async def test_a_failed_job_whose_payload_is_too_large_twice_ends_with_its_error(
    broker_url: str,
) -> None:
    """The payload has more bytes as a string in JSON than as JSON."""
    pool = remote_pool(broker_url)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: object) -> None:
        raise Discard("it is bad")

    job = entry("[" + ",".join(['"x"'] * 400) + "]")
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([job])
        await gateway.wait_for_outcomes()
        failed = gateway.outcome(job.id)
        assert failed is not None
        assert failed.outcome is not None
        assert (failed.outcome.status, failed.payload) == (JobStatus.FAILED, None)
        assert "it is bad" in (failed.outcome.error or "")
