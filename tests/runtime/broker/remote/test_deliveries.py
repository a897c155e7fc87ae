"""Workers report or release jobs that arrive and do not run. The test plays the gateway."""

import asyncio
import threading
import time

import pytest
from asynchronous import asynchronous
from conduit_runtime import JobContext
from conduit_runtime.broker.messages import Redelivered, Release
from played_gateway import GATEWAY, PlayedGateway, entry
from remote_pool import remote_pool
from timed import Timed


@asynchronous
async def test_jobs_that_came_before_are_reported_and_not_run(broker_url: str) -> None:
    seen: list[int] = []
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: seen.append(1))
    job = entry()
    async with PlayedGateway(broker_url) as gateway:
        await gateway.publish([job])
        channel = await (await gateway.connection.channel()).get_underlay_channel()
        taken = asyncio.Event()

        async def take(message: object) -> None:
            taken.set()

        await channel.basic_consume("conduit.jobs.default.normal", take)
        await taken.wait()
        await channel.close()  # like a worker that died
        async with pool:
            [report] = await gateway.wait_for_requests(Redelivered)
            assert report.jobs == [(job.id, job.token)]
        assert not gateway.outcomes
        assert await gateway.ready("normal") == 0
    assert not seen


@asynchronous
async def test_what_has_not_begun_is_released_on_request_or_after_a_second(broker_url: str) -> None:
    pool = remote_pool(broker_url, workers=1)
    started, release = asyncio.Event(), asyncio.Event()

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        started.set()
        await release.wait()

    jobs = [entry() for _ in range(4)]
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish(jobs[:2])
        await started.wait()
        await gateway.wait_for_outcomes(1)  # after waiting a while for the slot
        number = await gateway.publish([jobs[2]], band="high")
        await gateway.send(Release(GATEWAY, number + 1))
        await gateway.wait_for_outcomes(2)
        await gateway.publish([jobs[3]], band="low")  # the number that Release named
        await gateway.wait_for_outcomes(3)
        assert {each.id for each in gateway.outcomes} == {job.id for job in jobs[1:]}
        assert all(not each.outcome.counted for each in gateway.outcomes)  # type: ignore[union-attr]
        release.set()
        await gateway.wait_for_outcomes(4)


@pytest.mark.slow
@asynchronous
async def test_what_came_while_the_loop_was_blocked_is_released(broker_url: str) -> None:
    seen: list[int] = []
    pool = remote_pool(broker_url)
    blocked = threading.Event()

    @pool.handler("greet")
    async def greet(context: JobContext, payload: int) -> None:
        seen.append(payload)
        if payload == 1:
            blocked.set()
            time.sleep(2)  # noqa: ASYNC251  as a careless handler does

    async with PlayedGateway(broker_url) as gateway:
        await asyncio.to_thread(pool.start)
        await gateway.publish([entry("1")])
        await asyncio.to_thread(blocked.wait)
        late = entry("2")
        await gateway.publish([late])
        await gateway.wait_for_outcomes(2)
        released = gateway.outcome(late.id)
        assert released is not None
        assert released.outcome is not None
        assert not released.outcome.counted
        await asyncio.to_thread(pool.stop)
    assert seen == [1]


@asynchronous
async def test_a_gentle_stop_releases_what_has_not_begun_and_sends_every_outcome(
    broker_url: str,
) -> None:
    pool = remote_pool(broker_url, workers=1, grace=20)
    started = threading.Event()

    @pool.handler("greet")
    def greet(context: JobContext, payload: str) -> None:
        started.set()
        release.wait(20)

    release = threading.Event()
    jobs = [entry() for _ in range(3)]
    async with PlayedGateway(broker_url) as gateway:
        async with pool:
            await gateway.publish(jobs)
            await asyncio.to_thread(started.wait)
            asyncio.get_running_loop().call_later(0.1, release.set)
        await gateway.wait_for_outcomes(3)
        ends = {each.id: each.outcome for each in gateway.outcomes}
        assert ends[jobs[0].id] is None
        assert all(not ends[job.id].counted for job in jobs[1:])  # type: ignore[union-attr]
        for band in ("high", "normal", "low"):
            assert await gateway.ready(band) == 0


@pytest.mark.slow
@asynchronous
async def test_a_worker_that_drains_ends_when_nothing_comes(broker_url: str, timed: Timed) -> None:
    timed(quiet=1.0)
    seen: list[int] = []
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: seen.append(1))
    async with PlayedGateway(broker_url) as gateway:
        await gateway.publish([entry()])
        await asyncio.to_thread(pool.run, drain=True)
        await gateway.wait_for_outcomes()
    assert seen == [1]
