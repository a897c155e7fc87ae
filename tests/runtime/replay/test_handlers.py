"""Handlers that are written by hand, replayed against what their steps have stored."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime import (
    BatchContext,
    BatchJob,
    Discard,
    Job,
    JobContext,
    PlainContext,
    Queue,
    QueueError,
    WorkerPool,
)
from conduit_runtime.replay.run import Replayed
from conduit_runtime.replay.steps import Compared, Difference

DAY = timedelta(days=1)
Body = Callable[[JobContext[Any]], Awaitable[object]]
Replay = Callable[..., Replayed]


@dataclass
class Receipt:
    number: str


def not_called(*given: object) -> Any:
    raise AssertionError("a replay calls no function of a step")


async def receipt() -> Receipt:
    return Receipt("R-7")


def pool_of(queue: Queue, body: Body) -> WorkerPool:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        await body(job)

    return pool


async def three_steps(job: JobContext[Any]) -> None:
    await job.step("charge", receipt)
    await job.step("label", str, "ab")
    await job.step("log", str, "c")
    raise Discard("no")


@pytest.fixture
def job(queue: Queue) -> Job:
    """A job that failed behind three steps."""
    job = queue.enqueue(Job(type="t"))
    pool_of(queue, three_steps).run(drain=True)
    assert [each.name for each in queue.steps(job.id)] == ["charge", "label", "log"]
    return job


def names(replayed: Replayed) -> list[str]:
    return [each.name for each in replayed.compared]


def problems(replayed: Replayed) -> list[tuple[str, str]]:
    return [(each.name, each.problem) for each in replayed.differences]


def test_the_same_code_fits_and_gets_what_is_stored(
    queue: Queue, job: Job, replay_by: Replay
) -> None:
    got: list[object] = []

    async def body(job: JobContext[Any]) -> None:
        got.append(await job.step("charge", receipt))
        got.append(await job.step("label", not_called))
        await job.step("log", not_called)
        await job.step("mail", not_called)

    replayed = replay_by(pool_of(queue, body), job)
    assert got == [Receipt("R-7"), "ab"]
    assert replayed.compared == [Compared(each, 1) for each in ("charge", "label", "log")]
    assert replayed.end == "'mail', which has not finished"
    assert (replayed.differences, replayed.error, replayed.left) == ([], None, 0)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == "failed"


def test_what_the_handler_raises_is_told(queue: Queue, job: Job, replay_by: Replay) -> None:
    replayed = replay_by(pool_of(queue, three_steps), job)
    assert isinstance(replayed.error, Discard)
    assert (replayed.differences, replayed.end) == ([], None)


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (("charge", "log"), [("label", "is stored, and this code does not come to it")]),
        (
            ("charge", "tag", "label", "log"),
            [("tag", "is not stored; 'label' is, and is not reached")],
        ),
        (("charge", "label", "logs"), [("logs", "is not stored; 'log' is, and is not reached")]),
        (
            ("charge", "log", "label"),
            [("log", "comes before 'label', which is stored before it")],
        ),
        (
            (),
            [
                (each, "is stored, and this code does not come to it")
                for each in ("charge", "label", "log")
            ],
        ),
    ],
)
def test_other_steps_are_differences(
    queue: Queue,
    job: Job,
    replay_by: Replay,
    order: tuple[str, ...],
    found: list[tuple[str, str]],
) -> None:
    async def body(job: JobContext[Any]) -> None:
        for name in order:
            await job.step(name, not_called)

    replayed = replay_by(pool_of(queue, body), job)
    if order == ("charge", "log"):
        found = [("log", "comes before 'label', which is stored before it"), *found]
    assert problems(replayed) == found


def test_the_first_difference_is_raised_in_the_handler(
    queue: Queue, job: Job, replay_by: Replay
) -> None:
    reached: list[str] = []

    async def body(job: JobContext[Any]) -> None:
        for name in ("charge", "log", "label"):
            try:
                await job.step(name, not_called)
            except Exception:
                reached.append("swallowed")
            reached.append(name)

    replayed = replay_by(pool_of(queue, body), job, stops=True)
    assert isinstance(replayed.error, Difference)
    assert reached == ["charge"]
    assert [name for name, _ in problems(replayed)] == ["log"]


@dataclass
class Other:
    number: int


async def other() -> Other:
    raise AssertionError


async def no_class() -> "Queue":
    raise AssertionError


def test_a_stored_value_that_does_not_fit(queue: Queue, job: Job, replay_by: Replay) -> None:
    async def body(job: JobContext[Any]) -> None:
        try:
            await job.step("charge", other)
        except Exception as error:
            raise AssertionError from error

    [(name, problem)] = problems(replay_by(pool_of(queue, body), job))
    assert name == "charge"
    assert "does not fit what the function is annotated to return" in problem
    assert "number" in problem


def test_plain_handlers(queue: Queue, job: Job, replay_by: Replay) -> None:
    pool = WorkerPool(queue)
    got: list[object] = []

    @pool.handler("t")
    def handle(job: PlainContext, payload: object) -> None:
        got.append(job.step("charge", receipt))
        got.append(job.step("label", not_called))
        job.step("tag", not_called)

    replayed = replay_by(pool, job)
    assert got == [Receipt("R-7"), "ab"]
    assert problems(replayed) == [("tag", "is not stored; 'log' is, and is not reached")]


def test_steps_that_ran_at_once_have_no_order(queue: Queue, replay_by: Replay) -> None:
    second = asyncio.Event()

    async def first_to_begin() -> None:
        await second.wait()

    async def last_to_begin() -> None:
        second.set()

    async def body(job: JobContext[Any]) -> None:
        await asyncio.gather(
            job.step("a", first_to_begin),
            job.step("b", last_to_begin),
            job.step("c", last_to_begin),
        )
        raise Discard("no")

    job = queue.enqueue(Job(type="t"))
    pool_of(queue, body).run(drain=True)
    replayed = replay_by(pool_of(queue, body), job)
    assert sorted(names(replayed)) == ["a", "b", "c"]
    assert replayed.differences == []


def test_a_step_at_once_that_has_not_finished_is_the_end(queue: Queue, replay_by: Replay) -> None:
    async def fail() -> None:
        raise Discard("no")

    async def body(job: JobContext[Any]) -> None:
        done = await asyncio.gather(
            job.step("fails", fail), job.step("ends", str, "x"), return_exceptions=True
        )
        raise next(each for each in done if isinstance(each, BaseException))

    job = queue.enqueue(Job(type="t"))
    pool_of(queue, body).run(drain=True)
    assert [each.name for each in queue.steps(job.id)] == ["ends"]
    replayed = replay_by(pool_of(queue, body), job)
    assert (names(replayed), replayed.differences) == (["ends"], [])
    assert replayed.end == "'fails', which has not finished"


def test_sleeps_and_waits(queue: Queue, replay_by: Replay) -> None:
    got: list[object] = []

    async def body(job: JobContext[Any]) -> None:
        await job.sleep(0)
        got.append(await job.wait("approved", timeout=DAY))
        await job.wait("paid", timeout=DAY)

    job = queue.enqueue(Job(type="t"))
    queue.signal(job.id, "approved", {"by": "ada"})
    pool = pool_of(queue, body)
    pool.run(drain=True)
    got.clear()
    replayed = replay_by(pool, job)
    assert got == [{"by": "ada"}]
    assert names(replayed) == ["sleep", "approved"]
    assert replayed.end == "'paid', for which the job still waits"
    assert replayed.differences == []


@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    ("stops_at", "within", "end"),
    [
        (2, False, "'rows', whose turn 3 has not finished"),
        (2, True, "'rows/two', which has not finished"),
        (9, False, "'last', which has not finished"),
    ],
)
def test_a_loop_makes_no_turn(
    queue: Queue, replay_by: Replay, is_plain: bool, stops_at: int, within: bool, end: str
) -> None:
    pool = WorkerPool(queue)
    done: list[object] = []
    rows = [*range(5)]

    if is_plain:

        @pool.handler("t")
        def plain(job: PlainContext, payload: object) -> None:
            for row in job.resume("rows", rows):
                if row == stops_at and not within:
                    raise Discard("no")
                job.step("one", done.append, row)
                if row == stops_at:
                    raise Discard("no")
                job.step("two", done.append, row)
            job.step("last", fail)

    else:

        @pool.handler("t")
        async def handle(job: JobContext, payload: object) -> None:
            async for row in job.resume("rows", rows):
                if row == stops_at and not within:
                    raise Discard("no")
                await job.step("one", done.append, row)
                if row == stops_at:
                    raise Discard("no")
                await job.step("two", done.append, row)
            await job.step("last", fail)

    def fail() -> None:
        raise Discard("no")

    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    stops_at, made = 9, [*done]
    replayed = replay_by(pool, job)
    assert (replayed.end, replayed.differences, replayed.error) == (end, [], None)
    assert done == made


def test_child_jobs_are_only_named(queue: Queue, job: Job, replay_by: Replay) -> None:
    async def body(job: JobContext[Any]) -> None:
        for name in ("charge", "label", "log"):
            await job.step(name, not_called)
        job.enqueued.append(Job(type="child"))

    replayed = replay_by(pool_of(queue, body), job)
    assert (replayed.enqueued, replayed.end, replayed.error) == (["child"], None, None)
    assert queue.list(type="child") == []


def test_a_batch_has_no_steps(queue: Queue, job: Job, replay_by: Replay) -> None:
    pool = WorkerPool(queue)

    @pool.batch_handler("t", size=2)
    async def handle(batch: BatchContext[Any], jobs: list[BatchJob[Any]]) -> None: ...

    with pytest.raises(QueueError, match="run in batches"):
        replay_by(pool, job)


def test_a_payload_that_does_not_fit(queue: Queue, job: Job, replay_by: Replay) -> None:
    pool = WorkerPool(queue)

    @pool.handler("t")
    async def handle(job: JobContext, payload: Receipt) -> None: ...

    [(name, problem)] = problems(replay_by(pool, job))
    assert name == "payload"
    assert "number" in problem
