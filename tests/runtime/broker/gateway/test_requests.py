"""What workers ask a gateway, and what it sends them: the test plays the workers."""

import asyncio
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asynchronous import asynchronous
from conduit_runtime import Job, JobStatus, Queue
from conduit_runtime.broker.messages import (
    CANNOT_SAY,
    VERSION,
    Begin,
    Holding,
    Progress,
    ReadSteps,
    Release,
    Reply,
    Stop,
    StoreStep,
    WaitInStep,
)
from conduit_runtime.broker.topology import to_one
from conduit_runtime.model.attempts.outcome import Outcome
from gateway_setup import GatewaySetup
from played_worker import PlayedWorker
from relay import Relay
from waiting import until


@pytest.mark.slow
@asynchronous
async def test_workers_hear_of_jobs_that_are_no_longer_held(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        queue.cancel(stored.id)
        await worker.until(lambda: Stop([(job.id, job.token)]) in worker.controls)


@asynchronous
async def test_workers_release_what_has_not_begun_when_a_queue_is_paused(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        queue.pause("default")
        release = Release(message.gateway, message.number)
        await worker.until(lambda: release in worker.controls)
        await worker.end(job, outcome=Outcome(JobStatus.PENDING, counted=False))
        await gateway.until_status(stored.id, "pending")
    assert gateway.column(stored.id, "attempts") == 0


@pytest.mark.slow
@asynchronous
async def test_long_jobs_are_marked_as_started(queue: Queue, gateway: GatewaySetup) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        foreign = (uuid4(), uuid4(), 1.0)
        jobs = [(job.id, job.token, 2.0), foreign]
        await worker.ask(Holding(VERSION, worker.name, 7, jobs), database, everyone=True)
        await worker.until(lambda: Reply(7, [str(job.id)]) in worker.controls)
        assert gateway.column(stored.id, "attempts") == 1


@pytest.mark.slow
@asynchronous
async def test_begin_and_progress_say_whether_a_job_is_held(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        claim, foreign = (job.id, job.token), (job.id, uuid4())
        name = worker.name
        await worker.ask(Begin(VERSION, name, 1, claim), database)
        await worker.ask(Begin(VERSION, name, 2, foreign), database)
        await worker.ask(Progress(VERSION, name, 3, claim, {"done": 5}), database)
        await worker.ask(Progress(VERSION, name, 4, foreign, {"done": 6}), database)
        await worker.until(lambda: len(worker.controls) == 4)
        answers = {each.question: each.answer for each in worker.controls}  # type: ignore[union-attr]
        assert answers == {1: True, 2: False, 3: True, 4: False}
        assert gateway.column(stored.id, "progress") == {"done": 5}


@asynchronous
async def test_a_gentle_stop_releases_what_is_on_the_way(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))
    async with PlayedWorker(gateway.broker_url) as worker:
        async with gateway.running(grace=0.1):
            [job] = await worker.taken()
        await worker.until(lambda: Stop([(job.id, job.token)]) in worker.controls)
    assert gateway.status(stored.id) == "pending"
    assert gateway.column(stored.id, "attempts") == 0


@pytest.mark.slow
@asynchronous
async def test_a_start_that_waits_for_a_lock_holds_one_connection(
    queue: Queue, gateway: GatewaySetup
) -> None:
    stored = queue.enqueue(Job(type="t"))

    def waiting(connection: psycopg.Connection[Any]) -> int:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchall()
        return int(count)

    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        with (
            psycopg.connect(queue.dsn) as locking,
            psycopg.connect(queue.dsn, autocommit=True) as watching,
        ):
            locking.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [stored.id])
            for question in (1, 2, 3):
                begin = Begin(VERSION, worker.name, question, (job.id, job.token))
                await worker.ask(begin, database)
                await asyncio.to_thread(until, lambda: waiting(watching))
            other = Begin(VERSION, worker.name, 4, (uuid4(), uuid4()))
            await worker.ask(other, database)
            await worker.until(lambda: Reply(4, False) in worker.controls)
            assert waiting(watching) == 1
            for question in (2, 3):
                assert Reply(question, CANNOT_SAY) in worker.controls
        await worker.until(lambda: Reply(1, True) in worker.controls)
        again = Begin(VERSION, worker.name, 5, (job.id, job.token))
        await worker.ask(again, database)
        await worker.until(lambda: Reply(5, True) in worker.controls)


@pytest.mark.slow
@asynchronous
async def test_workers_hear_from_a_gateway_whose_database_is_away(
    queue: Queue, gateway: GatewaySetup
) -> None:
    queue.enqueue(Job(type="t"))
    with closing(Relay(queue.dsn)) as relay:
        async with gateway.with_worker(dsn=relay.dsn, grace=0) as worker:
            [job] = await worker.taken()
            database, claim = worker.message_of(job.id).database, (job.id, job.token)
            relay.fall_silent()
            await worker.ask(Begin(VERSION, worker.name, 1, claim), database)
            await worker.ask(Begin(VERSION, worker.name, 2, claim), database)
            await worker.until(lambda: Reply(2, CANNOT_SAY) in worker.controls)
            relay.speak()
            await worker.until(lambda: Reply(1, True) in worker.controls)


@pytest.mark.slow
@asynchronous
async def test_a_gateway_checks_what_workers_say(queue: Queue, gateway: GatewaySetup) -> None:
    queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        claim, foreign, name = (job.id, job.token), (job.id, uuid4()), worker.name

        def record(question: int, claim: Any, step: str, value: str) -> StoreStep:
            return StoreStep(VERSION, name, question, claim, 1, step, value, 0.5, False)

        await worker.ask(record(1, claim, "a", "[1]"), database)
        await worker.ask(record(2, foreign, "b", "[1]"), database)
        await worker.ask(record(3, claim, "c", "no JSON"), database)
        await worker.ask(record(4, claim, "d", "[4]"), database)
        await worker.ask(WaitInStep(VERSION, name, 5, foreign, 1, "e", 60.0, True), database)
        await worker.until(lambda: len(worker.controls) == 5)
        await worker.ask(ReadSteps(VERSION, name, 6, claim), database)
        await worker.ask(ReadSteps(VERSION, name, 7, foreign), database)
        await worker.until(lambda: len(worker.controls) == 7)
        replies = {each.question: each for each in worker.controls if isinstance(each, Reply)}
        assert [replies[n].answer for n in (1, 2, 4, 5, 7)] == [True, False, True, False, False]
        assert replies[3].answer is None
        assert "json" in replies[3].problem
        assert replies[6].answer == [{"a": "[1]", "d": "[4]"}, []]


@pytest.mark.slow
@asynchronous
async def test_a_record_that_waits_is_not_stored_behind_later_ones(
    queue: Queue, gateway: GatewaySetup
) -> None:
    """While a lock delays it, no further question about it is answered by yes."""
    stored = queue.enqueue(Job(type="t"))
    async with gateway.with_worker() as worker:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        key, name = to_one(message.database, message.gateway), worker.name

        def turn(question: int, turns: int) -> StoreStep:
            value = f'{{"turns": {turns}}}'
            claim = (job.id, job.token)
            return StoreStep(VERSION, name, question, claim, 1, "rows", value, 0.1, True)

        with psycopg.connect(queue.dsn) as locking:
            locking.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [stored.id])
            for question in (1, 2):
                await worker.ask(turn(question, 1), key)
            await worker.until(lambda: Reply(2, CANNOT_SAY) in worker.controls)
        await worker.until(lambda: Reply(1, True) in worker.controls)
        await worker.ask(turn(3, 2), key)
        await worker.until(lambda: Reply(3, True) in worker.controls)
        with psycopg.connect(queue.dsn) as connection:
            found = connection.execute("SELECT name, value FROM conduit_steps").fetchall()
        assert found == [("rows", {"turns": 2})]
