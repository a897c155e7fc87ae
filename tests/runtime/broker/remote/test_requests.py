"""What a worker asks its gateways, and what they send it: the test plays the gateway."""

import asyncio
from uuid import UUID

import pytest
from asynchronous import asynchronous
from conduit_runtime import FailedJob, JobContext
from conduit_runtime.broker.messages import (
    CANNOT_SAY,
    Begin,
    Failed,
    Holding,
    Progress,
    Reply,
    Request,
    Results,
    Stop,
)
from played_gateway import PlayedGateway, entry
from remote_pool import remote_pool
from timed import Timed
from waiting import until


@pytest.mark.slow
@asynchronous
async def test_long_jobs_are_reported_and_stopped_when_they_are_not_held(broker_url: str) -> None:
    ended: list[str] = []
    pool = remote_pool(broker_url)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(payload)
            raise

    kept, lost = entry('"kept"'), entry('"lost"')
    async with PlayedGateway(broker_url) as gateway, pool:
        gateway.answer = lambda request: [kept.id]
        await gateway.publish([kept, lost])
        holding = (await gateway.wait_for_requests(Holding, 2))[0]
        assert {id_ for id_, _, _ in holding.jobs} == {kept.id, lost.id}
        assert all(age >= 0.5 for _, _, age in holding.jobs)
        await asyncio.to_thread(until, lambda: ended)
        assert ended == ["lost"]
        await gateway.send(Stop([(kept.id, kept.token)]))
        await asyncio.to_thread(until, lambda: len(ended) == 2)
        assert not gateway.outcomes


@pytest.mark.slow
@asynchronous
async def test_jobs_run_on_while_no_gateway_replies(broker_url: str, timed: Timed) -> None:
    timed(answer=0.2)
    pool = remote_pool(broker_url)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        await asyncio.sleep(2.5)

    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry()])
        assert await gateway.wait_for_outcomes() == [None]
        assert await gateway.wait_for_requests(Holding)


@asynchronous
async def test_the_start_of_a_job_that_was_rescued_is_written_first(broker_url: str) -> None:
    seen: list[str] = []
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: seen.append(payload))
    held, lost = entry('"held"', rescues=2), entry('"lost"', rescues=1)
    async with PlayedGateway(broker_url) as gateway, pool:
        gateway.answer = lambda request: request.claim[0] == held.id
        await gateway.publish([lost])
        await gateway.publish([held])
        assert len(await gateway.wait_for_requests(Begin, 2)) == 2
        assert await gateway.wait_for_outcomes() == [None]
        assert gateway.outcomes[0].id == held.id
    assert seen == ["held"]


@pytest.mark.slow
@asynchronous
async def test_a_job_that_may_not_begin_as_nobody_replies_is_left_to_others(
    broker_url: str, timed: Timed, caplog: pytest.LogCaptureFixture
) -> None:
    timed(answer=0.2, unanswered=1.0)
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: None)
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry(rescues=1)])
        await gateway.wait_for_requests(Begin, 2)
        await asyncio.to_thread(until, lambda: "no gateway has replied for 1 s" in caplog.text)
        # Replies may arrive over another connection.
        first = gateway.hellos[0].worker
        await gateway.until(lambda: gateway.hellos[-1].worker != first)
        asked = len(await gateway.wait_for_requests(Begin))
        gateway.answer = lambda request: True
        await gateway.publish([entry()])
        assert await gateway.wait_for_outcomes() == [None]
        assert len(await gateway.wait_for_requests(Begin)) == asked
    assert "is left to others" in caplog.text


@pytest.mark.slow
@asynchronous
async def test_a_job_waits_while_gateways_reply_that_they_cannot_say(
    broker_url: str, timed: Timed
) -> None:
    timed(unanswered=1.0)
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: None)
    async with PlayedGateway(broker_url) as gateway, pool:
        sent: list[asyncio.Task[None]] = []

        def cannot_say(request: Begin) -> None:
            reply = Reply(request.question, CANNOT_SAY)
            sent.append(asyncio.ensure_future(gateway.send(reply, request.worker)))

        gateway.answer = cannot_say  # type: ignore[assignment]
        await gateway.publish([entry(rescues=1)])
        await gateway.wait_for_requests(Begin, 6)
        gateway.answer = lambda request: True
        assert await gateway.wait_for_outcomes() == [None]
        assert len({each.worker for each in gateway.hellos}) == 1


@asynchronous
async def test_progress_and_the_results_of_a_flow_go_through_a_gateway(broker_url: str) -> None:
    found: list[object] = []

    def answer(request: Request) -> object:
        return [None, {"a": 1}] if isinstance(request, Results) else True

    pool = remote_pool(broker_url)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        context.progress(1, 2, "half")
        found.append(await context.results())

    job = entry(flow=UUID(int=1))
    async with PlayedGateway(broker_url) as gateway, pool:
        gateway.answer = answer
        await gateway.publish([job])
        assert await gateway.wait_for_outcomes() == [None]
        [progress] = await gateway.wait_for_requests(Progress)
        assert progress.claim == (job.id, job.token)
        assert progress.note == {"done": 1, "total": 2, "note": "half"}
    assert found == [[None, {"a": 1}]]


@asynchronous
async def test_gateways_have_failed_jobs_reported(broker_url: str) -> None:
    seen: list[FailedJob] = []
    reported = asyncio.Event()
    pool = remote_pool(broker_url)
    pool.register("greet", lambda context, payload: None)

    @pool.on_failed
    async def on_failed(job: FailedJob) -> None:
        seen.append(job)
        reported.set()

    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.until(lambda: gateway.hellos)
        assert gateway.hellos[0].reports_failures
        job = FailedJob(UUID(int=1), "greet", "default", 3, 3, {"a": [1]}, "ValueError: no")
        await gateway.send(Failed(job), gateway.hellos[0].worker)
        await reported.wait()
        assert seen == [job]
