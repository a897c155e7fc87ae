"""What a gateway writes when outcomes come back: the test plays the workers."""

import asyncio
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asynchronous import asynchronous
from conduit_runtime import Job, JobStatus, Queue
from conduit_runtime.broker.gateway.pace import Pace
from conduit_runtime.broker.messages import VERSION, Holding, OutcomeEntry, Outcomes, encode
from conduit_runtime.model.attempts.outcome import Outcome
from conduit_runtime.model.new_job import NewJob
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
async def test_what_is_not_understood_is_logged_without_its_content(
    queue: Queue, gateway: GatewaySetup, caplog: pytest.LogCaptureFixture
) -> None:
    stored = queue.enqueue_many([Job(type="t") for _ in range(2)])
    async with gateway.with_worker() as worker:
        job, other = await worker.taken(2)
        message = worker.message_of(job.id)
        await worker.send_outcomes(message, b'{"secret": "swordfish"}')
        await worker.send_outcomes(message, b"swordfish")
        await worker.end(other, outcome=Outcome(JobStatus.RUNNING, error="swordfish"))
        await worker.end(job)
        await gateway.until_status(job.id, "completed")
        await gateway.until_status(other.id, "failed")
    assert {job.id, other.id} == {each.id for each in stored}
    assert caplog.text.count("a message of 0 outcomes cannot be read") == 2
    assert "an outcome cannot be read by this gateway: it is running" in caplog.text
    assert "swordfish" not in caplog.text


@pytest.mark.slow
@asynchronous
async def test_jobs_of_a_message_that_cannot_be_read_run_again(
    queue: Queue, gateway: GatewaySetup
) -> None:
    """Nothing says how they ended, and no worker holds them any more."""
    ids = {each.id for each in queue.enqueue_many([Job(type="t") for _ in range(2)])}
    async with gateway.with_worker() as worker:
        first, second = await worker.taken(2)
        message = worker.message_of(first.id)
        entries = [
            OutcomeEntry(each.id, each.token, "t", message.queue, each.run_at, 1, 3)
            for each in (first, second)
        ]
        body = encode(Outcomes(VERSION + 1, worker.name, entries))
        await worker.send_outcomes(message, body)
        again = (await worker.taken(4))[2:]
        assert {each.id for each in again} == ids
        for each in again:
            await worker.end(each)
            await gateway.until_status(each.id, "completed")


@asynchronous
async def test_jobs_that_return_in_a_message_that_cannot_be_read_are_claimed_again(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        deep = b"[" * 5_000 + b"]" * 5_000
        body = encode(message).replace(b'"seq"', b'"more":' + deep + b',"seq"')
        await worker.return_jobs(message, body)
        again = (await worker.taken(2))[-1]
        assert (again.id, again.rescues) == (stored.id, 0)
        await worker.end(again)
        await gateway.until_status(stored.id, "completed")


@pytest.mark.slow
@asynchronous
async def test_a_job_cannot_enqueue_what_no_worker_runs(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        child = NewJob(uuid4(), "default", "foreign", "{}", 50, 3)
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
        await gateway.until_status(bad.id, "failed")
    assert {good.id, bad.id} == {each.id for each in stored}
    assert "that the gateway cannot read" in str(gateway.column(bad.id, "error"))
    assert "an outcome cannot be read by this gateway" in caplog.text


@asynchronous
async def test_jobs_with_odd_numbers_of_attempts_end(queue: Queue, gateway: GatewaySetup) -> None:
    """A plain INSERT takes them."""
    ids = [each.id for each in queue.enqueue_many([Job(type="t") for _ in range(2)])]
    with psycopg.connect(queue.dsn) as connection:
        for id_, attempts, most in zip(ids, (-7, 2**31 - 1), (-5, 2**31 - 1), strict=True):
            connection.execute(
                "UPDATE jobs SET attempts = %s, max_attempts = %s WHERE id = %s",
                [attempts, most, id_],
            )
    async with gateway.with_worker() as worker:
        for count, id_ in enumerate(ids, 1):
            job = (await worker.taken(count))[count - 1]
            await worker.end(job, outcome=Outcome(JobStatus.FAILED, error="no", detail={}))
            await gateway.until_status(job.id, "failed")
            assert gateway.column(job.id, "error") == "no"
            assert id_ in ids
