"""Tests of workers without a database, against a RabbitMQ and a gateway that the test plays."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Broker,
    Discard,
    FailedJob,
    Job,
    JobContext,
    QueueError,
    Schedule,
    Snooze,
    WorkerPool,
)
from conduit_runtime.broker import topology
from conduit_runtime.broker.messages import (
    Begin,
    Failed,
    Holding,
    Progress,
    Redelivered,
    Release,
    Request,
    Results,
    Stop,
)
from conduit_runtime.broker.remote import consumer, outcome_publisher
from conduit_runtime.broker.remote import requests as waiting_requests
from conduit_runtime.model.job import JobStatus
from played_gateway import GATEWAY, PlayedGateway, entry
from shared_broker import Vhost
from waiting import until

PENDING, FAILED = JobStatus.PENDING, JobStatus.FAILED


def run(main: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(90):
            await main

    asyncio.run(limited())


def pool_of(broker_url: str, **options: Any) -> WorkerPool:
    return WorkerPool(Broker(broker_url), **{"workers": 2, **options})


async def requests(gateway: PlayedGateway, kind: type[Request], count: int = 1) -> list[Any]:
    """The requests of a kind, once so many came."""

    def found() -> list[Request]:
        return [each for each in gateway.requests if isinstance(each, kind)]

    await gateway.until(lambda: len(found()) >= count)
    return found()


async def outcomes(gateway: PlayedGateway, count: int = 1) -> list[Any]:
    """The outcomes, once so many came: status, attempts counted, and error of each."""
    await gateway.until(lambda: len(gateway.outcomes) >= count)
    return [each.outcome for each in gateway.outcomes]


async def taken(gateway: PlayedGateway, band: str) -> None:
    """Return once a worker has the messages of a band."""
    while await gateway.ready(band):
        pass


def test_runs_jobs_in_order_and_publishes_their_outcomes(broker_url: str) -> None:
    seen: list[int] = []

    async def main() -> None:
        pool = pool_of(broker_url)

        @pool.handler("greet")
        async def greet(context: JobContext, payload: dict[str, int]) -> None:
            seen.append(payload["n"])

        jobs = [entry(f'{{"n": {number}}}') for number in range(5)]
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish(jobs)
            assert await outcomes(gateway, 5) == [None] * 5
            assert [each.id for each in gateway.outcomes] == [job.id for job in jobs]
        assert pool.metrics.stats("greet").succeeded == 5

    run(main())
    assert seen == [0, 1, 2, 3, 4]


def test_urgent_jobs_come_first(broker_url: str) -> None:
    seen: list[str] = []

    async def main() -> None:
        pool = pool_of(broker_url, workers=1)
        started, release = asyncio.Event(), asyncio.Event()

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            seen.append(payload)
            started.set()
            await release.wait()

        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry('"first"')], band="low")
            await started.wait()
            for band in ("normal", "high"):
                await gateway.publish([entry(f'"{band}"')], band=band)
            for band in ("normal", "high"):
                await taken(gateway, band)
            release.set()
            assert await outcomes(gateway, 3) == [None] * 3

    run(main())
    assert seen == ["first", "high", "normal"]


def test_failures_retries_snoozes_and_unreadable_jobs_are_outcomes(broker_url: str) -> None:
    async def main() -> None:
        pool = pool_of(broker_url, workers=1)

        @pool.handler("greet")
        def greet(context: JobContext, payload: str) -> None:
            if payload == "snooze":
                raise Snooze(5)
            if payload == "discard":
                raise Discard("not wanted")
            raise ValueError("broken")

        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry('"raise"'), entry('"discard"'), entry('"snooze"')])
            raised, discarded, snoozed = await outcomes(gateway, 3)
            assert (raised.status, raised.error) == (PENDING, "ValueError: broken")
            assert (discarded.status, discarded.discarded) == (FAILED, True)
            assert (snoozed.status, snoozed.delay, snoozed.counted) == (PENDING, 5.0, False)

    run(main())


def test_a_type_without_code_here_is_released(broker_url: str) -> None:
    async def main() -> None:
        pool = pool_of(broker_url)
        pool.register("other", lambda context, payload: None)
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry(), entry()])
            for found in await outcomes(gateway, 2):
                assert (found.status, found.counted, found.delay) == (PENDING, False, None)

    run(main())


def test_timeouts_and_results_and_child_jobs(broker_url: str) -> None:
    async def main() -> None:
        pool = pool_of(broker_url)

        @pool.handler("slow")
        async def slow(context: JobContext, payload: object) -> None:
            await asyncio.sleep(60)

        @pool.handler("greet", keep_result=timedelta(hours=1))
        async def greet(context: JobContext, payload: object) -> list[int]:
            context.enqueued.append(Job(type="child", payload=[1]))
            return [1, 2]

        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry()])
            assert await outcomes(gateway) == [None]
            [child] = gateway.outcomes[0].children
            assert (child.type, child.payload) == ("child", "[1]")
            assert gateway.outcomes[0].result == ("[1,2]", 3600.0)
            await gateway.publish([entry(timeout=0.05)], type="slow")
            _, late = await outcomes(gateway, 2)
            assert "took longer than 0.05 s" in late.error

    run(main())


def test_jobs_that_came_before_are_reported_and_not_run(broker_url: str) -> None:
    seen: list[int] = []

    async def main() -> None:
        pool = pool_of(broker_url)
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
            await channel.close()  # as a worker that died
            async with pool:
                [report] = await requests(gateway, Redelivered)
                assert report.jobs == [(job.id, job.token)]
            assert not gateway.outcomes
            assert await gateway.ready("normal") == 0

    run(main())
    assert not seen


def test_long_jobs_are_reported_and_stopped_when_they_are_not_held(broker_url: str) -> None:
    ended: list[str] = []

    async def main() -> None:
        pool = pool_of(broker_url)

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
            holding = (await requests(gateway, Holding, 2))[0]
            assert {id_ for id_, _, _ in holding.jobs} == {kept.id, lost.id}
            assert all(age >= 0.5 for _, _, age in holding.jobs)
            await asyncio.to_thread(until, lambda: ended)
            assert ended == ["lost"]
            await gateway.tell(Stop([(kept.id, kept.token)]))
            await asyncio.to_thread(until, lambda: len(ended) == 2)
            assert not gateway.outcomes

    run(main())


def test_jobs_run_on_while_no_gateway_answers(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_requests, "ANSWER", 0.2)

    async def main() -> None:
        pool = pool_of(broker_url)

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            await asyncio.sleep(2.5)

        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry()])
            assert await outcomes(gateway) == [None]
            assert await requests(gateway, Holding)

    run(main())


def test_what_has_not_begun_is_released_when_told_or_after_a_second(broker_url: str) -> None:
    async def main() -> None:
        pool = pool_of(broker_url, workers=1)
        started, release = asyncio.Event(), asyncio.Event()

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            started.set()
            await release.wait()

        jobs = [entry() for _ in range(4)]
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish(jobs[:2])
            await started.wait()
            await outcomes(gateway, 1)  # after a while in the runner
            number = await gateway.publish([jobs[2]], band="high")
            await gateway.tell(Release(GATEWAY, number + 1))
            await outcomes(gateway, 2)
            await gateway.publish([jobs[3]], band="low")  # that number, which is later
            await outcomes(gateway, 3)
            assert {each.id for each in gateway.outcomes} == {job.id for job in jobs[1:]}
            assert all(not each.outcome.counted for each in gateway.outcomes)  # type: ignore[union-attr]
            release.set()
            await outcomes(gateway, 4)

    run(main())


def test_the_start_of_a_job_that_was_rescued_is_written_first(broker_url: str) -> None:
    seen: list[str] = []

    async def main() -> None:
        pool = pool_of(broker_url)
        pool.register("greet", lambda context, payload: seen.append(payload))
        held, lost = entry('"held"', rescues=2), entry('"lost"', rescues=1)
        async with PlayedGateway(broker_url) as gateway, pool:
            gateway.answer = lambda request: request.claim[0] == held.id
            await gateway.publish([lost])
            await gateway.publish([held])
            assert len(await requests(gateway, Begin, 2)) == 2
            assert await outcomes(gateway) == [None]
            assert gateway.outcomes[0].id == held.id

    run(main())
    assert seen == ["held"]


def test_progress_and_the_results_of_a_flow_go_through_a_gateway(broker_url: str) -> None:
    found: list[object] = []

    def answer(request: Request) -> object:
        return [None, {"a": 1}] if isinstance(request, Results) else True

    async def main() -> None:
        pool = pool_of(broker_url)

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            context.progress(1, 2, "half")
            found.append(await context.results())

        job = entry(flow=UUID(int=1))
        async with PlayedGateway(broker_url) as gateway, pool:
            gateway.answer = answer
            await gateway.publish([job])
            assert await outcomes(gateway) == [None]
            [progress] = await requests(gateway, Progress)
            assert progress.claim == (job.id, job.token)
            assert progress.note == {"done": 1, "total": 2, "note": "half"}

    run(main())
    assert found == [[None, {"a": 1}]]


def test_batches_fill_from_several_messages(broker_url: str) -> None:
    sizes: list[int] = []

    async def main() -> None:
        pool = pool_of(broker_url, workers=1)

        @pool.batch_handler("greet", size=20, wait=30)
        async def greet(context: BatchContext, jobs: list[BatchJob]) -> list[object]:
            sizes.append(len(jobs))
            return [ValueError("no") if job.payload == 3 else None for job in jobs]

        async with PlayedGateway(broker_url) as gateway, pool:
            for number in range(20):
                await gateway.publish([entry(str(number))])
            found = await outcomes(gateway, 20)
            assert [each and each.error for each in found].count("ValueError: no") == 1

    run(main())
    assert sizes == [20]


def test_gateways_have_failed_jobs_reported(broker_url: str) -> None:
    seen: list[FailedJob] = []

    async def main() -> None:
        reported = asyncio.Event()
        pool = pool_of(broker_url)
        pool.register("greet", lambda context, payload: None)

        @pool.on_failed
        async def on_failed(job: FailedJob) -> None:
            seen.append(job)
            reported.set()

        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.until(lambda: gateway.hellos)
            assert gateway.hellos[0].reports_failures
            job = FailedJob(UUID(int=1), "greet", "default", 3, 3, {"a": [1]}, "ValueError: no")
            await gateway.tell(Failed(job), gateway.hellos[0].worker)
            await reported.wait()
            assert seen == [job]

    run(main())


def test_a_worker_says_what_it_runs(broker_url: str) -> None:
    async def main() -> None:
        pool = pool_of(broker_url, queues={"default": None, "mail": 1})
        pool.register("greet", lambda context, payload: None, concurrency=3)
        pool.batch_handler("many", size=7)(lambda context, jobs: None)
        async with PlayedGateway(broker_url, queues=["default", "mail"]) as gateway:
            async with pool:
                await gateway.until(lambda: gateway.hellos)
                hello = gateway.hellos[0]
                assert hello.queues == {"default": None, "mail": 1}
                assert (hello.concurrency, hello.batches) == (2, {"many": 7})
                assert {*hello.lanes} == {("greet", ""), ("many", "")}
                assert hello.limits["greet"].concurrency == 3
                assert [each.type for each in hello.descriptions or ()] == ["greet", "many"]
                assert pool.health().is_ready
            await gateway.until(lambda: gateway.hellos[-1].is_stopping)

    run(main())


def test_an_outcome_that_is_too_large_for_the_broker_fails_alone(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_publisher, "LARGEST", 2_000)

    async def main() -> None:
        pool = pool_of(broker_url, workers=1)

        @pool.handler("greet", keep_result=timedelta(hours=1))
        async def greet(context: JobContext, size: int) -> str:
            return "x" * size

        small, large = [entry("1") for _ in range(3)], entry("2000")
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([*small[:2], large, small[2]])
            await outcomes(gateway, 4)
            failed = gateway.outcome(large.id)
            assert failed is not None
            assert failed.outcome is not None
            assert (failed.outcome.status, failed.payload) == (FAILED, "2000")
            assert "more than the 2,000 that go through the broker" in (failed.outcome.error or "")
            assert [each.result for each in gateway.outcomes].count(('"x"', 3600.0)) == 3

    run(main())


def test_a_worker_needs_few_permissions(broker: Vhost) -> None:
    async def main() -> None:
        pool = pool_of(broker.url("worker"))

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            await context.results()

        async with PlayedGateway(broker.url("gateway")) as gateway, pool:
            gateway.answer = lambda request: []
            await gateway.publish([entry(flow=UUID(int=1))])
            assert await outcomes(gateway) == [None]

    run(main())


def test_what_came_while_the_loop_was_blocked_is_released(broker_url: str) -> None:
    seen: list[int] = []

    async def main() -> None:
        pool = pool_of(broker_url)
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
            await outcomes(gateway, 2)
            released = gateway.outcome(late.id)
            assert released is not None
            assert released.outcome is not None
            assert not released.outcome.counted
            await asyncio.to_thread(pool.stop)

    run(main())
    assert seen == [1]


def test_a_queue_with_a_cap_holds_no_more(broker_url: str) -> None:
    most: list[int] = [0]

    async def main() -> None:
        running = 0
        pool = pool_of(broker_url, queues={"default": 1}, workers=5)

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            nonlocal running
            running += 1
            most[0] = max(most[0], running)
            await asyncio.sleep(0.02)
            running -= 1

        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry() for _ in range(6)])
            assert await outcomes(gateway, 6) == [None] * 6

    run(main())
    assert most == [1]


def test_a_gentle_stop_releases_what_has_not_begun_and_sends_every_outcome(broker_url: str) -> None:
    async def main() -> None:
        pool = pool_of(broker_url, workers=1, grace=20)
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
            await outcomes(gateway, 3)
            ends = {each.id: each.outcome for each in gateway.outcomes}
            assert ends[jobs[0].id] is None
            assert all(not ends[job.id].counted for job in jobs[1:])  # type: ignore[union-attr]
            for band in ("high", "normal", "low"):
                assert await gateway.ready(band) == 0

    run(main())


def test_a_worker_that_drains_ends_when_nothing_comes(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "QUIET", 1.0)
    seen: list[int] = []

    async def main() -> None:
        async with PlayedGateway(broker_url) as gateway:
            await gateway.publish([entry()])
            await asyncio.to_thread(pool.run, drain=True)
            await outcomes(gateway)

    pool = pool_of(broker_url)
    pool.register("greet", lambda context, payload: seen.append(1))
    run(main())
    assert seen == [1]


def test_jobs_without_a_database_say_what_to_do(
    broker_url: str, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(database: str | None) -> Any:
        pool = WorkerPool(Broker(broker_url, database=database))

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            async with context.connection() as connection:
                await connection.execute("SELECT 1")

        pool.register("plain", lambda context, payload: None)
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([entry()])
            [found] = await outcomes(gateway)
            return found

    failed = asyncio.run(main(None))
    assert "this worker has none: give it one, as Broker(…, database=…) or by --dsn" in failed.error
    assert "jobs of greet use the application's database" in caplog.text
    caplog.clear()
    assert asyncio.run(main(dsn)) is None
    assert "use the application's database" not in caplog.text


def test_a_pool_refuses_what_belongs_to_the_queue(broker_url: str) -> None:
    with pytest.raises(QueueError, match="keep_completed"):
        WorkerPool(Broker(broker_url), keep_completed=timedelta(days=1))
    with pytest.raises(QueueError, match="schedules"):
        pool_of(broker_url, schedules=[Schedule.every(hours=1, type="greet")])


def test_outcomes_that_no_queue_takes_are_in_the_way_of_no_others(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        pool = pool_of(broker_url)
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
                await outcomes(gateway, count)
            assert not pool._worker._sink.is_idle  # type: ignore[union-attr]
            own_queue = topology.outcome_queue(own, GATEWAY)
            key = topology.outcome_key("f" * 16, GATEWAY)
            await gateway.channel.queue_bind(own_queue, topology.OUTCOMES, key)
            await outcomes(gateway, 4)
            assert gateway.outcome(lost.id) is not None
            await asyncio.to_thread(until, lambda: pool._worker._sink.is_idle)  # type: ignore[union-attr]

    run(main())


def test_a_failed_job_whose_payload_is_too_large_twice_ends_with_its_error(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its payload has more bytes as a text in JSON than as JSON."""
    monkeypatch.setattr(outcome_publisher, "LARGEST", 2_000)

    async def main() -> None:
        pool = pool_of(broker_url)

        @pool.handler("greet")
        async def greet(context: JobContext, payload: object) -> None:
            raise Discard("it is bad")

        job = entry("[" + ",".join(['"x"'] * 400) + "]")
        async with PlayedGateway(broker_url) as gateway, pool:
            await gateway.publish([job])
            await outcomes(gateway)
            failed = gateway.outcome(job.id)
            assert failed is not None
            assert failed.outcome is not None
            assert (failed.outcome.status, failed.payload) == (FAILED, None)
            assert "it is bad" in (failed.outcome.error or "")

    run(main())
