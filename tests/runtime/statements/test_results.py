import json
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from conduit_runtime import Discard, Job, JobContext, Queue, job_type
from conduit_runtime.cli import commands
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import results
from example_jobs.order import Release
from example_jobs.services import Services
from pools import NewPool
from waiting import until

HOUR = timedelta(hours=1)


def result(queue: Queue, job: Job) -> Any:
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.status == "completed"
    return stored.result


def plain(context: JobContext, payload: Any) -> Any:
    return payload


async def coroutine(context: JobContext, payload: Any) -> Any:
    return payload


@pytest.mark.parametrize("function", [plain, coroutine])
def test_what_a_handler_returns_is_stored_when_asked(
    queue: Queue, new_pool: NewPool, function: Callable[..., Any]
) -> None:
    pool = new_pool()
    pool.register("kept", function, keep_result=HOUR)
    pool.register("dropped", function)
    values = [{"a": [1, None]}, "text", 0, False, [], None]
    kept = [queue.enqueue(Job(type="kept", payload=value)) for value in values]
    dropped = queue.enqueue(Job(type="dropped", payload="text"))
    pool.run(drain=True)
    assert [result(queue, job) for job in kept] == values
    assert result(queue, dropped) is None


def test_values_become_json(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()

    @pool.handler("t", keep_result=HOUR)
    async def price(context: JobContext, payload: Any) -> Any:
        return {"price": Decimal("1.50"), "order": context.id}

    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    assert result(queue, job) == {"price": "1.50", "order": str(job.id)}


def test_a_result_without_a_form_in_json_leaves_the_job_completed(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool()
    values = iter([object(), float("nan"), "\0"])
    pool.register("t", lambda context, payload: next(values), keep_result=HOUR)
    jobs = queue.enqueue_many([Job(type="t") for _ in range(3)])
    pool.run(drain=True)
    assert [result(queue, job) for job in jobs] == [None] * 3
    assert sum("cannot be kept" in record.message for record in caplog.records) == 3


def test_a_job_type_keeps_its_results(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    @job_type("released", "0", keep_result=HOUR)
    async def released(job: JobContext[Services], payload: Release) -> int:
        return payload.item_quantity

    with psycopg.connect(dsn) as conn:
        job = released.enqueue(conn, Release("x", 7))
    new_pool(jobs=[released], services=AnyService()).run(drain=True)
    assert result(queue, job) == 7


class AnyService:
    """Provides every service."""

    def __getattr__(self, name: str) -> "AnyService":
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> None: ...


def test_only_an_attempt_that_completes_leaves_a_result(queue: Queue, new_pool: NewPool) -> None:
    pool = new_pool()
    endings = iter(["first", Discard(), "third"])

    @pool.handler("t", keep_result=HOUR)
    async def ending(context: JobContext, payload: Any) -> Any:
        value = next(endings)
        if isinstance(value, BaseException):
            raise value
        context.enqueued.append(Job(type="child", delay=HOUR))
        return value

    pool.register("child", plain)
    job = queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    assert result(queue, job) == "first"
    queue.retry(job.id)
    pool.run(drain=True)
    failed = queue.get(job.id)
    assert failed is not None
    assert (failed.status, failed.result) == ("failed", None)
    queue.retry(job.id)
    pool.run(drain=True)
    assert result(queue, job) == "third"
    assert queue.stats().pending == 2


def test_a_result_expires(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    pool = new_pool()
    pool.register("t", plain, keep_result=HOUR)
    jobs = queue.enqueue_many([Job(type="t", payload=n) for n in range(4)])
    pool.run(drain=True)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "UPDATE conduit_results SET expires_at = now() - interval '1 second' WHERE job <> %s",
            (jobs[3].id,),
        )
        assert [result(queue, job) for job in jobs] == [None, None, None, 3]
        assert [run(conn, results.sweep(2)) for _ in range(3)] == [2, 1, 0]
    assert result(queue, jobs[3]) == 3


@pytest.mark.parametrize("duration", [timedelta(0), -HOUR, timedelta.max])
def test_what_is_no_duration_is_refused(new_pool: NewPool, duration: timedelta) -> None:
    with pytest.raises(ValueError, match="keep_result"):
        new_pool().register("t", plain, keep_result=duration)


def shown(dsn: str, job: Job, form: str = "json") -> str:
    command = ["jobs", "show", str(job.id), "--dsn", dsn, "--format", form]
    done = CliRunner().invoke(commands, command)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_jobs_show_shows_progress_and_then_the_result(
    queue: Queue, new_pool: NewPool, dsn: str
) -> None:
    pool = new_pool()
    go_on, may_end = threading.Event(), threading.Event()

    @pool.handler("t", keep_result=HOUR)
    def work(context: JobContext, payload: Any) -> dict[str, int]:
        context.progress(1, 3, "reading")
        assert go_on.wait(60)
        for done in range(1_000):
            context.progress(done, 1_000)
        context.progress(2, 3, "writing")
        assert may_end.wait(60)
        return {"written": 3}

    job = queue.enqueue(Job(type="t"))
    with pool:
        until(lambda: '"note": "reading"' in shown(dsn, job))
        seen = json.loads(shown(dsn, job))
        assert seen["status"] == "running"
        assert seen["progress"] == {"done": 1, "total": 3, "note": "reading"}
        go_on.set()
        until(lambda: "writing" in shown(dsn, job, "table"))
        may_end.set()
        until(lambda: '"written": 3' in shown(dsn, job))
    ended = json.loads(shown(dsn, job))
    assert (ended["status"], ended["progress"]) == ("completed", None)
    assert "written" in shown(dsn, job, "table")
