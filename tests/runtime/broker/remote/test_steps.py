"""Steps of jobs in workers without a database: a gateway stores their records."""

import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Broker, Job, JobContext, JobStatus, PlainContext, Queue, WorkerPool
from conduit_runtime.broker.gateway import requests as gateway_requests
from conduit_runtime.broker.remote import step_store
from gateways import gateway_of
from relay import Relay
from remote_pool import remote_pool
from steps_process import EFFECTS, REMOTE_CASES, STEPS, handler_of
from stored_jobs import reload
from timed import Timed
from waiting import until

_SCRIPT = Path(__file__).parents[2] / "processes" / "steps_process.py"
pytestmark = pytest.mark.slow
SOON = timedelta(milliseconds=1)


def until_completed(queue: Queue, job: Job) -> None:
    until(lambda: reload(queue, job).status is JobStatus.COMPLETED)


def test_killed_workers_repeat_only_the_effect_under_way(
    queue: Queue, dsn: str, broker_url: str, timed: Timed
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(EFFECTS)
    queue.enqueue_many([Job(queue=case.queue, type="job") for case in REMOTE_CASES])
    with ExitStack() as stack:
        stack.enter_context(gateway_of(dsn, broker_url, [case.queue for case in REMOTE_CASES]))
        subprocess.run([sys.executable, _SCRIPT, dsn, broker_url], check=True, timeout=300)
        for kind in {case.kind for case in REMOTE_CASES}:
            queues = [case.queue for case in REMOTE_CASES if case.kind == kind]
            pool = WorkerPool(Broker(broker_url, database=dsn), queues, workers=10)
            pool.register("job", handler_of(kind, dsn, lambda name, when: None))
            pool.register("child", lambda context, payload: None)
            stack.enter_context(pool)
        count = len(REMOTE_CASES)
        until(lambda: len(queue.list(status="completed", limit=1000)) == count)
    with psycopg.connect(dsn) as connection:
        made = Counter(connection.execute("SELECT queue, name FROM effects").fetchall())
        left = connection.execute("SELECT count(*) FROM conduit_steps").fetchone()
    for case in REMOTE_CASES:
        is_repeated = case.when == "behind the effect" and case.kind != "writes"
        # Behind the end of a turn's step, the turn itself is not stored.
        is_repeated |= case.when == "behind the step" and case.kind == "turns"
        twice = [case.step] if is_repeated else []
        effects = {name: made[case.queue, name] for name in STEPS}
        assert effects == {**dict.fromkeys(STEPS, 1), **dict.fromkeys(twice, 2)}, case
    children = [job.payload for job in queue.list(queue="children", limit=1000)]
    assert sorted(children) == sorted(case.queue for case in REMOTE_CASES)
    assert left == (0,)


def test_a_gateway_is_killed_behind_each_step(
    queue: Queue, dsn: str, broker_url: str, timed: Timed
) -> None:
    """Another gateway rescues the job, and the attempt that waits at the end of its step stops."""
    timed(answer=0.5)
    made: list[str] = []
    gateways: list[subprocess.Popen[bytes]] = []

    def start_gateway() -> None:
        command = [sys.executable, "-m", "conduit_runtime.cli", "gateway"]
        gateways.append(subprocess.Popen([*command, "--dsn", dsn, "--broker", broker_url]))

    def make(name: str) -> str:
        made.append(name)
        if made.count(name) == 1:
            gateways[-1].kill()
            gateways[-1].wait()
            start_gateway()
        return name

    pool = remote_pool(broker_url)

    @pool.handler("job")
    def handle(job: PlainContext, payload: object) -> None:
        for name in STEPS:
            assert job.step(name, make, name) == name

    job = queue.enqueue(Job(type="job", max_attempts=10))
    start_gateway()
    try:
        with pool:
            until(lambda: reload(queue, job).status is JobStatus.COMPLETED, 90)
    finally:
        for each in gateways:
            each.kill()
            each.wait()
    assert len(gateways) == 1 + len(STEPS)
    # The step under way is made again if the killed gateway's job is rescued before it is stored.
    assert [name for name, _ in groupby(made)] == [*STEPS]


def test_direct_and_remote_workers_share_a_queue(queue: Queue, dsn: str, broker_url: str) -> None:
    made: list[str] = []
    attempts: list[str] = []

    def register(pool: WorkerPool, name: str) -> WorkerPool:
        @pool.handler("job", base=SOON, backoff="constant", max_attempts=100)
        async def handle(job: JobContext, payload: object) -> None:
            attempts.append(name)
            for step in STEPS:
                await job.step(step, made.append, step)
                if len(attempts) < 20:
                    raise ConnectionError
            async for row in job.resume("rows", range(3)):
                await job.step("row", made.append, f"row {row}")
                if len(attempts) < 40:
                    raise ConnectionError

        return pool

    direct, remote = (
        register(WorkerPool(queue), "direct"),
        register(remote_pool(broker_url), "remote"),
    )
    with gateway_of(dsn, broker_url), direct, remote:
        until_completed(queue, queue.enqueue(Job(type="job")))
    assert made == [*STEPS, "row 0", "row 1", "row 2"]
    assert len(attempts) >= 40


def test_writes_of_a_step_commit_before_its_record(queue: Queue, dsn: str, broker_url: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(EFFECTS)
    pool = WorkerPool(Broker(broker_url, database=dsn))
    insert = "INSERT INTO effects VALUES ('', %s, 0) RETURNING pid"

    @pool.handler("job", base=SOON)
    async def handle(job: JobContext, payload: object) -> None:
        for name in ("refused", "kept"):
            if await job.begins(name):
                async with job.transaction():
                    await job.scalar(int, insert, [f"{name} {job.attempt}"])
                    await job.ends()
                    if job.attempt == 1:
                        raise ConnectionError
            if job.attempt < 3:
                raise ConnectionError

    job = queue.enqueue(Job(type="job"))
    with gateway_of(dsn, broker_url), pool:
        until_completed(queue, job)
    with psycopg.connect(dsn) as connection:
        made = connection.execute("SELECT name FROM effects ORDER BY name").fetchall()
    assert made == [("kept 3",), ("refused 2",)]


def test_a_job_that_was_taken_away_stores_nothing(queue: Queue, dsn: str, broker_url: str) -> None:
    made: list[str] = []
    pool = remote_pool(broker_url)

    @pool.handler("job")
    async def handle(job: JobContext, payload: object) -> None:
        await job.step("first", made.append, "first")
        if made == ["first"]:
            assert queue.cancel(job.id)
            await job.step("second", made.append, "second")
            made.append("never")

    job = queue.enqueue(Job(type="job"))
    with gateway_of(dsn, broker_url), pool:
        until(lambda: "second" in made)
        until(lambda: reload(queue, job).status is JobStatus.CANCELLED)
        assert queue.retry(job.id)
        until_completed(queue, job)
    assert made == ["first", "second"]


def test_steps_wait_while_the_database_is_away(queue: Queue, broker_url: str, timed: Timed) -> None:
    timed(answer=0.2, unanswered=60.0)
    made: list[str] = []
    pool = remote_pool(broker_url)
    with closing(Relay(queue.dsn)) as relay:

        @pool.handler("job")
        def handle(job: PlainContext, payload: object) -> None:
            relay.fall_silent()
            job.step("first", made.append, "first")
            job.step("second", made.append, "second")

        job = queue.enqueue(Job(type="job"))
        with gateway_of(relay.dsn, broker_url), pool:
            until(lambda: made)
            relay.speak()
            until_completed(queue, job)
    assert made.count("second") == 1


def test_what_is_too_large_for_a_broker_fails_in_words(
    queue: Queue, dsn: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = remote_pool(broker_url)

    @pool.handler("large value", max_attempts=1)
    async def large(job: JobContext, payload: object) -> None:
        await job.step("large", lambda: "x" * 20_000)

    @pool.handler("large sum", base=SOON, max_attempts=2)
    async def many(job: JobContext, payload: object) -> None:
        for n in range(3):
            await job.step(f"part {n}", lambda: "x" * 5_000)
        raise ConnectionError

    monkeypatch.setattr(step_store, "LARGEST", 20_000)
    monkeypatch.setattr(gateway_requests, "LARGEST", 10_000)
    jobs = [queue.enqueue(Job(type=type_)) for type_ in ("large value", "large sum")]
    with gateway_of(dsn, broker_url), pool:
        until(lambda: all(reload(queue, job).status is JobStatus.FAILED for job in jobs))
    errors = [reload(queue, job).error or "" for job in jobs]
    assert "the result of the step 'large' is 20,006 bytes in a message" in errors[0]
    assert "the steps are too large for a broker" in errors[1]
