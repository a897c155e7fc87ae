"""The context of a batch handler, and how a handler is registered."""

from collections.abc import Iterator
from typing import Any

import pytest
from batches import batched, enqueued, states
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Job,
    JobContext,
    Queue,
    WorkerPool,
    current_call,
    current_job,
)
from pools import NewPool

BOTH = pytest.mark.parametrize("is_async", [True, False], ids=["coroutine", "plain"])


def test_each_job_of_a_batch_enqueues_its_own(queue: Queue, new_pool: NewPool) -> None:
    class Made:
        name, fingerprint = "child", ""

        def job(self, payload: Any, /, **options: Any) -> Job:
            return Job(type="child", payload=payload, **options)

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        for job in jobs:
            job.enqueue(Made(), {"of": job.payload["n"]})
        context.fail(jobs[1], "no")

    enqueued(queue, 3)
    pool = batched(new_pool, handle)
    pool.register("child", lambda context, payload: None)
    pool.run(drain=True)
    children = queue.list(type="child")
    assert sorted(child.payload["of"] for child in children) == [0, 2]


def test_hooks_run_once_around_a_batch(queue: Queue, new_pool: NewPool) -> None:
    seen: list[str] = []
    pool = batched(new_pool, lambda context, jobs: seen.append(f"{len(jobs)} jobs"))

    @pool.around
    def hook(context: JobContext | BatchContext) -> Iterator[None]:
        seen.append(f"before {context.type}")
        yield
        seen.append("after")

    enqueued(queue, 3)
    pool.run(drain=True)
    assert seen == ["before t", "3 jobs", "after"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"size": 0}, "size is 0: use 1 to 10,000 jobs"),
        ({"size": 10_001}, "size is 10001"),
        ({"size": True}, "size is True"),
        ({"size": 2, "wait": -1}, "wait is -1"),
        ({"size": 2, "wait": 301}, "wait is 301: use 0 to 300 seconds"),
        ({"size": 2, "wait": "1s"}, "wait is '1s': use seconds or a timedelta"),
    ],
)
def test_wrong_options_are_refused(queue: Queue, options: dict[str, Any], error: str) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        WorkerPool(queue).batch_handler("t", **options)(lambda context, jobs: None)


@BOTH
def test_the_list_of_jobs_is_the_handlers_own(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        while jobs:
            if jobs.pop().payload["n"] == 1:
                context.fail(context.jobs[1], "no")

    jobs = enqueued(queue, 3)
    batched(new_pool, handle, is_async=is_async).run(drain=True)
    assert [status for status, _, _ in states(queue, jobs)] == ["completed", "pending", "completed"]


def test_a_batch_handler_has_no_job_of_its_own(queue: Queue, new_pool: NewPool) -> None:
    errors: list[str] = []

    def handle(context: BatchContext, jobs: list[BatchJob]) -> None:
        for ask in (current_job, current_call):
            try:
                ask()
            except RuntimeError as error:
                errors.append(str(error))

    enqueued(queue, 2)
    batched(new_pool, handle).run(drain=True)
    assert errors == [
        "a batch of jobs is running here: ask each of its jobs",
        "a batch of jobs is calling a service here: such a call has no key",
    ]
