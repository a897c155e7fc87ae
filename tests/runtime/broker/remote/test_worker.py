"""Workers without a database run jobs as other workers do: the test plays the gateway."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asynchronous import asynchronous
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Broker,
    Discard,
    Job,
    JobContext,
    QueueError,
    Schedule,
    Snooze,
    WorkerPool,
)
from conduit_runtime.broker import topology
from conduit_runtime.model.job import JobStatus
from conduit_runtime.worker.timing import Timing
from pamqp.commands import Basic
from played_gateway import PlayedGateway, entry
from remote_pool import remote_pool
from shared_broker import Vhost

PENDING, FAILED = JobStatus.PENDING, JobStatus.FAILED


@asynchronous
async def test_runs_jobs_in_order_and_publishes_their_outcomes(broker_url: str) -> None:
    seen: list[int] = []
    pool = remote_pool(broker_url)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: dict[str, int]) -> None:
        seen.append(payload["n"])

    jobs = [entry(f'{{"n": {number}}}') for number in range(5)]
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish(jobs)
        assert await gateway.wait_for_outcomes(5) == [None] * 5
        assert [each.id for each in gateway.outcomes] == [job.id for job in jobs]
    assert pool.metrics.stats("greet").succeeded == 5
    assert seen == [0, 1, 2, 3, 4]


@asynchronous
async def test_urgent_jobs_come_first(broker_url: str) -> None:
    seen: list[str] = []
    pool = remote_pool(broker_url, workers=1)
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
            await gateway.wait_until_taken(band)
        release.set()
        assert await gateway.wait_for_outcomes(3) == [None] * 3
    assert seen == ["first", "high", "normal"]


@pytest.mark.slow
@asynchronous
async def test_failures_retries_snoozes_and_unreadable_jobs_are_outcomes(broker_url: str) -> None:
    pool = remote_pool(broker_url, workers=1)

    @pool.handler("greet")
    def greet(context: JobContext, payload: str) -> None:
        if payload == "snooze":
            raise Snooze(5)
        if payload == "discard":
            raise Discard("not wanted")
        raise ValueError("broken")

    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry('"raise"'), entry('"discard"'), entry('"snooze"')])
        raised, discarded, snoozed = await gateway.wait_for_outcomes(3)
        assert (raised.status, raised.error) == (PENDING, "ValueError: broken")
        assert (discarded.status, discarded.discarded) == (FAILED, True)
        assert (snoozed.status, snoozed.delay, snoozed.counted) == (PENDING, 5.0, False)


@asynchronous
async def test_a_type_without_code_here_is_released(broker_url: str) -> None:
    pool = remote_pool(broker_url)
    pool.register("other", lambda context, payload: None)
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry(), entry()])
        for found in await gateway.wait_for_outcomes(2):
            assert (found.status, found.counted, found.delay) == (PENDING, False, None)


@pytest.mark.slow
@asynchronous
async def test_timeouts_and_results_and_child_jobs(broker_url: str) -> None:
    pool = remote_pool(broker_url)

    @pool.handler("slow")
    async def slow(context: JobContext, payload: object) -> None:
        await asyncio.sleep(60)

    @pool.handler("greet", keep_result=timedelta(hours=1))
    async def greet(context: JobContext, payload: object) -> list[int]:
        context.enqueued.append(Job(type="child", payload=[1]))
        return [1, 2]

    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry()])
        assert await gateway.wait_for_outcomes() == [None]
        [child] = gateway.outcomes[0].children
        assert (child.type, child.payload) == ("child", "[1]")
        assert gateway.outcomes[0].result == ("[1,2]", 3600.0)
        await gateway.publish([entry(timeout=0.05)], type="slow")
        _, late = await gateway.wait_for_outcomes(2)
        assert "took longer than 0.05 s" in late.error


@asynchronous
async def test_batches_fill_from_several_messages(broker_url: str) -> None:
    sizes: list[int] = []
    pool = remote_pool(broker_url, workers=1)

    @pool.batch_handler("greet", size=20, wait=30)
    async def greet(context: BatchContext, jobs: list[BatchJob]) -> list[object]:
        sizes.append(len(jobs))
        return [ValueError("no") if job.payload == 3 else None for job in jobs]

    async with PlayedGateway(broker_url) as gateway, pool:
        for number in range(20):
            await gateway.publish([entry(str(number))])
        found = await gateway.wait_for_outcomes(20)
        assert [each and each.error for each in found].count("ValueError: no") == 1
    assert sizes == [20]


@asynchronous
async def test_a_worker_says_what_it_runs(broker_url: str) -> None:
    pool = remote_pool(broker_url, queues={"default": None, "mail": 1})
    pool.register("greet", lambda context, payload: None, concurrency=3)
    pool.batch_handler("many", size=7, wait=2.0)(lambda context, jobs: None)
    async with PlayedGateway(broker_url, queues=["default", "mail"]) as gateway:
        async with pool:
            await gateway.until(lambda: gateway.hellos)
            hello = gateway.hellos[0]
            assert hello.queues == {"default": None, "mail": 1}
            assert (hello.concurrency, hello.batches) == (2, {"many": (7, 2.0)})
            assert {*hello.lanes} == {("greet", ""), ("many", "")}
            assert hello.limits["greet"].concurrency == 3
            assert [each.type for each in hello.descriptions or ()] == ["greet", "many"]
            assert pool.health().is_ready
        await gateway.until(lambda: gateway.hellos[-1].is_stopping)


@asynchronous
async def test_a_worker_needs_few_permissions(broker: Vhost) -> None:
    pool = remote_pool(broker.url("worker"))

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        await context.results()

    async with PlayedGateway(broker.url("gateway")) as gateway, pool:
        gateway.answer = lambda request: []
        await gateway.publish([entry(flow=UUID(int=1))])
        assert await gateway.wait_for_outcomes() == [None]


@asynchronous
async def test_a_queue_with_a_cap_holds_no_more(broker_url: str) -> None:
    most: list[int] = [0]
    running = 0
    pool = remote_pool(broker_url, queues={"default": 1}, workers=5)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: str) -> None:
        nonlocal running
        running += 1
        most[0] = max(most[0], running)
        await asyncio.sleep(0.02)
        running -= 1

    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry() for _ in range(6)])
        assert await gateway.wait_for_outcomes(6) == [None] * 6
    assert most == [1]


@pytest.mark.slow
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
            [found] = await gateway.wait_for_outcomes()
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
        remote_pool(broker_url, schedules=[Schedule.every(hours=1, type="greet")])


@asynchronous
@pytest.mark.parametrize("is_patient", [True, False])
async def test_a_message_that_cannot_be_read_is_returned_after_a_pause(
    broker_url: str, is_patient: bool
) -> None:
    pool = remote_pool(broker_url)
    pool.timing = Timing(unread=3600 if is_patient else 0.01)

    @pool.handler("greet")
    async def greet(context: JobContext, payload: object) -> None: ...

    async with PlayedGateway(broker_url) as gateway, pool:
        channel, headers = gateway.channel, {topology.GATEWAY: "gateway-1"}
        returned = (await channel.queue_declare(exclusive=True)).queue
        await channel.queue_bind(returned, topology.RETURNED, arguments=headers)
        await channel.basic_publish(
            b'{"version": 1000}',
            exchange=topology.JOBS,
            routing_key=topology.job_queue("default", "normal"),
            properties=Basic.Properties(delivery_mode=2, headers=headers),
        )
        await gateway.publish([entry()])
        assert await gateway.wait_for_outcomes() == [None]
        while (
            not is_patient
            and not (await channel.queue_declare(returned, passive=True)).message_count
        ):
            pass
        assert (await channel.queue_declare(returned, passive=True)).message_count == (
            0 if is_patient else 1
        )
