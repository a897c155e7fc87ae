"""Options of a handler: how long an attempt may take, and when the next one is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    FailedJob,
    HandlerRegistry,
    Job,
    JobContext,
    PayloadError,
    Queue,
    Retry,
    WorkerPool,
    job_type,
)
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)


def ran(queue: Queue, pool: WorkerPool, job: Job) -> Job:
    """Enqueue a job, run the pool until nothing is due, and return the stored job."""
    job = queue.enqueue(job)
    pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    return stored


async def hang(context: JobContext, payload: object) -> None:
    await asyncio.Event().wait()


async def fail(context: JobContext, payload: object) -> None:
    raise ValueError


def generate(context: JobContext, payload: object) -> Iterator[int]:
    yield 1


async def generate_async(context: JobContext, payload: object) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize("function", [generate, generate_async, partial(generate_async)])
def test_a_generator_is_refused(queue: Queue, function: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="the handler of 't' is a generator"):
        WorkerPool(queue).register("t", function)


@pytest.mark.parametrize("decorate", [WorkerPool.handler, HandlerRegistry.handler])
def test_a_decorator_without_a_type_is_refused(queue: Queue, decorate: Any) -> None:
    owner = WorkerPool(queue) if decorate is WorkerPool.handler else HandlerRegistry()
    with pytest.raises(PayloadError, match=r"type is <function fail.*use a text"):
        decorate(owner, fail)


def only_a_payload(payload: object) -> None: ...
def three(context: JobContext, payload: object, more: object) -> None: ...
def named(context: JobContext, *, payload: object) -> None: ...
def more_with_defaults(*both: object, verbose: bool = False) -> None: ...


@pytest.mark.parametrize("function", [only_a_payload, three, named])
def test_a_function_with_other_arguments_is_refused(queue: Queue, function: Any) -> None:
    pool = WorkerPool(queue)
    with pytest.raises(TypeError, match=r"the handler of 't' is called with \(context, payload\)"):
        pool.register("t", function)
    with pytest.raises(TypeError, match=r"the handler of 't' is called with \(context, jobs\)"):
        pool.batch_handler("t", size=2)(function)


@pytest.mark.parametrize("function", [more_with_defaults, partial(three, None), print, dict.get])
def test_a_function_that_can_take_them_is_registered(queue: Queue, function: Any) -> None:
    pool = WorkerPool(queue)
    pool.register("t", function)
    assert "t" in pool.handlers


def test_a_timeout_fails_the_attempt_and_says_where_it_hung(
    queue: Queue, new_pool: NewPool
) -> None:
    pool = new_pool()
    pool.register("t", hang)
    job = ran(queue, pool, Job(type="t", timeout=0.05))
    assert job.error == "TimeoutError: the attempt took longer than 0.05 s"
    assert "in hang\n    await asyncio.Event().wait()" in job.errors[0]["traceback"]


def test_a_type_has_a_timeout_and_a_job_may_bring_another(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    pool.register("t", hang, timeout=timedelta(seconds=0.05))
    for timeout, shown in ((None, "0.05 s"), (0.1, "0.1 s")):
        job = ran(queue, pool, Job(type="t", timeout=timeout, max_attempts=1))
        assert job.error == f"TimeoutError: the attempt took longer than {shown}"


def test_a_plain_function_has_a_timeout_too(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t", timeout=timedelta(seconds=0.05))
    def stick(context: JobContext, payload: object) -> None:
        until(lambda: (job := queue.get(context.id)) and job.status == "failed")

    job = ran(queue, pool, Job(type="t", max_attempts=1))
    assert job.error == "TimeoutError: the attempt took longer than 0.05 s"


@pytest.mark.parametrize(
    ("options", "minutes"),
    [
        ({}, 4),
        ({"base": HOUR}, 240),
        ({"backoff": "linear"}, 3),
        ({"backoff": "constant", "base": HOUR}, 60),
    ],
)
def test_a_type_says_when_a_failed_attempt_is_made_again(
    queue: Queue, new_pool: NewPool, dsn: str, options: dict[str, Any], minutes: int
) -> None:
    pool = new_pool()
    pool.register("t", fail, **options)
    queue.enqueue(Job(type="t", max_attempts=9))
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET attempts = 2")
    pool.run(drain=True)
    [job] = queue.list()
    assert job.run_at is not None
    assert job.started_at is not None
    assert job.attempts == 3
    waits = job.run_at - job.started_at
    assert timedelta(minutes=minutes) <= waits < timedelta(minutes=minutes * 1.1, seconds=20)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timeout": timedelta(0)}, ValueError),
        ({"timeout": 5}, TypeError),
        ({"base": -HOUR}, ValueError),
        ({"backoff": "cubic"}, ValueError),
        ({"attempts": 5}, TypeError),
        ({"max_attempts": 0}, PayloadError),
    ],
)
def test_an_option_that_is_none_is_refused(
    queue: Queue, options: dict[str, Any], error: type[Exception]
) -> None:
    (name,) = options
    for register in (WorkerPool(queue).register, WorkerPool(queue).handlers.register):
        with pytest.raises(error, match=name):
            register("t", hang, **options)


@pytest.mark.parametrize("plain", [True, False])
def test_an_error_that_is_not_retried_ends_the_job_discarded(
    queue: Queue, new_pool: NewPool, plain: bool
) -> None:
    pool = new_pool()
    reported: list[FailedJob] = []
    pool.on_failed(reported.append)

    @pool.handler("t", retry_on=(OSError,), discard_on=["FileNotFoundError"])
    def work(context: JobContext, payload: Any) -> None:
        raise {"os": ConnectionError("later"), "gone": FileNotFoundError("gone")}.get(
            payload, KeyError("odd")
        )

    if not plain:

        async def wrapped(context: JobContext, payload: Any) -> None:
            await asyncio.sleep(0)
            work(context, payload)

        pool.register("t", wrapped, retry_on="OSError", discard_on=FileNotFoundError)

    again = ran(queue, pool, Job(type="t", payload="os"))
    assert (again.status, again.attempts) == ("pending", 1)
    gone = ran(queue, pool, Job(type="t", payload="gone"))
    assert (gone.status, gone.attempts, gone.error) == ("failed", 1, "FileNotFoundError: gone")
    odd = ran(queue, pool, Job(type="t", payload="odd"))
    assert (odd.status, odd.attempts, odd.error) == ("failed", 1, "KeyError: 'odd'")
    assert [(job.id, job.discarded) for job in reported] == [(gone.id, True), (odd.id, True)]
    [metrics] = queue.metrics(type="t")
    assert (metrics.failed, metrics.retried, metrics.discarded) == (3, 1, 2)


def test_a_timeout_is_an_error_as_others(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    pool.register("t", hang, retry_on="TimeoutError", timeout=timedelta(seconds=0.05))
    assert ran(queue, pool, Job(type="t")).status == "pending"
    pool.register("t", hang, retry_on=KeyError, timeout=timedelta(seconds=0.05))
    assert ran(queue, pool, Job(type="t")).status == "failed"


def test_a_handler_that_asks_for_a_retry_gets_it(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t", retry_on=KeyError, discard_on=ValueError)
    async def work(context: JobContext, payload: object) -> None:
        try:
            raise ValueError
        except ValueError as error:
            raise Retry(after=3600) from error

    assert ran(queue, pool, Job(type="t")).status == "pending"


@pytest.mark.parametrize(
    "options",
    [
        {"retry_on": "no name"},
        {"retry_on": KeyError, "discard_on": KeyError},
        {"discard_on": [int]},
        {"concurrency": 0},
        {"concurrency": True},
        {"rate_limit": 0},
        {"per": HOUR},
        {"rate_limit": 1, "per": 3600},
        {"rate_limit": 1, "per": timedelta(days=366)},
    ],
)
def test_bad_options_are_refused_where_they_are_given(
    queue: Queue, options: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^(retry_on|discard_on|conc|rate|per)"):
        WorkerPool(queue).register("t", hang, **options)
    with pytest.raises((TypeError, ValueError), match=r"^(retry_on|discard_on|conc|rate|per)"):
        job_type("t", "00000000", **options)(hang)


def test_max_attempts_holds_for_jobs_that_do_not_say(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    pool.register("once", fail, max_attempts=1)
    pool.register("often", fail, max_attempts=7)
    assert (ran(queue, pool, Job(type="once")).status) == "failed"
    stored = ran(queue, pool, Job(type="often"))
    assert (stored.status, stored.attempts, stored.max_attempts) == ("pending", 1, 7)
    stored = ran(queue, pool, Job(type="once", max_attempts=2))
    assert (stored.status, stored.attempts, stored.max_attempts) == ("pending", 1, 2)


def test_a_job_whose_worker_died_in_its_only_attempt_is_not_run_again(
    queue: Queue, new_pool: NewPool
) -> None:
    pool = new_pool()
    ran_again = []

    def run(context: JobContext, payload: object) -> None:
        ran_again.append(context.id)

    pool.register("once", run, max_attempts=1)
    pool.register("twice", run, max_attempts=2)
    with psycopg.connect(queue.dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, attempts, rescues) VALUES ('once', 1, 1), ('twice', 1, 1)"
        )
    pool.run(drain=True)
    found = {job.type: job for job in queue.list()}
    assert ran_again == [found["twice"].id]
    once = found["once"]
    assert (once.status, once.attempts, once.max_attempts) == ("failed", 1, 1)
    assert "the worker died in attempt 1" in (once.error or "")


def test_the_backoff_has_a_longest_wait(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    pool.register("t", fail, base=HOUR, max_backoff=timedelta(minutes=2))
    with psycopg.connect(queue.dsn) as connection:
        ran(queue, pool, Job(type="t", max_attempts=5))
        query = "SELECT run_at - now() < interval '3 minutes' FROM jobs"
        assert connection.execute(query).fetchone() == (True,)
    with pytest.raises(TypeError, match="max_backoff"):
        pool.register("t", fail, max_backoff=5)  # type: ignore[arg-type]


def test_a_pool_serves_the_queues_of_its_handlers(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool({"default": 1})
    seen: list[str] = []
    pool.register("t", lambda context, payload: seen.append(context.queue), queue="mail")
    assert pool.queues == {"default": 1, "mail": None}
    queue.enqueue(Job(type="t"))
    queue.enqueue(Job(queue="mail", type="t"))
    pool.run(drain=True)
    assert sorted(seen) == ["default", "mail"]


@pytest.mark.parametrize("options", [{"max_attempts": 0}, {"max_attempts": True}, {"queue": ""}])
def test_options_that_no_job_can_have(queue: Queue, options: Any) -> None:
    with pytest.raises(PayloadError):
        WorkerPool(queue).register("t", fail, **options)
