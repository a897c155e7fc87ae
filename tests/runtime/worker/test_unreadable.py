"""Jobs wait if no live worker can read their payload."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    FailedJob,
    Job,
    JobContext,
    JobStatus,
    JobType,
    PayloadError,
    PoolCollector,
    Queue,
    chain,
    job_type,
)
from conduit_runtime.payloads.sensitive import Sensitive
from pools import NewPool
from prometheus_client import CollectorRegistry
from versions import MISSING, TYPE, V1, V2, Version, lane_of, new, old, older, stored, with_upcaster


@pytest.fixture
def database(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({}, MISSING),
        ({"fingerprint": None}, MISSING),
        ({"fingerprint": "new"}, MISSING),
        ({"type": "post.mail"}, MISSING),
        (
            {"payload": {"headline": 5}},
            "unreadable: payload.headline: expected a string, got int",
        ),
        ({"payload": None}, "unreadable: payload: expected an object, got nil"),
    ],
    ids=["unknown", "by hand", "corrupt", "older name", "another type", "no object"],
)
def test_a_payload_that_no_code_reads_waits(
    queue: Queue,
    new_pool: NewPool,
    database: psycopg.Connection[Any],
    options: dict[str, Any],
    error: str,
) -> None:
    """The job uses no attempt, is not reported as failed, and keeps its shape."""
    failed: list[FailedJob] = []
    job = queue.enqueue(older(max_attempts=1, **options))
    version = new(was=("post.mail",))
    pool = version.drain(new_pool, on_failed=failed.append)
    found = stored(queue, job)
    assert (found.status, found.attempts, found.error) == (JobStatus.PENDING, 0, error)
    assert (found.errors, found.started_at, found.completed_at, found.locked_by) == (
        *([], None, None, None),
    )
    assert found.fingerprint == job.fingerprint
    assert lane_of(database, job) == f"{job.fingerprint or ''}!{version.reader}"
    assert not failed
    assert not pool.metrics.all_stats()
    assert not [each for each in queue.metrics() if each.processed or each.snoozed]
    assert not version.seen


def test_unreadable_jobs_are_counted_apart(queue: Queue, new_pool: NewPool) -> None:
    """Unreadable jobs are pending, but neither due nor of an unknown type."""
    queue.enqueue_many([older(), older(), Job(type="other")])
    new().drain(new_pool)
    stats = queue.stats()
    assert (stats.pending, stats.unreadable, stats.total) == (3, 2, 3)
    assert stats["unreadable"] == 2
    (overview,) = queue.queues()
    assert (overview.pending, overview.unreadable, overview.unknown) == (3, 2, 1)
    queue.cancel_many(type="other")
    (overview,) = queue.queues()
    assert (overview.pending, overview.unreadable, overview.oldest_due) == (2, 2, None)


def test_prometheus_counts_them(queue: Queue, new_pool: NewPool, new_direct_pool: NewPool) -> None:
    queue.enqueue_many([older(), older(priority=5), Job(type="other", queue="second")])
    version = new()
    version.drain(new_pool)
    registry = CollectorRegistry()
    pool = version.pool(new_direct_pool, queues=["default", "second"])
    registry.register(PoolCollector(pool))

    def gauge(name: str, queue: str) -> float | None:
        return registry.get_sample_value(f"conduit_queue_{name}", {"queue": queue})

    assert (gauge("unreadable_jobs", "default"), gauge("unreadable_jobs", "second")) == (2.0, 0.0)
    assert (gauge("due_jobs", "default"), gauge("due_jobs", "second")) == (0.0, 1.0)
    assert gauge("oldest_due_seconds", "default") == 0.0


@dataclass(frozen=True, slots=True)
class Balances:
    of: Sensitive[dict[str, int]]
    more: dict[str, dict[str, int]]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"of": {"ann@x.org": "secret"}, "more": {}}, "payload.of.…: expected an int, got str"),
        ({"of": {}, "more": {"ann@x.org": {"secret": "x"}}}, "payload.more.…"),
        ({"of": {"ann@x.org": 5}, "more": {"secret": 5}}, "payload.more.…: expected a hash"),
    ],
    ids=["sensitive", "nested", "after it"],
)
def test_no_value_is_in_its_error(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture, payload: object, error: str
) -> None:
    """Nor is one in the log; the keys of a hash are values too."""
    job = queue.enqueue(older(payload=payload))
    Version("new", Balances).drain(new_pool)
    text = f"{stored(queue, job).error}\n{caplog.text}"
    assert text.count(error) == 2
    assert "ann@x.org" not in text
    assert "secret" not in text


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="it reads all that Postgres takes")
def test_one_that_is_nested_too_deep_waits(
    queue: Queue, new_direct_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    """Direct workers only: no message to a broker can hold such a payload."""
    job = queue.enqueue(older())
    database.execute(
        "UPDATE jobs SET payload = (repeat('[', 3000) || repeat(']', 3000))::jsonb WHERE id = %s",
        [job.id],
    )
    version = new()
    version.drain(new_direct_pool)
    row = database.execute("SELECT status, attempts, error FROM jobs").fetchone()
    assert row == ("pending", 0, "unreadable: the payload is nested too deep")
    assert lane_of(database, job) == f"old!{version.reader}"


def test_it_is_logged_once_a_shape(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    queue.enqueue_many([older(), older(), older(fingerprint=None)])
    new().drain(new_pool)
    logged = [each.getMessage() for each in caplog.records if "wait" in each.getMessage()]
    assert len(logged) == 2
    shaped, shapeless = sorted(logged, key=lambda text: "no fingerprint" in text)
    assert shaped.startswith(
        "jobs of post.email_send with the shape old wait, since this code cannot read their "
        "payloads: payload.headline is missing (job "
    )
    assert "`conduit-jobs preflight PACKAGE`" in shaped
    assert "jobs of post.email_send with no fingerprint wait" in shapeless
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_an_older_shape_that_is_corrupt_waits(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    job = queue.enqueue(older(payload={"title": 5}))
    version = with_upcaster()
    version.drain(new_pool)
    found = stored(queue, job)
    assert (found.status, found.attempts) == (JobStatus.PENDING, 0)
    assert found.error == "unreadable: payload.title: expected a string, got int"
    assert lane_of(database, job) == f"old!{version.reader}"


@pytest.mark.parametrize("how", ["retry", "retry_many"])
def test_a_retry_has_it_tried_again(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any], how: str
) -> None:
    job = queue.enqueue(older())
    version = new()
    version.drain(new_pool)
    if how == "retry":
        assert queue.retry(job.id)
    else:
        assert queue.retry_many(type=TYPE, status="pending") == 1
    assert lane_of(database, job) == "old"
    assert queue.stats().unreadable == 0
    version.drain(new_pool)
    assert lane_of(database, job) == f"old!{version.reader}"
    database.execute("""UPDATE jobs SET payload = '{"headline": "h"}'""")
    queue.retry(job.id)
    version.drain(new_pool)
    assert stored(queue, job).status is JobStatus.COMPLETED
    assert version.seen == [V2("h")]


def test_a_retry_by_hand_leaves_it_waiting(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    """The job is pending already, and the same code would find it unreadable again."""
    job = queue.enqueue(older())
    version = new()
    version.drain(new_pool)
    database.execute("UPDATE jobs SET status = 'pending', attempts = 0, run_at = now()")
    version.drain(new_pool)
    found = stored(queue, job)
    assert (found.status, found.error) == (JobStatus.PENDING, MISSING)
    with_upcaster().drain(new_pool)
    assert stored(queue, job).status is JobStatus.COMPLETED


def test_it_can_be_cancelled_and_purged(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    one, other = queue.enqueue_many([older(), older()])
    new().drain(new_pool)
    assert queue.cancel(one.id)
    assert queue.cancel_many(type=TYPE) == 1
    assert {stored(queue, job).status for job in (one, other)} == {JobStatus.CANCELLED}
    assert queue.stats().unreadable == 0
    database.execute("UPDATE jobs SET completed_at = now() - interval '1 day'")
    assert queue.purge(timedelta(hours=1), JobStatus.CANCELLED) == 2


def test_a_flow_waits_behind_it(queue: Queue, new_pool: NewPool) -> None:
    version = with_upcaster()
    flow = queue.enqueue_flow(chain(older(), version.type.job(V2("second"))))
    new().drain(new_pool)
    assert stored(queue, flow[0]).error == MISSING
    assert stored(queue, flow[1]).waits_for == 1
    version.drain(new_pool)
    assert version.seen == [V2("t"), V2("second")]


def test_its_key_is_held(queue: Queue, new_pool: NewPool) -> None:
    job = queue.enqueue(older(unique="k"))
    new().drain(new_pool)
    duplicate = queue.enqueue(older(unique="k"))
    assert (duplicate.duplicate, duplicate.id) == (True, job.id)
    with_upcaster().drain(new_pool)
    assert not queue.enqueue(older(unique="k")).duplicate


def test_a_child_job_waits(queue: Queue, new_pool: NewPool) -> None:
    child, version = old(), new()
    kind: JobType[Any, Any] = job_type("parent", "p")(_enqueues(child.type))
    queue.enqueue(kind.job(V2("h")))
    new_pool(jobs=[kind, version.type]).run(drain=True)
    version.drain(new_pool)
    (job,) = queue.list(type=TYPE)
    assert (job.status, job.error) == (JobStatus.PENDING, MISSING)
    child.drain(new_pool)
    assert child.seen == [V1("child")]


def _enqueues(child: JobType[Any, Any]) -> Any:
    async def handler(job: JobContext[Any], payload: V2) -> None:
        job.enqueue(child, V1("child"))

    return handler


@pytest.mark.parametrize("rescues", [1, 3])
def test_a_rescued_job_uses_no_attempt(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any], rescues: int
) -> None:
    """The worker writes the start of the job before it reads the payload."""
    job = queue.enqueue(older(max_attempts=2))
    database.execute("UPDATE jobs SET rescues = %s, attempts = 1", [rescues])
    new().drain(new_pool)
    found = stored(queue, job)
    assert (found.status, found.attempts, found.error) == (JobStatus.PENDING, 1, MISSING)
    with_upcaster().drain(new_pool)
    found = stored(queue, job)
    assert (found.status, found.attempts) == (JobStatus.COMPLETED, 2)


def test_jobs_of_a_limited_queue_and_a_rated_type_wait(queue: Queue, new_pool: NewPool) -> None:
    queue.limit("default", 1)
    queue.rate_limit(TYPE, 100)
    jobs = queue.enqueue_many([older(), older()])
    new().drain(new_pool)
    assert {stored(queue, job).error for job in jobs} == {MISSING}
    with_upcaster().drain(new_pool)
    assert {stored(queue, job).status for job in jobs} == {JobStatus.COMPLETED}


def test_a_loop_of_ones_own_gets_it(queue: Queue, new_pool: NewPool) -> None:
    queue.enqueue(older())
    new().drain(new_pool)
    (job,) = queue.dequeue("me")
    assert (job.payload, job.fingerprint) == ({"title": "t"}, "old")
    queue.complete(job)
    assert stored(queue, job).status is JobStatus.COMPLETED


def test_a_fingerprint_with_the_mark_is_refused(queue: Queue) -> None:
    with pytest.raises(PayloadError, match="fingerprint is 'old!1': use one without '!'"):
        queue.enqueue(older(fingerprint="old!1"))


@pytest.mark.slow
def test_the_commands_show_it(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    job = queue.enqueue(older())
    new().drain(new_pool)

    def command(*arguments: str) -> str:
        run = subprocess.run(
            [sys.executable, "-m", "conduit_runtime.cli", *arguments],
            env=os.environ | {"CONDUIT_DATABASE_URL": dsn, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    assert MISSING in command("jobs", "list")
    assert MISSING in command("jobs", "show", str(job.id))
    assert '"unreadable": 1' in command("jobs", "stats", "--format", "json")
    assert '"unreadable": 1' in command("queues", "list", "--format", "json")
    assert "unreadable" in command("queues", "list")
