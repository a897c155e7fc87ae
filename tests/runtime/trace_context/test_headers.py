"""The headers of a job reach its handler, its child jobs, hooks and logs."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    FailedJob,
    Job,
    JobContext,
    PayloadError,
    Queue,
    chain,
    current_job,
    headers,
)
from conduit_runtime.logging import OneLineFormatter
from conduit_runtime.statements.jobs import insert_jobs
from pools import NewPool
from waiting import until

ACME = {"tenant": "acme"}


def headers_by_type(queue: Queue) -> dict[str, dict[str, str]]:
    return {job.type: job.headers for job in queue.list()}


def test_blocks_nest_and_a_jobs_own_headers_come_first(queue: Queue) -> None:
    before = Job(type="made before")
    with headers(tenant="acme", request="1"):
        with headers({"x-user": "ann"}, request="2"):
            queue.enqueue_many([before, Job(type="own", headers={"tenant": "zenith"})])
            assert Job().headers == {"tenant": "acme", "request": "2", "x-user": "ann"}
        queue.enqueue(Job(type="outer"))
    queue.enqueue(Job(type="outside"))
    inner = {"request": "2", "x-user": "ann"}
    assert headers_by_type(queue) == {
        "made before": {**ACME, **inner},
        "own": {"tenant": "zenith", **inner},
        "outer": {"tenant": "acme", "request": "1"},
        "outside": {},
    }


def test_a_job_that_is_enqueued_again_keeps_its_headers(queue: Queue) -> None:
    with headers(tenant="acme"):
        stored = queue.get(queue.enqueue(Job(type="t")).id)
    assert stored is not None
    with headers(tenant="zenith"):
        again = queue.enqueue(stored)
    assert again.id != stored.id
    assert [job.headers for job in queue.list()] == [ACME, ACME]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"tenant": 7}, "header tenant is 7: use a string"),
        ({"tenant": None}, "use a string"),
        ({"ten ant": "x"}, "not a valid header name"),
        ({"": "x"}, "not a valid header name"),
        ({7: "x"}, "not a valid header name"),
        ({"trace": "x"}, "taken by the trace context"),
        ({"tenant": "a\0"}, r"U\+0000"),
        ({"tenant": "\ud800"}, "lone surrogate"),
        ({"tenant": "x" * 4_000}, "4,006 characters, more than 4,000"),
    ],
)
def test_headers_that_a_job_cannot_have(given: Any, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason), headers(given):
        pass
    with pytest.raises(PayloadError, match=reason):
        insert_jobs([Job(type="t", headers=given)])


def test_headers_of_several_blocks_are_bounded_together() -> None:
    with (
        headers(a="x" * 3_000),
        pytest.raises(PayloadError, match="more than"),
        headers(b="x" * 999),
    ):
        pass
    with headers(a="x" * 3_000), pytest.raises(PayloadError, match="more than"):
        insert_jobs([Job(type="t", headers={"b": "x" * 999})])
    with pytest.raises(PayloadError, match="use a dict"):
        insert_jobs([Job(type="t", headers="tenant=acme")])  # type: ignore[arg-type]


def test_handlers_and_hooks_see_headers_and_child_jobs_inherit_them(
    queue: Queue, new_pool: NewPool
) -> None:
    pool = new_pool()
    seen: dict[str, Any] = {}
    failed: list[FailedJob] = []
    pool.on_failed(failed.append)

    @pool.around
    async def note(context: JobContext) -> AsyncIterator[None]:
        seen[f"around {context.type}"] = dict(context.headers)
        yield

    @pool.handler("coroutine")
    async def coroutine(context: JobContext, payload: Any) -> None:
        seen["service"] = current_job().headers
        context.enqueued.append(Job(type="child"))
        with headers(step="2"):
            context.enqueue_flow(chain(Job(type="first"), Job(type="second")))
        await asyncio.sleep(0)

    @pool.handler("thread")
    def thread(context: JobContext, payload: Any) -> None:
        # A thread of the handler's own does not know what runs in the handler's.
        made = threading.Thread(target=lambda: context.enqueued.append(Job(type="of a thread")))
        made.start()
        made.join()
        if payload:
            raise ValueError("bad")

    for name in ("child", "first", "second", "of a thread"):
        pool.register(name, lambda context, payload: None)
    with headers(tenant="acme"):
        queue.enqueue_many([Job(type="coroutine"), Job(type="thread")])
        queue.enqueue(Job(type="thread", payload={"fail": True}, max_attempts=1))
    with headers(tenant="of the pool"):
        pool.run(drain=True)
    found = headers_by_type(queue)
    assert found["child"] == found["of a thread"] == ACME
    assert found["first"] == found["second"] == {**ACME, "step": "2"}
    assert seen["around coroutine"] == seen["service"] == ACME
    assert seen["around second"] == {**ACME, "step": "2"}
    assert [each.headers for each in failed] == [ACME]


def test_jobs_of_a_batch_have_their_own_headers(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    seen = []

    @pool.batch_handler("t", size=2, wait=10.0)
    async def handle(context: BatchContext, jobs: list[BatchJob[Any]]) -> None:
        for job in jobs:
            seen.append(dict(job.headers))
            job.enqueued.append(Job(type=f"child of {job.headers.get('tenant')}"))

    for name in ("child of a", "child of b"):
        pool.register(name, lambda context, payload: None)
    for name in "ab":
        queue.enqueue(Job(type="t", headers={"tenant": name}))
    pool.run(drain=True)
    assert seen == [{"tenant": "a"}, {"tenant": "b"}]
    assert (
        headers_by_type(queue).items()
        >= {
            "child of a": {"tenant": "a"},
            "child of b": {"tenant": "b"},
        }.items()
    )


def test_lines_of_text_end_with_the_headers(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t")
    async def handle(context: JobContext, payload: Any) -> None:
        context.log.info("from the context")
        logging.getLogger("app").info("from the application")

    with lines() as found:
        queue.enqueue(Job(type="t", headers={"tenant": "acme", "user": "ann smith\n"}))
        pool.run(drain=True)
        logging.getLogger("app").info("outside", extra={"headers": {"of": "a library"}})
    until(lambda: len(found) == 3)
    end = r'user="ann smith\n" tenant=acme'
    assert found == [f"from the context {end}", f"from the application {end}", "outside"]


@contextmanager
def lines() -> Iterator[list[str]]:
    """What the loggers of handlers and of the application write."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    handler = Handler()
    handler.setFormatter(OneLineFormatter())
    loggers = [logging.getLogger(name) for name in ("conduit.job", "app")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield found
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
