"""Jobs with steps in the run of a test."""

import re
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime import JobContext, PlainContext, WorkerPool
from kit import Kit, enqueue


@pytest.fixture
def made(pool: WorkerPool) -> list[str]:
    """What the steps of the jobs `coroutine` and `plain` did; `fails` are attempts that fail."""
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    @pool.handler("coroutine")
    async def coroutine(job: JobContext, fails: Any) -> None:
        assert await job.step("charge", make, "charge") == "CHARGE"
        assert await job.step("mail", make, "mail") == "MAIL"
        if job.attempt in fails:
            raise ValueError

    @pool.handler("plain")
    def plain(job: PlainContext, fails: Any) -> None:
        assert job.step("charge", make, "charge") == "CHARGE"
        assert job.step("mail", make, "mail") == "MAIL"
        if job.attempt in fails:
            raise ValueError

    return made


TYPES = pytest.mark.parametrize("type_", ["coroutine", "plain"])


@TYPES
def test_a_retry_goes_on_behind_finished_steps(
    kit: Kit, pool: WorkerPool, made: list[str], type_: str
) -> None:
    enqueue(kit, type_, payload=[1, 2])
    ran = kit.jobs.run(pool=pool, raises=False, until=timedelta(hours=1))
    assert [run.outcome for run in ran] == ["retried", "retried", "completed"]
    assert made == ["charge", "mail"]
    assert kit.one("SELECT count(*) FROM conduit_steps") == 0


@TYPES
@pytest.mark.parametrize("step", ["charge", "mail"])
def test_a_crash_behind_a_step(
    kit: Kit, pool: WorkerPool, made: list[str], type_: str, step: str
) -> None:
    enqueue(kit, type_, type_, payload=[])
    ran = kit.jobs.run(pool=pool, crash_after=step)
    assert [run.outcome for run in ran] == ["completed", "completed"]
    assert sorted(made) == ["charge", "charge", "mail", "mail"]


def test_a_crash_behind_a_step_that_no_job_has(kit: Kit, pool: WorkerPool, made: list[str]) -> None:
    enqueue(kit, "plain", payload=[])
    text = "run(crash_after='ship'): no job finished a step of this name"
    with pytest.raises(AssertionError, match=re.escape(text)):
        kit.jobs.run(pool=pool, crash_after="ship")


@pytest.fixture
def got(pool: WorkerPool) -> list[Any]:
    """What the waits of the jobs `waits` and `waits plainly` returned, each behind a sleep."""
    got: list[Any] = []

    @pool.handler("waits")
    async def waits(job: JobContext, payload: object) -> None:
        await job.sleep(timedelta(days=3))
        got.append(await job.wait("approved", timeout=timedelta(days=7)))

    @pool.handler("waits plainly")
    def waits_plainly(job: PlainContext, payload: object) -> None:
        job.sleep(timedelta(days=3))
        got.append(job.wait("approved", timeout=timedelta(days=7)))

    return got


@pytest.mark.parametrize("type_", ["waits", "waits plainly"])
@pytest.mark.parametrize("when", ["before the sleep", "in the wait", "never"])
def test_waiting_jobs_are_run_on(
    kit: Kit, pool: WorkerPool, got: list[Any], type_: str, when: str
) -> None:
    [job] = enqueue(kit, type_)
    if when == "before the sleep":
        assert kit.jobs.signal(job.id, "approved", [1])
    assert [run.outcome for run in kit.jobs.run(pool=pool)] == ["snoozed"]
    assert [run.outcome for run in kit.jobs.run(pool=pool)] == []
    kit.jobs.advance(days=3)
    first = "completed" if when == "before the sleep" else "snoozed"
    assert [run.outcome for run in kit.jobs.run(pool=pool)] == [first]
    if when == "in the wait":
        assert kit.jobs.signal(job.id, "approved", [1])
        assert not kit.jobs.signal(job.id, "approved", [2])
        assert [run.outcome for run in kit.jobs.run(pool=pool)] == ["completed"]
    if when == "never":
        assert [run.outcome for run in kit.jobs.run(pool=pool, until=type_)] == ["completed"]
    assert got == [None if when == "never" else [1]]
    assert kit.one("SELECT count(*) FROM conduit_steps") == 0
    assert kit.one("SELECT count(*) FROM conduit_signals") == 0
