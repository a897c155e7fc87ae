"""A worker whose code reads an unreadable job runs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue, upcast
from pools import NewPool
from timed import Timed
from versions import TYPE, V1, V2, Version, lane_of, new, old, older, stored, with_upcaster
from waiting import until


@pytest.fixture
def database(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def test_an_upcaster_reads_it_later(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    job = queue.enqueue(older())
    new().drain(new_pool)
    version = with_upcaster()
    version.drain(new_pool)
    found = stored(queue, job)
    assert (found.status, found.attempts, found.error) == (JobStatus.COMPLETED, 1, None)
    assert version.seen == [V2("t")]
    assert queue.stats().unreadable == 0


def test_the_code_of_its_shape_reads_it_later(queue: Queue, new_pool: NewPool) -> None:
    job = queue.enqueue(older())
    new().drain(new_pool)
    version = old()
    version.drain(new_pool)
    assert stored(queue, job).status is JobStatus.COMPLETED
    assert version.seen == [V1("t")]


def test_a_third_version_tries_it_when_no_live_worker_knows_its_shape(
    queue: Queue, new_pool: NewPool
) -> None:
    @dataclass(frozen=True, slots=True)
    class Tolerant:
        headline: str | None

    job = queue.enqueue(older())
    new().drain(new_pool)
    Version("newest", Tolerant).drain(new_pool)
    assert stored(queue, job).status is JobStatus.COMPLETED


def test_a_plain_function_takes_it_as_it_is(queue: Queue, new_pool: NewPool) -> None:
    job = queue.enqueue(older())
    new().drain(new_pool)
    seen: list[Any] = []
    pool = new_pool()
    pool.register(TYPE, lambda context, payload: seen.append(payload))
    pool.run(drain=True)
    assert stored(queue, job).status is JobStatus.COMPLETED
    assert seen == [{"title": "t"}]


def test_the_same_code_does_not_try_again(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    job = queue.enqueue(older())
    new().drain(new_pool)
    row = "SELECT xmin::text FROM jobs WHERE id = %s"
    written = database.execute(row, [job.id]).fetchone()
    new().drain(new_pool)
    assert database.execute(row, [job.id]).fetchone() == written


def test_a_failed_attempt_at_it_brings_its_lane_back(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    job = queue.enqueue(older())
    new().drain(new_pool)
    version = new()

    @upcast(version.type, "old")
    def _(old: V1) -> V2:
        raise LookupError("not yet")

    version.drain(new_pool)
    found = stored(queue, job)
    assert (found.status, found.attempts, found.error) == (
        *(JobStatus.PENDING, 1, "LookupError: not yet"),
    )
    assert lane_of(database, job) == "old"


@pytest.fixture
def quick_maintenance(timed: Timed) -> None:
    timed(maintenance=0.05, heartbeat=0.05, maintenance_share=1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_maintenance")
def test_live_versions_each_try_it_once(
    queue: Queue, new_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    """The job has no fingerprint, so each version takes it for its own."""
    one, other = old(), new()
    with one.pool(new_pool), other.pool(new_pool):
        job = queue.enqueue(older(fingerprint=None, payload={"neither": 1}))
        readers = {one.reader, other.reader}
        until(lambda: {*lane_of(database, job).split("!")} == {"", *readers})
        row = "SELECT xmin::text FROM jobs WHERE id = %s"
        written = database.execute(row, [job.id]).fetchone()
        # A job that is enqueued now runs after several rounds of maintenance.
        for _ in range(3):
            heartbeats = _heartbeats(database)
            until(lambda before=heartbeats: _heartbeats(database) > before + 10)
        assert database.execute(row, [job.id]).fetchone() == written
        assert stored(queue, job).attempts == 0
    assert not one.seen
    assert not other.seen


def _heartbeats(database: psycopg.Connection[Any]) -> int:
    row = database.execute("SELECT min(heartbeat) FROM conduit_workers").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


@pytest.mark.usefixtures("quick_maintenance")
def test_live_versions_run_the_jobs_that_each_reads(queue: Queue, new_pool: NewPool) -> None:
    """Jobs without a fingerprint get to the version that reads them."""
    one, other = old(), new()
    with one.pool(new_pool), other.pool(new_pool):
        jobs = [
            Job(type=TYPE, payload=payload, fingerprint=fingerprint)
            for number in range(50)
            for payload, fingerprint in (
                ({"title": f"{number}"}, None),
                ({"headline": f"{number}"}, None),
                ({"title": f"{number}"}, "old"),
                ({"headline": f"{number}"}, "new"),
            )
        ]
        queue.enqueue_many(jobs)
        until(lambda: queue.stats().completed == len(jobs))
    stats = queue.stats()
    assert (stats.failed, stats.unreadable) == (0, 0)
    assert sorted(each.title for each in one.seen) == sorted(f"{n}" for n in [*range(50)] * 2)
    assert sorted(each.headline for each in other.seen) == sorted(f"{n}" for n in [*range(50)] * 2)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_maintenance")
def test_a_live_worker_of_the_shape_has_its_jobs_to_itself(
    queue: Queue, new_direct_pool: NewPool, database: psycopg.Connection[Any]
) -> None:
    """The worker also has the jobs that another version found unreadable before it started.

    Direct workers only: a broker gives a message to any worker of its queue.
    """
    job = queue.enqueue(older())
    other = new()
    with other.pool(new_direct_pool):
        until(lambda: lane_of(database, job) == f"old!{other.reader}")
        one = old()
        with one.pool(new_direct_pool):
            until(lambda: stored(queue, job).status is JobStatus.COMPLETED)
            more = queue.enqueue_many([older() for _ in range(20)])
            until(lambda: len(one.seen) == 21)
            lanes = {lane_of(database, each) for each in more}
    assert lanes == {"old"}
    assert not other.seen
