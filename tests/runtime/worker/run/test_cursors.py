"""Long loops of jobs, which go on at the turn that an earlier attempt had reached."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, PlainContext, Queue, WorkerPool, job_type
from conduit_runtime.testing import Jobs
from pools import NewPool
from waiting import until

SOON = timedelta(milliseconds=1)
LIST = ["a", "b", "c", "d"]


@pytest.fixture
def pool(queue: Queue) -> WorkerPool:
    return WorkerPool(queue)


@pytest.fixture
def made() -> list[str]:
    """The effects of a test's jobs, in order."""
    return []


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def stored(conn: psycopg.Connection[Any]) -> list[tuple[str, Any]]:
    """The names and values of what is stored of jobs."""
    return conn.execute("SELECT name, value FROM conduit_steps ORDER BY name").fetchall()


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def register(pool: WorkerPool, kind: str, made: list[str], act: Callable[[Any, str], None]) -> None:
    """A handler that charges and mails each item of its list, and calls `act` in between."""

    async def coroutine(job: JobContext, payload: list[str]) -> None:
        async for item in job.resume("rows", each(payload) if kind == "asynchronous" else payload):
            await job.step("charge", made.append, f"charge {item}")
            act(job, item)
            await job.step("mail", made.append, f"mail {item}")
        await job.step("end", made.append, "end")

    def plain(job: PlainContext, payload: list[str]) -> None:
        for item in job.resume("rows", payload):
            job.step("charge", made.append, f"charge {item}")
            act(job, item)
            job.step("mail", made.append, f"mail {item}")
        job.step("end", made.append, "end")

    def awaitable(job: Any, payload: list[str]) -> Any:
        return coroutine(job, payload)

    kinds: dict[str, Any] = {"plain": plain, "awaitable": awaitable}
    pool.register("t", kinds.get(kind, coroutine), base=SOON, max_attempts=20)


KINDS = pytest.mark.parametrize("kind", ["coroutine", "asynchronous", "plain", "awaitable"])
ALL = [f"{what} {item}" for item in LIST for what in ("charge", "mail")] + ["end"]


@KINDS
def test_each_turn_fails_once(
    queue: Queue,
    pool: WorkerPool,
    conn: psycopg.Connection[Any],
    made: list[str],
    kind: str,
) -> None:
    def fail_once(job: Any, item: str) -> None:
        if item not in failed:
            failed.append(item)
            kept.append(stored(conn))
            raise ConnectionError(item)

    failed: list[str] = []
    kept: list[Any] = []
    register(pool, kind, made, fail_once)
    job = queue.enqueue(Job(type="t", payload=LIST))
    with pool:
        queue.result(job.id, timeout=60)
    assert made == ALL
    assert failed == LIST
    in_turn = ("rows/charge", None)
    assert kept == [[in_turn], *([("rows", {"turns": n}), in_turn] for n in (1, 2, 3))]
    assert stored(conn) == []


@KINDS
@pytest.mark.parametrize("step", ["rows", "rows/charge", "rows/mail", "end"])
def test_a_crash_behind_each_record(
    queue: Queue, pool: WorkerPool, dsn: str, made: list[str], kind: str, step: str
) -> None:
    register(pool, kind, made, lambda job, item: None)
    queue.enqueue(Job(type="t", payload=LIST))
    ran = Jobs(dsn).run(pool=pool, crash_after=step)
    assert [run.outcome for run in ran] == ["completed"]
    assert made == ALL


