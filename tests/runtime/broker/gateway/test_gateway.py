"""What a gateway publishes, and what it makes of what comes back: the test plays the worker."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue
from conduit_runtime.broker.gateway import leases
from conduit_runtime.broker.gateway.pace import Pace
from conduit_runtime.broker.messages import (
    VERSION,
    Begin,
    Child,
    Holding,
    OutcomeEntry,
    Outcomes,
    Progress,
    Redelivered,
    Release,
    Reply,
    Stop,
    encode,
)
from conduit_runtime.model.attempts.outcome import Outcome
from gateways import gateway_of
from line import Line
from played_worker import PlayedWorker
from relay import Relay
from waiting import until

Play = Callable[[PlayedWorker], Coroutine[Any, Any, None]]


def _played(url: str, play: Play, **worker: Any) -> None:
    """Play a worker."""

    async def run() -> None:
        async with PlayedWorker(url, **worker) as played:
            await play(played)

    asyncio.run(run())


async def _until(condition: Callable[[], Any]) -> None:
    await asyncio.to_thread(until, condition)


def _is(queue: Queue, id: UUID, status: str) -> Callable[[], bool]:
    def check() -> bool:
        job = queue.get(id)
        return job is not None and job.status == status

    return check


def _column(dsn: str, id: UUID, name: str) -> Any:
    with psycopg.connect(dsn) as connection:
        [(value,)] = connection.execute(f"SELECT {name} FROM jobs WHERE id = %s", [id])
        return value


def test_publishes_only_what_live_workers_run(queue: Queue, dsn: str, broker_url: str) -> None:
    known = queue.enqueue(Job(type="t"))
    unknown = queue.enqueue(Job(type="other"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        assert [each.version for each in queue.workers()] == ["gateway"]
        assert job.id == known.id
        assert _is(queue, unknown.id, "pending")()
        await worker.end(job)
        await _until(_is(queue, known.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
        queue.enqueue(Job(type="t"))


def test_publishes_no_more_than_can_start_soon(queue: Queue, dsn: str, broker_url: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(50)])

    async def play(worker: PlayedWorker) -> None:
        await worker.taken(2)
        await asyncio.sleep(0.5)
        with psycopg.connect(dsn) as connection:
            [(running,)] = connection.execute("SELECT count(*) FROM jobs WHERE status = 'running'")
        assert 2 <= running <= 4

    with gateway_of(dsn, broker_url):
        _played(broker_url, play, concurrency=2)


def test_a_queue_has_at_most_so_many_jobs_on_the_way(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(5)])

    async def play(worker: PlayedWorker) -> None:
        for count in range(1, 6):
            jobs = await worker.taken(count)
            await asyncio.sleep(0.1)
            assert len(worker.jobs) == count
            await worker.end(jobs[-1])

    with gateway_of(dsn, broker_url, {"default": 1}):
        _played(broker_url, play)


def test_urgent_jobs_come_in_a_band_of_their_own(queue: Queue, dsn: str, broker_url: str) -> None:
    queue.enqueue_many([Job(type="t", priority=priority) for priority in (10, 50, 80)])

    async def play(worker: PlayedWorker) -> None:
        await worker.taken(3)
        bands = [message.routing_key for _, message in worker.messages]
        assert sorted(str(band).rpartition(".")[2] for band in bands) == ["high", "low", "normal"]

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_only_the_first_outcome_of_a_claim_counts(queue: Queue, dsn: str, broker_url: str) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        await worker.end(job)
        await worker.end(job, outcome=Outcome(JobStatus.FAILED, error="late"))
        job.token = uuid4()
        await worker.end(job, outcome=Outcome(JobStatus.FAILED, error="foreign"))
        other = queue.enqueue(Job(type="t"))
        job = (await worker.taken(2))[-1]
        await worker.end(job)
        await _until(_is(queue, other.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
    assert _is(queue, stored.id, "completed")()
    assert queue.queues()[0].failed == 0


def test_what_is_not_understood_is_dropped_without_its_content(
    queue: Queue, dsn: str, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        await worker.send_outcomes(message, b'{"secret": "swordfish"}')
        await worker.send_outcomes(message, b"swordfish")
        await worker.end(job, outcome=Outcome(JobStatus.RUNNING, error="swordfish"))
        await worker.end(job)
        await _until(_is(queue, stored.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
    assert caplog.text.count("a message of outcomes is dropped") == 2
    assert "an outcome is dropped, which is not understood: it is running" in caplog.text
    assert "swordfish" not in caplog.text


def test_a_job_cannot_enqueue_what_no_worker_runs(queue: Queue, dsn: str, broker_url: str) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        child = Child(uuid4(), "default", "foreign", "{}", 50, 3)
        await worker.end(job, children=[child])
        await _until(_is(queue, stored.id, "failed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
    assert "enqueues a job of foreign" in str(_column(dsn, stored.id, "error"))
    assert queue.list(type="foreign") == []


def test_packages_say_which_types_take_part(queue: Queue, dsn: str, broker_url: str) -> None:
    ours = queue.enqueue(Job(type="t"))
    other = queue.enqueue(Job(type="other"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        child = Child(uuid4(), "default", "mine", "{}", 50, 3)
        await worker.end(job, children=[child])
        await _until(_is(queue, ours.id, "completed"))

    with gateway_of(dsn, broker_url, types=["t", "mine"]):
        _played(broker_url, play, lanes=[("t", ""), ("other", "")])
    assert _is(queue, other.id, "pending")()
    assert len(queue.list(type="mine")) == 1


def test_workers_hear_of_jobs_that_are_no_longer_held(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        queue.cancel(stored.id)
        await worker.until(lambda: Stop([(job.id, job.token)]) in worker.controls)

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_workers_release_what_has_not_begun_when_a_queue_is_paused(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        queue.pause("default")
        release = Release(message.gateway, message.number)
        await worker.until(lambda: release in worker.controls)
        await worker.end(job, outcome=Outcome(JobStatus.PENDING, counted=False))
        await _until(_is(queue, stored.id, "pending"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
    assert _column(dsn, stored.id, "attempts") == 0


def test_long_jobs_are_marked_as_started(queue: Queue, dsn: str, broker_url: str) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        foreign = (uuid4(), uuid4(), 1.0)
        jobs = [(job.id, job.token, 2.0), foreign]
        await worker.ask(Holding(VERSION, worker.name, 7, jobs), database, everyone=True)
        await worker.until(lambda: Reply(7, [str(job.id)]) in worker.controls)
        assert _column(dsn, stored.id, "attempts") == 1

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_begin_and_progress_say_whether_a_job_is_held(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
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
        assert _column(dsn, stored.id, "progress") == {"done": 5}

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_jobs_of_a_dead_worker_are_reclaimed(queue: Queue, dsn: str, broker_url: str) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        async with PlayedWorker(broker_url) as other:
            await worker.die()
            [again] = await other.taken()
            assert other.messages[0][1].redelivered
            await other.acknowledge()
            database = other.message_of(again.id).database
            lost = Redelivered(VERSION, other.name, [(again.id, again.token)])
            await other.ask(lost, database, everyone=True)
            again = (await other.taken(2))[-1]
            assert again.rescues == 1
            assert again.token != job.token
            await other.end(again)
            await _until(_is(queue, stored.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_a_worker_that_says_it_holds_a_job_keeps_it(
    queue: Queue, dsn: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "DOUBT", 2.0)
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        lost = Redelivered(VERSION, "other", [(job.id, job.token)])
        await worker.ask(lost, database, everyone=True)
        holding = Holding(VERSION, worker.name, 1, [(job.id, job.token, 1.0)])
        await worker.ask(holding, database, everyone=True)
        await asyncio.sleep(4)
        await worker.end(job)
        await _until(_is(queue, stored.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
    assert _column(dsn, stored.id, "rescues") == 0


def test_a_job_that_no_worker_holds_is_reclaimed_at_last(
    queue: Queue, dsn: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a broker has lost its data."""
    monkeypatch.setattr(leases, "LEASE", 3.0)
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        await worker.taken()
        await worker.acknowledge()
        again = (await worker.taken(2))[-1]
        assert (again.id, again.rescues) == (stored.id, 1)

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_a_lost_connection_loses_no_job(
    queue: Queue, dsn: str, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What was published is still held, and nothing is claimed while the broker is away."""
    first = queue.enqueue(Job(type="t"))

    async def play() -> None:
        async with Line(broker_url) as line, PlayedWorker(broker_url, concurrency=1) as worker:
            gateway = gateway_of(dsn, line.url)
            await asyncio.to_thread(gateway.start)
            try:
                [job] = await worker.taken()
                line.cut()
                await _until(lambda: "connection was lost" in caplog.text)
                second = queue.enqueue(Job(type="t"))
                await worker.end(job)
                await asyncio.sleep(1)
                assert _is(queue, second.id, "pending")()
                await line.mend()
                job = (await worker.taken(2))[-1]
                assert job.id == second.id
                await worker.end(job)
                await _until(_is(queue, first.id, "completed"))
                await _until(_is(queue, second.id, "completed"))
            finally:
                await asyncio.to_thread(gateway.stop)

    asyncio.run(play())
    assert _column(dsn, first.id, "rescues") == 0


def test_outcomes_survive_an_outage_of_the_database(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))
    relay = Relay(dsn)

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        relay.fall_silent()
        holding = Holding(VERSION, worker.name, 1, [(job.id, job.token, 1.0)])
        await worker.ask(holding, database, everyone=True)
        await worker.end(job)
        await asyncio.sleep(1)
        assert _is(queue, stored.id, "running")()
        relay.speak()
        await _until(_is(queue, stored.id, "completed"))

    try:
        with gateway_of(relay.dsn, broker_url):
            _played(broker_url, play)
    finally:
        relay.close()
    assert _column(dsn, stored.id, "attempts") == 1
    assert _column(dsn, stored.id, "rescues") == 0


def test_two_databases_share_a_worker(
    queue: Queue,
    dsn: str,
    broker_url: str,
    new_database: Callable[[], AbstractContextManager[str]],
) -> None:
    async def play(worker: PlayedWorker) -> None:
        jobs = await worker.taken(2)
        databases = {worker.message_of(job.id).database for job in jobs}
        assert len(databases) == 2
        for job in jobs:
            await worker.end(job)
        await _until(_is(queue, one.id, "completed"))
        await _until(_is(other, another.id, "completed"))

    with new_database() as other_dsn, Queue(other_dsn) as other:
        one, another = queue.enqueue(Job(type="t")), other.enqueue(Job(type="t"))
        with gateway_of(dsn, broker_url), gateway_of(other_dsn, broker_url):
            _played(broker_url, play)


def test_any_gateway_of_the_database_writes_outcomes(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        message = worker.message_of(job.id)
        message.gateway = "another"
        await worker.end(job)
        await _until(_is(queue, stored.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_jobs_that_find_no_worker_in_time_are_claimed_again(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        """It says hello, and takes nothing at first."""
        await worker.channel.basic_qos(prefetch_count=1)
        [job] = await worker.taken()
        assert job.attempts == 1
        await worker.messages[0][1].channel.basic_reject(
            worker.messages[0][1].delivery_tag or 0, requeue=False
        )
        again = (await worker.taken(2))[-1]
        assert (again.id, again.rescues) == (stored.id, 0)
        assert again.token != job.token

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_a_rescued_job_comes_alone(queue: Queue, dsn: str, broker_url: str) -> None:
    queue.enqueue_many([Job(type="t") for _ in range(3)])
    suspect = queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET rescues = 1 WHERE id = %s", [suspect.id])

    async def play(worker: PlayedWorker) -> None:
        await worker.taken(4)
        assert len(worker.message_of(suspect.id).jobs) == 1

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_a_gentle_stop_releases_what_is_on_the_way(queue: Queue, dsn: str, broker_url: str) -> None:
    stored = queue.enqueue(Job(type="t"))
    gateway = gateway_of(dsn, broker_url, grace=0.1)

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        await asyncio.to_thread(gateway.stop)
        await worker.until(lambda: Stop([(job.id, job.token)]) in worker.controls)

    gateway.start()
    _played(broker_url, play)
    assert _is(queue, stored.id, "pending")()
    assert _column(dsn, stored.id, "attempts") == 0


def test_a_start_that_waits_for_a_lock_holds_one_connection(
    queue: Queue, dsn: str, broker_url: str
) -> None:
    stored = queue.enqueue(Job(type="t"))

    def waiting(connection: psycopg.Connection[Any]) -> int:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchall()
        return int(count)

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        database = worker.message_of(job.id).database
        with psycopg.connect(dsn) as locking, psycopg.connect(dsn, autocommit=True) as watching:
            locking.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", [stored.id])
            for question in (1, 2, 3):
                begin = Begin(VERSION, worker.name, question, (job.id, job.token))
                await worker.ask(begin, database)
                await _until(lambda: waiting(watching))
            other = Begin(VERSION, worker.name, 4, (uuid4(), uuid4()))
            await worker.ask(other, database)
            await worker.until(lambda: Reply(4, False) in worker.controls)
            assert waiting(watching) == 1
        await worker.until(lambda: Reply(1, True) in worker.controls)
        await worker.ask(begin, database)
        await worker.until(lambda: Reply(3, True) in worker.controls)
        assert Reply(2, True) not in worker.controls

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)


def test_outcomes_of_other_claims_do_not_steer_the_pace(
    queue: Queue, dsn: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Pace, "learn", lambda _, *given: learned.append(given))
    stored = queue.enqueue(Job(type="t"))

    async def play(worker: PlayedWorker) -> None:
        [job] = await worker.taken()
        token, job.token = job.token, uuid4()
        await worker.end(job, elapsed=1_000.0)
        job.token = token
        await worker.end(job, elapsed=0.5)
        await _until(_is(queue, stored.id, "completed"))

    with gateway_of(dsn, broker_url):
        _played(broker_url, play)
    assert learned == [("t", 0.5)]


def test_an_outcome_that_is_refused_leaves_the_others_of_its_message(
    queue: Queue, dsn: str, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    stored = queue.enqueue_many([Job(type="t") for _ in range(2)])

    async def play(worker: PlayedWorker) -> None:
        good, bad = await worker.taken(2)
        bad.run_at = 2**63
        message = worker.message_of(good.id)
        entries = [
            OutcomeEntry(each.id, each.token, "t", message.queue, each.run_at, 1, 3)
            for each in (bad, good)
        ]
        await worker.send_outcomes(message, encode(Outcomes(VERSION, worker.name, entries)))
        await _until(_is(queue, good.id, "completed"))
        assert _is(queue, bad.id, "running")()

    with gateway_of(dsn, broker_url, grace=0):
        _played(broker_url, play)
    assert len(stored) == 2
    assert "an outcome is dropped, which is not understood" in caplog.text
