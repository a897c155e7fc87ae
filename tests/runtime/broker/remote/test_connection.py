"""Tests of a worker that has lost its connection to the broker, or has none yet."""

import asyncio
import logging
from pathlib import Path

import pytest
from asynchronous import asynchronous
from conduit_runtime import Broker, JobContext, QueueError, WorkerPool
from conduit_runtime.broker.broker_connection import BrokerError, connect
from conduit_runtime.broker.messages import Holding, Redelivered
from conduit_runtime.broker.remote.job_queue import JobQueue
from conduit_runtime.postgres.backoff import Backoff
from line import Line
from played_gateway import PlayedGateway, entry
from waiting import until


@asynchronous
async def test_outcomes_of_jobs_that_ran_on_are_sent_over_the_next_connection(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with PlayedGateway(broker_url) as gateway, Line(broker_url) as line:
        pool = WorkerPool(Broker(line.url), workers=1)
        started, release = asyncio.Event(), asyncio.Event()

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            started.set()
            await release.wait()

        ran, waited = entry(), entry()
        async with pool:
            await gateway.publish([ran, waited])
            await started.wait()
            line.cut()
            await asyncio.to_thread(until, lambda: "connection was lost" in caplog.text)
            release.set()
            await line.mend()
            await gateway.until(lambda: len(gateway.outcomes) == 2)
            assert gateway.outcome(ran.id).outcome is None  # type: ignore[union-attr]
            returned = gateway.outcome(waited.id)
            assert returned is not None
            assert returned.outcome is not None
            assert not returned.outcome.counted
            # The broker delivers both again, since the worker did not acknowledge them.
            await gateway.until(
                lambda: any(isinstance(each, Redelivered) for each in gateway.requests)
            )


@asynchronous
async def test_a_job_is_said_to_be_held_over_the_next_connection(broker_url: str) -> None:
    async with PlayedGateway(broker_url) as gateway, Line(broker_url) as line:
        pool = WorkerPool(Broker(line.url))
        started, release = asyncio.Event(), asyncio.Event()

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            started.set()
            await release.wait()

        job = entry()
        async with pool:
            gateway.answer = lambda request: [job.id]
            await gateway.publish([job])
            await started.wait()
            line.cut()
            gateway.requests.clear()
            await line.mend()

            def is_held() -> bool:
                return any(isinstance(each, Holding) for each in gateway.requests)

            await gateway.until(is_held)
            release.set()
            await gateway.until(lambda: gateway.outcomes)
            assert gateway.outcomes[0].outcome is None


@asynchronous
async def test_a_broker_that_is_not_there_at_the_start_is_waited_for(broker_url: str) -> None:
    async with PlayedGateway(broker_url) as gateway, Line(broker_url) as line:
        line.cut()
        pool = WorkerPool(Broker(line.url))
        pool.register("greet", lambda context, payload: None)
        starting = asyncio.ensure_future(pool.__aenter__())
        await gateway.publish([entry()])
        await line.mend()
        await starting
        await gateway.until(lambda: gateway.outcomes)
        await pool.__aexit__()


@pytest.mark.slow
@asynchronous
async def test_a_worker_may_start_before_the_first_gateway(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(Broker(broker_url))
    pool.register("greet", lambda context, payload: None)
    async with pool:
        assert not pool.health().is_ready
        assert "the broker cannot be used, trying again: no gateway has used it yet" in caplog.text
        async with PlayedGateway(broker_url) as gateway:
            await gateway.until(lambda: gateway.hellos)
            await gateway.publish([entry()])
            await gateway.until(lambda: gateway.outcomes)


@asynchronous
async def test_a_queue_that_no_gateway_serves_is_named_once(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with PlayedGateway(broker_url) as gateway:
        pool = WorkerPool(Broker(broker_url), ["default", "mial"])
        pool.register("greet", lambda context, payload: None)
        async with pool:
            await gateway.publish([entry()])
            await gateway.until(lambda: gateway.outcomes)
            said = "the queue mial cannot be consumed, trying again: no gateway publishes its jobs"
            await asyncio.to_thread(until, lambda: said in caplog.text)
    assert caplog.text.count("cannot be consumed") == 1


@asynchronous
async def test_a_lost_connection_is_logged_once(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with PlayedGateway(broker_url) as gateway, Line(broker_url) as line:
        caplog.set_level(logging.INFO)
        pool = WorkerPool(Broker(line.url))
        pool.register("greet", lambda context, payload: None)
        async with pool:
            await gateway.until(lambda: gateway.hellos)
            line.cut()
            await asyncio.to_thread(until, lambda: "connection was lost" in caplog.text)
            await line.mend()
            await asyncio.to_thread(until, lambda: "broker can be used" in caplog.text)
    assert [each.message for each in caplog.records if each.levelno >= logging.WARNING] == [
        "the broker cannot be used, trying again: the connection was lost"
    ]


@asynchronous
async def test_nothing_is_consumed_over_a_connection_that_was_lost(
    broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with await connect(broker_url, "a test") as connection:
        assert connection.transport is not None
        await connection.transport.connection.close()
        backoff = Backoff(logging.getLogger("conduit"), "the queue cannot be consumed")
        async with asyncio.timeout(10):
            await JobQueue("default", "low", 1, lambda *_: None, backoff).run(connection)
    assert "cannot be consumed" not in caplog.text


def test_no_error_shows_the_password(broker_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
    refused = broker_url.replace("loopback", "wrong-secret")
    unreachable = "amqp://user:wrong-secret@127.0.0.1:1/vhost"
    for url, reason in (
        (refused, "refuses the user"),
        (unreachable, "Connection refused"),
        (f"{broker_url}-typo", "no such vhost"),
    ):
        broker = Broker(url)
        pool = WorkerPool(broker, connect_timeout=0.2)
        with pytest.raises(BrokerError, match=reason) as caught, pool:
            pass
        assert isinstance(caught.value, QueueError)
        assert "wrong-secret" not in str(caught.value) + repr(broker) + caplog.text


@asynchronous
async def test_a_file_without_authorities_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "authorities.pem"
    empty.touch()
    for file in (empty, tmp_path / "missing.pem"):
        with pytest.raises(BrokerError, match=rf"the file {file} \(--broker-ca"):
            await connect("amqps://127.0.0.1:1/", "a test", str(file))


@asynchronous
async def test_a_frame_is_in_no_log(broker_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pool = WorkerPool(Broker(broker_url))
    pool.register("greet", lambda context, payload: None)
    async with PlayedGateway(broker_url) as gateway, pool:
        await gateway.publish([entry('"a secret payload"')])
        await gateway.until(lambda: gateway.outcomes)
    assert "conduit" in caplog.text
    assert "secret payload" not in caplog.text
    assert "loopback" not in caplog.text


@asynchronous
async def test_a_worker_that_stops_takes_nothing_over_the_next_connection(broker_url: str) -> None:
    async with PlayedGateway(broker_url) as gateway, Line(broker_url) as line:
        pool = WorkerPool(Broker(line.url), workers=1, grace=60)
        started, release = asyncio.Event(), asyncio.Event()

        @pool.handler("greet")
        async def greet(context: JobContext, payload: str) -> None:
            started.set()
            await release.wait()

        await pool.__aenter__()
        await gateway.publish([entry()])
        await started.wait()
        line.cut()
        stopping = asyncio.ensure_future(pool.__aexit__())
        await gateway.until(lambda: [each.worker for each in gateway.hellos])
        before = {each.worker for each in gateway.hellos}
        await line.mend()
        await gateway.until(lambda: gateway.hellos[-1].worker not in before)
        assert gateway.hellos[-1].is_stopping
        last = entry()
        await gateway.publish([last])
        await asyncio.sleep(1)
        assert gateway.outcome(last.id) is None
        assert await gateway.ready("normal") >= 1
        release.set()
        await stopping
