"""Jobs that are run again and again, each time with a crash behind another step."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import (
    AsyncQueue,
    Job,
    JobContext,
    PlainContext,
    Queue,
    WorkerPool,
    migrate,
)
from conduit_runtime.testing import AsyncJobs, Jobs, fakes
from kit import Kit, enqueue

INSERT = "INSERT INTO users (name, email) VALUES ('Ada', 'a@e.de')"


class Mail(Protocol):
    def send(self, to: str, *, at: float = 0) -> object: ...


class Services:
    @property
    def mail(self) -> Mail:
        raise NotImplementedError


@pytest.fixture
def services() -> Any:
    return fakes(Services)


def nothing() -> None:
    """A step that does nothing."""


async def add_row(job: JobContext[Any]) -> None:
    async with job.connection() as connection:
        await connection.execute(INSERT)


@pytest.fixture
def durable(pool: WorkerPool, services: Any) -> None:
    """Jobs of which no crash repeats an effect; what they do has other times in each run."""

    @pool.handler("coroutine")
    async def coroutine(job: JobContext[Any], payload: object) -> float:
        await job.step("mail", services.mail.send, "ada", at=time.monotonic())
        for number in (1, 2, 3):
            await job.step(f"row {number}", add_row, job)
        return await job.step("time", time.monotonic)

    @pool.handler("plain")
    def plain(job: PlainContext[Any], payload: object) -> float:
        for name in ("ada", "bob"):
            job.step(f"mail {name}", services.mail.send, name)
        job.step("row", add_row, job)
        return job.step("time", time.monotonic)


@pytest.mark.parametrize("type_", ["coroutine", "plain"])
def test_durable_jobs(kit: Kit, pool: WorkerPool, services: Any, durable: None, type_: str) -> None:
    enqueue(kit, type_, type_)
    services.mail.send("before")
    kit.jobs.assert_durable(pool=pool, services=services)
    assert [each.args for each in services.mail.send.calls] == [("before",)]
    assert kit.one("SELECT count(*) FROM users") == 0
    assert kit.one("SELECT count(*) FROM jobs WHERE status = 'pending'") == 2
    assert kit.one("SELECT count(*) FROM conduit_steps") == 0
    assert [run.outcome for run in kit.jobs.run(pool=pool, services=services)] == ["completed"] * 2


async def mails_again(job: JobContext[Any], services: Any) -> None:
    await job.step("nothing", nothing)
    services.mail.send("ada", at=1)
    await job.step("charge", nothing)


async def adds_rows_again(job: JobContext[Any], services: Any) -> None:
    await add_row(job)
    await job.step("charge", nothing)


async def enqueues_again(job: JobContext[Any], services: Any) -> None:
    async with job.connection() as connection, AsyncQueue(connection.info.dsn) as queue:
        await queue.enqueue(Job(type="child", queue="unserved"), conn=connection)
    await job.step("charge", nothing)


async def returns_another_result(job: JobContext[Any], services: Any) -> list[str]:
    charged: list[str] = []
    await job.step("charge", charged.append, "charged")
    return charged


async def names_another_step(job: JobContext[Any], services: Any) -> None:
    await job.step(f"row {uuid4()}", nothing)
    await job.step("charge", nothing)


@pytest.mark.parametrize(
    ("handler", "step", "line"),
    [
        (mails_again, "charge", "  call of mail.send: 2, not 1: 'ada', at=1"),
        (adds_rows_again, "charge", "  row of users: 2, not 1: "),
        (enqueues_again, "charge", "  job: 2, not 1: type=child, queue=unserved, status=pending"),
        (
            returns_another_result,
            "charge",
            "  result: 0, not 1: type=job, payload={}, result=['charged']",
        ),
        (names_another_step, "row ", "  step: 3, not 2: type=job, value=null"),
    ],
)
def test_what_is_not_durable(
    kit: Kit, pool: WorkerPool, services: Any, handler: Callable[..., Any], step: str, line: str
) -> None:
    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> Any:
        return await handler(job, services)

    enqueue(kit, "job")
    with pytest.raises(AssertionError) as caught:
        kit.jobs.assert_durable(pool=pool, services=services)
    first, *lines = str(caught.value).splitlines()
    assert first.startswith(f"assert_durable(): a crash behind the step '{step}")
    assert first.endswith(" of job")
    assert [each for each in lines if each.startswith(line)], lines
    assert services.mail.send.calls == []


def test_two_undisturbed_runs_differ(kit: Kit, pool: WorkerPool, services: Any) -> None:
    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> None:
        await job.step("charge", nothing)
        if not seen:
            services.mail.send("ada")
        seen.append(1)

    seen: list[int] = []
    enqueue(kit, "job")
    text = r"two undisturbed runs differ\n  call of mail\.send: 0, not 1: 'ada'"
    with pytest.raises(AssertionError, match=text):
        kit.jobs.assert_durable(pool=pool, services=services)


def test_there_is_nothing_to_assert(kit: Kit, pool: WorkerPool, services: Any) -> None:
    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> None:
        services.mail.send("ada")

    with pytest.raises(AssertionError, match=r"assert_durable\(\): no job is due"):
        kit.jobs.assert_durable(pool=pool)
    enqueue(kit, "job")
    with pytest.raises(AssertionError, match="no step was finished by job"):
        kit.jobs.assert_durable(pool=pool)


def test_a_job_that_fails_without_a_crash(kit: Kit, pool: WorkerPool) -> None:
    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> None:
        await job.step("charge", nothing)
        raise ConnectionError("away")

    enqueue(kit, "job")
    with pytest.raises(ConnectionError, match="away"):
        kit.jobs.assert_durable(pool=pool)


def test_retries_and_sleeps(kit: Kit, pool: WorkerPool, services: Any) -> None:
    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> None:
        await job.step("charge", nothing)
        await job.sleep(timedelta(days=3))
        await job.step("mail", services.mail.send, "ada")
        await job.step("last", nothing)

    enqueue(kit, "job")
    services.mail.send.fails(ConnectionError("away"), times=2)
    kit.jobs.assert_durable(pool=pool, services=services, until="job")
    ran = kit.jobs.run(pool=pool, services=services, until="job", raises=False)
    assert [run.outcome for run in ran] == ["snoozed", "retried", "retried", "completed"]


def test_asynchronous_code(dsn: str, services: Any) -> None:
    pool = WorkerPool(Queue(dsn), ["default"])

    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> None:
        services.mail.send("ada")
        await job.step("charge", nothing)

    async def main() -> None:
        async with AsyncJobs(dsn).transaction() as (connection, jobs):
            async with AsyncQueue(dsn) as queue:
                await queue.enqueue(Job(type="job"), conn=connection)
            with pytest.raises(AssertionError, match=r"call of mail\.send: 2, not 1: 'ada'"):
                await jobs.assert_durable(pool=pool, services=services)

    asyncio.run(main())


def test_odd_names(dsn: str) -> None:
    """The queue has a schema of its own, and a table and a column need quotes."""
    schema = 'our "jobs"'
    migrate(dsn, schema)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute('CREATE TABLE "100% sold" (this int, "a b" text)')
    pool = WorkerPool(Queue(dsn, schema), ["default"])

    @pool.handler("job")
    async def job(job: JobContext[Any], payload: object) -> None:
        async with job.connection() as connection:
            await connection.execute("INSERT INTO \"100% sold\" VALUES (1, 'two')")
        await job.step("charge", nothing)

    with Queue(dsn, schema) as queue:
        queue.enqueue(Job(type="job"))
    with pytest.raises(AssertionError) as caught:
        Jobs(dsn, schema).assert_durable(pool=pool)
    assert "  row of \"100% sold\": 2, not 1: this=1, a b='two'" in str(caught.value)
