"""What a gateway writes when outcomes come back: the test plays the workers."""

import asyncio
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from asynchronous import asynchronous
from conduit_runtime import Job, JobStatus, Queue
from conduit_runtime.broker.gateway.pace import Pace
from conduit_runtime.broker.messages import VERSION, Child, Holding, OutcomeEntry, Outcomes, encode
from conduit_runtime.model.attempts.outcome import Outcome
from gateway_setup import GatewaySetup
from relay import Relay


@pytest.mark.slow
@asynchronous
async def test_only_the_first_outcome_of_a_claim_counts(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        await worker.end(job)
        await worker.end(job, outcome=Outcome(JobStatus.FAILED, error="late"))
        job.token = uuid4()
        await worker.end(job, outcome=Outcome(JobStatus.FAILED, error="foreign"))
        other = queue.enqueue(Job(type="t"))
        job = (await worker.taken(2))[-1]
        await worker.end(job)
        await gateway.until_status(other.id, "completed")
    assert gateway.status(stored.id) == "completed"
    assert queue.queues()[0].failed == 0


@asynchronous
async def test_what_is_not_understood_is_dropped_without_its_content(
    queue: Queue, gateway: GatewaySetup, caplog: pytest.LogCaptureFixture
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        await worker.send_outcomes(message, b'{"secret": "swordfish"}')
        await worker.send_outcomes(message, b"swordfish")
        await worker.end(job, outcome=Outcome(JobStatus.RUNNING, error="swordfish"))
        await worker.end(job)
        await gateway.until_status(stored.id, "completed")
    assert caplog.text.count("dropped a message of outcomes") == 2
    assert "dropped an outcome that this gateway cannot read: it is running" in caplog.text
    assert "swordfish" not in caplog.text


@pytest.mark.slow
@asynchronous
async def test_a_job_cannot_enqueue_what_no_worker_runs(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        child = Child(uuid4(), "default", "foreign", "{}", 50, 3)
        await worker.end(job, children=[child])
        await gateway.until_status(stored.id, "failed")
    assert "enqueues a job of foreign" in str(gateway.column(stored.id, "error"))
    assert queue.list(type="foreign") == []


@pytest.mark.slow
@asynchronous
async def test_outcomes_survive_an_outage_of_the_database(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    with closing(Relay(queue.dsn)) as relay:
        async with gateway.with_worker(dsn=relay.dsn) as worker:
            [job] = await worker.taken()
            database = worker.message_of(job.id).database
            relay.fall_silent()
            holding = Holding(VERSION, worker.name, 1, [(job.id, job.token, 1.0)])
            await worker.ask(holding, database, everyone=True)
            await worker.end(job)
            await asyncio.sleep(1)
            assert gateway.status(stored.id) == "running"
            relay.speak()
            await gateway.until_status(stored.id, "completed")
    assert gateway.column(stored.id, "attempts") == 1
    assert gateway.column(stored.id, "rescues") == 0


@asynchronous
async def test_any_gateway_of_the_database_writes_outcomes(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        message.gateway = "another"
        await worker.end(job)
        await gateway.until_status(stored.id, "completed")


@pytest.mark.slow
@asynchronous
async def test_outcomes_of_other_claims_do_not_steer_the_pace(
    queue: Queue, gateway: GatewaySetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Pace, "learn", lambda _, *given: learned.append(given))
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        token, job.token = job.token, uuid4()
        await worker.end(job, elapsed=1_000.0)
        job.token = token
        await worker.end(job, elapsed=0.5)
        await gateway.until_status(stored.id, "completed")
    assert learned == [("t", 0.5)]


@pytest.mark.slow
@asynchronous
async def test_an_outcome_that_is_refused_leaves_the_others_of_its_message(
    queue: Queue, gateway: GatewaySetup, caplog: pytest.LogCaptureFixture
) -> None:
    stored = queue.enqueue_many([Job(type="t") for _ in range(2)])
    async with gateway.with_worker(grace=0) as worker:
        good, bad = await worker.taken(2)
        bad.run_at = 2**63
        message = worker.message_of(good.id)
        entries = [
            OutcomeEntry(each.id, each.token, "t", message.queue, each.run_at, 1, 3)
            for each in (bad, good)
        ]
        await worker.send_outcomes(message, encode(Outcomes(VERSION, worker.name, entries)))
        await gateway.until_status(good.id, "completed")
        assert gateway.status(bad.id) == "running"
    assert len(stored) == 2
    assert "dropped an outcome that this gateway cannot read" in caplog.text
