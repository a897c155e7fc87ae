"""A worker notices a blocked event loop, and logs what blocks it."""

import ctypes
import logging
from typing import Any

import pytest
from conduit_runtime import BatchContext, Job, JobContext, Queue, WorkerPool
from waiting import until


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [each for each in caplog.records if each.levelno == logging.WARNING]


def warnings_but_pauses(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """The warnings, without those of a machine that stood still."""
    pauses = ("no Python code of this process ran", "the event loop runs again")
    return [each for each in warnings(caplog) if not each.getMessage().startswith(pauses)]


def test_the_stack_of_what_blocks_the_loop_is_logged(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(queue)
    seen: list[bool] = []

    @pool.handler("blocks")
    async def blocks(context: JobContext, payload: object) -> None:
        until(lambda: not pool.health().is_live)
        seen.append(pool.health().is_live)
        until(lambda: warnings_but_pauses(caplog))

    job = queue.enqueue(Job(type="blocks"))
    with pool:
        until(lambda: queue.stats().completed)
        until(lambda: any("runs again after" in each.getMessage() for each in caplog.records))
        assert pool.health().is_live
    assert seen == [False]
    record = warnings_but_pauses(caplog)[0]
    assert f"job {job.id} (blocks) blocks the event loop" in record.getMessage()
    assert "in blocks" in str(record.stack_info)
    assert record.__dict__["job_type"] == "blocks"


def test_a_batch_that_blocks_the_loop_is_named(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(queue)

    @pool.batch_handler("batch", size=3, wait=0.5)
    async def batch(context: BatchContext[Any], jobs: list[Any]) -> None:
        until(lambda: warnings_but_pauses(caplog))

    queue.enqueue_many([Job(type="batch") for _ in range(3)])
    with pool:
        until(lambda: queue.stats().completed == 3)
    record = warnings_but_pauses(caplog)[0]
    assert "a batch of 3 jobs (batch) blocks the event loop" in record.getMessage()
    assert record.__dict__["jobs"] == 3


@pytest.mark.slow
def test_c_code_that_holds_the_gil_is_reported_afterwards(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    pool = WorkerPool(queue)
    sleep = ctypes.PyDLL(None).sleep  # keeps the GIL, unlike CDLL

    @pool.handler("hogs")
    async def hogs(context: JobContext, payload: object) -> None:
        sleep(2)

    queue.enqueue(Job(type="hogs"))
    with pool:
        until(lambda: queue.stats().completed)
        until(lambda: warnings(caplog))
    assert any("C code held the GIL" in each.getMessage() for each in warnings(caplog))


@pytest.mark.slow
def test_a_loop_that_waits_is_not_blocked(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    pool = WorkerPool(queue)

    @pool.handler("waits")
    async def waits(context: JobContext, payload: object) -> None:
        await asyncio.sleep(2)

    queue.enqueue(Job(type="waits"))
    with pool:
        until(lambda: queue.stats().completed)
        assert pool.health().is_live
    assert warnings_but_pauses(caplog) == []
