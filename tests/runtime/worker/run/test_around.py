"""Hooks around jobs: where they run, what they see, and that they cannot hide an outcome."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import pytest
from conduit_runtime import Discard, Job, JobContext, Queue, QueueError, Retry, Snooze, WorkerPool
from pools import NewPool

tenant: ContextVar[str] = ContextVar("tenant", default="none")


def ran(queue: Queue, pool: WorkerPool, job: Job) -> Job:
    """Enqueue a job, run the pool until nothing is due, and return the stored job."""
    job = queue.enqueue(job)
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    return stored


class Recording:
    """A pool with a hook of each kind and a handler, which note what they see."""

    def __init__(
        self, new_pool: NewPool, *, is_async: bool, error: BaseException | None = None
    ) -> None:
        self.seen: list[str] = []
        self.threads: dict[str, int] = {}
        self.pool = pool = new_pool()

        @pool.around
        async def outer(ctx: JobContext) -> AsyncIterator[None]:
            token = tenant.set(ctx.payload["tenant"])
            with self.step("outer"):
                yield
            tenant.reset(token)

        @pool.around
        def inner(ctx: JobContext) -> Iterator[None]:
            tenant.set(tenant.get() + "!")
            with self.step("inner"):
                yield

        def handle(ctx: JobContext, payload: object) -> None:
            self.threads["handler"] = threading.get_ident()
            self.seen.append(f"handler {tenant.get()}")
            if error is not None:
                raise error

        async def handle_async(ctx: JobContext, payload: object) -> None:
            await asyncio.sleep(0)
            handle(ctx, payload)

        pool.register("t", handle_async if is_async else handle)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.threads[name] = threading.get_ident()
        self.seen.append(f"{name} before")
        try:
            yield
        except BaseException as error:
            self.seen.append(f"{name} {type(error).__name__}")
            raise
        self.seen.append(f"{name} after")


@pytest.mark.parametrize("is_async", [True, False])
def test_hooks_nest_around_a_job_and_what_they_set_is_visible_in_it(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    recording = Recording(new_pool, is_async=is_async)
    assert ran(queue, recording.pool, Job(type="t", payload={"tenant": "a"})).status == "completed"
    assert recording.seen == (
        ["outer before", "inner before", "handler a!", "inner after", "outer after"]
    )
    assert tenant.get() == "none"


@pytest.mark.parametrize("is_async", [True, False])
def test_a_plain_hook_runs_where_the_handler_does(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    recording = Recording(new_pool, is_async=is_async)
    ran(queue, recording.pool, Job(type="t", payload={"tenant": "a"}))
    assert recording.threads["inner"] == recording.threads["handler"]
    assert recording.threads["outer"] == threading.get_ident()
    assert (recording.threads["handler"] == threading.get_ident()) is is_async


@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("no"), "pending"),
        (Retry(), "pending"),
        (Snooze(60), "pending"),
        (Discard("enough"), "failed"),
    ],
)
def test_hooks_see_how_a_job_ends(
    queue: Queue, new_pool: NewPool, is_async: bool, error: BaseException, status: str
) -> None:
    recording = Recording(new_pool, is_async=is_async, error=error)
    assert ran(queue, recording.pool, Job(type="t", payload={"tenant": "a"})).status == status
    kind = type(error).__name__
    assert recording.seen[-2:] == [f"inner {kind}", f"outer {kind}"]


def plain(ctx: JobContext, payload: object) -> None:
    raise ValueError("no")


async def coroutine(ctx: JobContext, payload: object) -> None:
    raise ValueError("no")


@pytest.mark.parametrize("handler", [plain, coroutine])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_hook_that_swallows_an_error_hides_it_from_no_one(
    queue: Queue, new_pool: NewPool, handler: Callable[..., Any], is_async: bool
) -> None:
    outer_saw = []
    pool = new_pool()

    @pool.around
    async def outer(ctx: JobContext) -> AsyncIterator[None]:
        try:
            yield
        except ValueError as error:
            outer_saw.append(str(error))
            raise

    if is_async:

        @pool.around
        async def swallow(ctx: JobContext) -> AsyncIterator[None]:
            with suppress(ValueError):
                yield
    else:

        @pool.around
        def swallow(ctx: JobContext) -> Iterator[None]:
            with suppress(ValueError):
                yield

    pool.register("t", handler)
    job = ran(queue, pool, Job(type="t"))
    assert (job.status, job.error) == ("pending", "ValueError: no")
    assert outer_saw == ["no"]


def test_a_hook_may_raise_another_outcome(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.around
    def translate(ctx: JobContext) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise Discard(f"of no use: {error}") from error

    pool.register("t", plain)
    job = ran(queue, pool, Job(type="t"))
    assert (job.status, job.error) == ("failed", "of no use: no")


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_hook_that_fails_fails_the_attempt(queue: Queue, new_pool: NewPool, place: str) -> None:
    """If, for instance, a hook cannot commit, the job must not count as completed."""
    pool = new_pool()
    ran_handler = []

    @pool.around
    async def session(ctx: JobContext) -> AsyncIterator[None]:
        if place == "before":
            raise OSError("no session")
        yield
        raise OSError("no commit")

    @pool.handler("t")
    async def handle(ctx: JobContext, payload: object) -> None:
        ran_handler.append(ctx.id)

    job = ran(queue, pool, Job(type="t"))
    assert job.status == "pending"
    assert job.error == ("OSError: no session" if place == "before" else "OSError: no commit")
    assert len(ran_handler) == (place == "after")


@pytest.mark.parametrize("is_async", [True, False])
def test_a_hook_that_does_not_yield_fails_the_job_with_the_reason(
    queue: Queue, new_pool: NewPool, is_async: bool
) -> None:
    pool = new_pool()

    @pool.around
    def skip(ctx: JobContext) -> Iterator[None]:
        if ctx.type == "other":
            yield

    pool.register("t", coroutine if is_async else plain)
    job = ran(queue, pool, Job(type="t"))
    assert job.error == "RuntimeError: generator didn't yield"


def test_a_timeout_reaches_a_hook_as_cancellation(queue: Queue, new_pool: NewPool) -> None:
    recording = Recording(new_pool, is_async=True)

    async def hang(ctx: JobContext, payload: object) -> None:
        await asyncio.Event().wait()

    recording.pool.register("t", hang)
    job = ran(queue, recording.pool, Job(type="t", payload={"tenant": "a"}, timeout=0.05))
    assert job.error == "TimeoutError: the attempt took longer than 0.05 s"
    assert recording.seen[-2:] == ["inner CancelledError", "outer CancelledError"]


def test_a_context_manager_is_a_hook(queue: Queue, new_pool: NewPool) -> None:
    seen: list[str] = []

    @contextmanager
    def plain_manager(ctx: JobContext) -> Iterator[None]:
        seen.append("plain")
        yield

    @asynccontextmanager
    async def async_manager(ctx: JobContext) -> AsyncIterator[None]:
        seen.append("async")
        yield

    class Manager:
        def __init__(self, ctx: JobContext) -> None:
            seen.append(ctx.type)

        def __enter__(self) -> None: ...
        def __exit__(self, *raised: object) -> None:
            seen.append("end")

    pool = new_pool(around=[plain_manager, async_manager, Manager])
    pool.register("t", lambda ctx, payload: None)
    assert ran(queue, pool, Job(type="t")).status == "completed"
    assert seen == ["async", "plain", "t", "end"]


@pytest.mark.parametrize("wrong", [coroutine, plain, 3])
def test_what_is_no_hook_is_refused(queue: Queue, wrong: Any) -> None:
    with pytest.raises(TypeError, match="is not a hook around jobs: use a function"):
        WorkerPool(queue).around(wrong)


def test_a_pool_that_runs_takes_no_more_hooks(new_pool: NewPool) -> None:
    def hook(ctx: JobContext) -> Iterator[None]:
        yield

    pool = new_pool()
    with pool, pytest.raises(QueueError, match="before it starts"):
        pool.around(hook)