@KINDS
def test_every_crash_is_survived(
    queue: Queue, pool: WorkerPool, dsn: str, made: list[str], kind: str
) -> None:
    register(pool, kind, made, lambda job, item: None)
    queue.enqueue(Job(type="t", payload=LIST))
    Jobs(dsn).assert_durable(pool=pool)
    assert made[: len(ALL)] == ALL
    assert made == ALL * (len(made) // len(ALL))
    assert len(made) // len(ALL) == 2 + 2 * 3 + 1  # two turns of three records, and the end


def test_a_job_type_with_steps_and_a_loop(queue: Queue, dsn: str, made: list[str]) -> None:
    """Its code may leave finished steps out, unlike that of a generated block."""

    @job_type("t", "1", base=SOON)
    async def handle(job: JobContext[Any], payload: list[str]) -> None:
        if job.attempt == 1:
            await job.step("first", made.append, "first")
        async for item in job.resume("rows", payload):
            await job.step("charge", made.append, item)
            if job.attempt == 1:
                raise ConnectionError

    queue.enqueue(Job(type="t", payload=LIST))
    ran = Jobs(dsn).run(job_types=[handle], until="t", raises=False)
    assert [run.outcome for run in ran] == ["retried", "completed"]
    assert made == ["first", *LIST]


def test_loops_within_each_other(
    queue: Queue, pool: WorkerPool, dsn: str, made: list[str], conn: psycopg.Connection[Any]
) -> None:
    @pool.handler("t")
    async def handler(job: JobContext, payload: object) -> None:
        async for user in job.resume("users", ["ada", "bob"]):
            async for number in job.resume("mails", range(3)):
                await job.step("mail", made.append, f"{user} {number}")
                assert {name for name, _ in stored(conn)} <= {
                    "users", "users/mails", "users/mails/mail"
                }  # fmt: skip
            await job.step("mails end", made.append, f"{user} end")
        async for number in job.resume("mails", range(2)):
            await job.step("mail", made.append, f"all {number}")

    queue.enqueue(Job(type="t"))
    jobs = Jobs(dsn)
    for step in ("users", "users/mails", "users/mails/mail", "users/mails end", "mails/mail"):
        made.clear()
        with jobs.only() as block:
            queue.enqueue(Job(type="t"))
            assert len(jobs.run(pool=pool, crash_after=step).completed) >= len(block.enqueued())
        assert len(made) == 10 * (2 if step == "users" else 1)


def test_a_list_that_has_changed(queue: Queue, pool: WorkerPool, dsn: str, made: list[str]) -> None:
    register(pool, "list", made, lambda job, item: None)

    @pool.handler("changes", base=SOON)
    async def changes(job: JobContext, payload: object) -> None:
        async for item in job.resume("rows", lists.pop(0)):
            await job.step("charge", made.append, item)
            if len(made) == 2 and job.attempt == 1:
                raise ConnectionError

    jobs = Jobs(dsn)
    lists = [["a", "b", "c"], ["a", "b", "c", "new"]]
    queue.enqueue(Job(type="changes"))
    jobs.run(pool=pool, raises=False, until=timedelta(hours=1))
    assert made == ["a", "b", "c", "new"]

    made.clear()
    lists = [["a", "b", "c"], [], ["a"]]
    queue.enqueue(Job(type="changes", max_attempts=2))
    ran = jobs.run(pool=pool, raises=False, until=timedelta(hours=1))
    assert "has finished 1 turns, and has only 0 items now" in (ran[-1].error or "")
    assert made == ["a", "b"]


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_loop_that_ends_early(
    queue: Queue, pool: WorkerPool, dsn: str, made: list[str], is_plain: bool
) -> None:
    async def coroutine(job: JobContext, payload: object) -> None:
        async for item in job.resume("rows", LIST):
            await job.step("charge", made.append, item)
            if item == "b":
                break
        await job.step("charge", made.append, "behind")
        try:
            async for item in job.resume("more", LIST):
                await job.step("mail", made.append, f"mail {item}")
                if item == "b":
                    raise KeyError
        except KeyError:
            await job.step("mail", made.append, "caught")
        await job.step("end", made.append, "end")

    def plain(job: PlainContext, payload: object) -> None:
        for item in job.resume("rows", LIST):
            job.step("charge", made.append, item)
            if item == "b":
                break
        job.step("charge", made.append, "behind")
        try:
            for item in job.resume("more", LIST):
                job.step("mail", made.append, f"mail {item}")
                if item == "b":
                    raise KeyError
        except KeyError:
            job.step("mail", made.append, "caught")
        job.step("end", made.append, "end")

    pool.register("t", plain if is_plain else coroutine)
    queue.enqueue(Job(type="t"))
    Jobs(dsn).assert_durable(pool=pool)
    wanted = ["a", "b", "behind", "mail a", "mail b", "caught", "end"]
    assert made == wanted * (len(made) // len(wanted))


def test_names_in_and_around_loops(queue: Queue, pool: WorkerPool, dsn: str) -> None:
    async def twice(job: JobContext) -> None:
        async for _ in job.resume("rows", LIST):
            await job.step("charge", list)
            await job.step("charge", list)

    async def before(job: JobContext) -> None:
        await job.step("rows/charge", list)
        async for _ in job.resume("rows", LIST):
            pass

    async def behind(job: JobContext) -> None:
        async for _ in job.resume("rows", LIST):
            pass
        await job.step("rows/charge", list)

    async def two_loops(job: JobContext) -> None:
        for _ in range(2):
            async for _ in job.resume("rows", LIST):
                pass

    @pool.handler("t")
    async def handler(job: JobContext, payload: str) -> None:
        await {"twice": twice, "before": before, "behind": behind, "two": two_loops}[payload](job)

    jobs = Jobs(dsn)
    for payload, text in (
        ("twice", "the name 'rows/charge' is used twice in one attempt"),
        ("before", "the name 'rows/charge' is that of a step in the loop 'rows'"),
        ("behind", "the name 'rows/charge' is that of a step in the loop 'rows'"),
        ("two", "the name 'rows' is used twice in one attempt"),
    ):
        queue.enqueue(Job(type="t", payload=payload, max_attempts=1))
        [run] = jobs.run(pool=pool, raises=False)
        assert text in (run.error or "")


@pytest.mark.parametrize("is_plain", [False, True])
def test_sleeps_and_waits_in_turns(
    queue: Queue, pool: WorkerPool, dsn: str, made: list[str], is_plain: bool
) -> None:
    async def coroutine(job: JobContext, payload: object) -> None:
        async for item in job.resume("rows", ["a", "b"]):
            await job.step("charge", made.append, item)
            await job.sleep(timedelta(days=1))
            made.append(await job.wait(f"approved {item}", timeout=timedelta(days=7)))

    def plain(job: PlainContext, payload: object) -> None:
        for item in job.resume("rows", ["a", "b"]):
            job.step("charge", made.append, item)
            job.sleep(timedelta(days=1))
            made.append(job.wait(f"approved {item}", timeout=timedelta(days=7)))

    pool.register("t", plain if is_plain else coroutine)
    job = queue.enqueue(Job(type="t"))
    jobs = Jobs(dsn)
    assert jobs.signal(job.id, "approved a", "yes")
    jobs.run(pool=pool, until="t")
    assert made == ["a", "yes", "b", None]


@pytest.mark.parametrize("is_plain", [False, True])
def test_an_attempt_that_has_lost_its_job_makes_no_further_turn(
    queue: Queue, new_pool: NewPool, made: list[str], is_plain: bool
) -> None:
    """The job is cancelled and retried by hand in the middle of a turn."""
    pool = new_pool()
    attempts: list[str] = []

    def act(job: Any, number: int, item: str) -> None:
        made.append(f"{item} {number}")
        if (number, item) == (1, "b"):
            assert queue.cancel(job.id)
            assert queue.retry(job.id)

    async def coroutine(job: JobContext, payload: list[str]) -> None:
        attempts.append("")
        number = len(attempts)
        async for item in job.resume("rows", payload):
            act(job, number, item)

    def plain(job: PlainContext, payload: list[str]) -> None:
        attempts.append("")
        number = len(attempts)
        for item in job.resume("rows", payload):
            act(job, number, item)

    pool.register("t", plain if is_plain else coroutine)
    job = queue.enqueue(Job(type="t", payload=LIST))
    with pool:
        until(lambda: "d 2" in made)
        queue.result(job.id, timeout=60)
    assert made == ["a 1", "b 1", "b 2", "c 2", "d 2"]


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_loop_goes_on_behind_a_timeout(
    queue: Queue, new_pool: NewPool, made: list[str], is_plain: bool
) -> None:
    pool = new_pool()
    ended = threading.Event()

    async def coroutine(job: JobContext, payload: list[str]) -> None:
        async for item in job.resume("rows", payload):
            await job.step("charge", made.append, item)
            if item == "b" and job.attempt == 1:
                await asyncio.Event().wait()

    def plain(job: PlainContext, payload: list[str]) -> None:
        for item in job.resume("rows", payload):
            job.step("charge", made.append, item)
            if item == "b" and job.attempt == 1:
                ended.wait(60)

    pool.register("t", plain if is_plain else coroutine, base=SOON)
    job = queue.enqueue(Job(type="t", payload=LIST, timeout=1.0))
    with pool:
        queue.result(job.id, timeout=60)
        ended.set()
    assert made == LIST
