"""Unique jobs that replace the one that waits, and put it off."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, PayloadError, Queue, Retry, chain
from pools import NewPool
from stored_jobs import reload, status
from unique_jobs import keys, race, unique
from waiting import until

TEN = timedelta(seconds=10)
MINUTE = timedelta(minutes=1)


def replacing(payload: object, **options: Any) -> Job:
    """Return a unique job that replaces the one that waits."""
    return Job(type="t", payload=payload, **{"unique": 1, "replace": True, **options})


def debounced(payload: object, **options: Any) -> Job:
    return replacing(payload, **{"replace": False, "debounce": TEN, **options})


def waiting(queue: Queue) -> Job:
    [job] = queue.list(status="pending")
    return job


def due_in(queue: Queue, job: Job) -> timedelta:
    """Return how long after its enqueue the job is due."""
    stored = reload(queue, job)
    assert isinstance(stored.run_at, datetime)
    assert isinstance(stored.created_at, datetime)
    return stored.run_at - stored.created_at


def test_the_job_that_waits_gets_the_new_payload(queue: Queue) -> None:
    first = queue.enqueue(replacing("first", priority=10))
    second = queue.enqueue(replacing("second", priority=90, key="k", headers={"a": "b"}))
    assert (second.id, second.duplicate) == (first.id, True)
    stored = waiting(queue)
    assert (stored.id, stored.payload, stored.priority) == (first.id, "second", 90)
    assert (stored.key, stored.headers) == ("k", {"a": "b"})
    assert stored.run_at == first.run_at or stored.created_at == stored.run_at
    assert queue.enqueue(unique(1, payload="third")).id == first.id
    assert waiting(queue).payload == "second"


def test_a_rollback_leaves_the_earlier_payload(queue: Queue, dsn: str) -> None:
    queue.enqueue(replacing("first"))
    with psycopg.connect(dsn) as connection:
        queue.enqueue(replacing("second"), conn=connection)
        connection.rollback()
        queue.enqueue(replacing("third"), conn=connection)
        assert waiting(queue).payload == "first"
    assert waiting(queue).payload == "third"


def test_a_debounced_job_is_put_off_but_not_for_ever(queue: Queue, dsn: str) -> None:
    first = queue.enqueue(debounced("first", at_most=MINUTE))
    assert due_in(queue, first) == TEN
    for age, due in ((30, 40), (55, 60), (300, 60)):
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "UPDATE jobs SET created_at = now() - make_interval(secs => %s)", [age]
            )
            queue.enqueue(debounced(age, at_most=MINUTE), conn=connection)
        assert due_in(queue, first) == timedelta(seconds=due)
    assert waiting(queue).payload == 300
    queue.enqueue(debounced("no bound"))
    assert due_in(queue, first) > timedelta(seconds=300)
    queue.enqueue(replacing("keeps its time"))
    assert due_in(queue, first) > timedelta(seconds=300)


def test_a_thousand_enqueues_make_one_run(queue: Queue, new_pool: NewPool) -> None:
    runs: list[object] = []
    pool = new_pool(workers=2)

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        runs.append(payload)

    soon = timedelta(seconds=0.5)
    with pool:
        jobs = [queue.enqueue(debounced(n, debounce=soon, at_most=MINUTE)) for n in range(300)]
        queue.enqueue_many([debounced(n, debounce=soon, at_most=MINUTE) for n in range(300, 1000)])
        until(lambda: runs and not queue.list(status=["pending", "running"]))
    assert runs[-1] == 999
    assert len({job.id for job in jobs}) == len(queue.list()) == len(runs)
    if len(runs) > 1:  # this machine paused for half a second between two enqueues
        assert len(runs) < 20


@contextmanager
def running(queue: Queue, new_pool: NewPool, runs: list[object]) -> Iterator[Any]:
    """Run a pool whose first job runs until the block calls what it is given."""
    began, go_on = threading.Event(), threading.Event()
    pool = new_pool(workers=2)

    @pool.handler("t")
    def work(context: Any, payload: object) -> None:
        runs.append(payload)
        if len(runs) == 1:
            began.set()
            go_on.wait(60)

    with pool:
        assert began.wait(60)
        try:
            yield go_on.set
        finally:
            go_on.set()


def test_a_second_waits_behind_one_that_runs(queue: Queue, new_pool: NewPool) -> None:
    runs: list[object] = []
    first = queue.enqueue(replacing("first"))
    with running(queue, new_pool, runs) as end:
        second = queue.enqueue(replacing("second"))
        assert not second.duplicate
        third = queue.enqueue(replacing("third"))
        assert (third.id, third.duplicate) == (second.id, True)
        stored = reload(queue, second)
        assert (stored.payload, stored.waits_for) == ("third", 1)
        assert runs == ["first"]
        end()
        until(lambda: status(queue, second) == "completed")
    assert runs == ["first", "third"]
    assert reload(queue, first).payload == "first"
    until(lambda: queue.purge(timedelta(0)) or not queue.list())
    assert keys(queue.dsn) == 0


def test_a_job_that_failed_is_not_replaced(queue: Queue, new_pool: NewPool) -> None:
    runs: list[object] = []
    pool = new_pool(workers=1)

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        runs.append(payload)
        if len(runs) == 1:
            raise Retry(after=3600)

    first = queue.enqueue(replacing("first"))
    with pool:
        until(lambda: reload(queue, first).started_at and status(queue, first) == "pending")
        second = queue.enqueue(replacing("second"))
        assert second.id != first.id
        assert reload(queue, second).waits_for == 1
        queue.retry(first.id)
        until(lambda: status(queue, second) == "completed")
    assert runs == ["first", "first", "second"]


def test_after_the_end_there_is_a_new_job(queue: Queue) -> None:
    first = queue.enqueue(replacing("first"))
    queue.cancel(first.id)
    second = queue.enqueue(replacing("second"))
    assert second.id != first.id
    assert waiting(queue).id == second.id
    assert waiting(queue).waits_for == 0


def test_in_one_call_the_last_counts(queue: Queue) -> None:
    first, other, last = queue.enqueue_many([replacing(1), Job(type="t"), replacing(2)])
    assert (first.id, first.duplicate) == (last.id, True)
    assert not last.duplicate
    again, more = queue.enqueue_many([replacing(3), replacing(4)])
    assert {again.id, more.id} == {last.id}
    assert reload(queue, last).payload == 4
    assert len(queue.list()) == 2
    assert reload(queue, other).payload == {}


@pytest.mark.parametrize("place", [0, 1])
def test_in_one_call_it_counts_before_others_of_its_key(queue: Queue, place: int) -> None:
    jobs = [unique(1, payload="dropped")]
    jobs.insert(place, replacing("kept"))
    stored = queue.enqueue_many(jobs)
    assert {job.id for job in stored} == {waiting(queue).id}
    assert stored[1 - place].duplicate
    assert waiting(queue).payload == "kept"


def test_a_job_of_a_flow_is_replaced_and_waits(queue: Queue) -> None:
    flow = queue.enqueue_flow(chain(Job(type="t"), replacing("first"), Job(type="t")))
    again = queue.enqueue(replacing("second", debounce=TEN))
    assert again.id == flow[1].id
    stored = reload(queue, flow[1])
    assert (stored.payload, stored.waits_for) == ("second", 1)
    behind = queue.enqueue_flow(chain(replacing("third"), Job(type="u")))
    assert behind[0].id == flow[1].id
    assert reload(queue, behind[1]).waits_for == 1


@pytest.mark.slow
def test_an_expired_job_begins_anew(queue: Queue, dsn: str, new_pool: NewPool) -> None:
    first = queue.enqueue(replacing("first", expires=MINUTE))
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE jobs SET run_at = now() - interval '61 s'")
    assert queue.enqueue(replacing("second", expires=MINUTE)).id == first.id
    pool = new_pool()
    ran: list[object] = []

    @pool.handler("t")
    async def handle(job: JobContext, payload: object) -> None:
        ran.append(payload)

    pool.run(drain=True)
    assert ran == ["second"]


def test_racing_enqueues_lose_no_payload(queue: Queue, dsn: str) -> None:
    def enqueue(number: int) -> Job:
        with Queue(dsn) as own:
            return own.enqueue(replacing(number))

    found = race(20, enqueue)
    stored = waiting(queue)
    assert {job.id for job in found} == {stored.id}
    assert [job.duplicate for job in found].count(False) == 1
    assert stored.payload in range(20)


@pytest.mark.parametrize("seed", range(3))
def test_racing_transactions_leave_the_last_committed_payload(
    queue: Queue, dsn: str, seed: int
) -> None:
    """Each takes one or two values, replaces or debounces their jobs, and may roll back."""
    committed: dict[int, list[Job]] = {value: [] for value in range(3)}

    def transactions(thread: int) -> None:
        chance = random.Random(100 * seed + thread)
        with psycopg.connect(dsn) as connection:
            for number in range(15):
                rule = replacing if chance.random() < 0.5 else debounced
                values = chance.sample([*committed], chance.choice([1, 2]))
                payload = 100 * thread + number
                jobs = queue.enqueue_many(
                    [rule(payload, unique=value) for value in values], conn=connection
                )
                if chance.random() < 0.4:
                    connection.rollback()
                    continue
                # Until the commit, others wait for these values.
                for value, job in zip(values, jobs, strict=True):
                    committed[value].append(replace(job, payload=payload))
                connection.commit()

    race(6, transactions)
    pending = queue.list(status="pending")
    assert {job.id: job.payload for job in pending} == {
        jobs[0].id: jobs[-1].payload for jobs in committed.values()
    }
    for jobs in committed.values():
        assert {job.id for job in jobs} == {jobs[0].id}
        assert [job.duplicate for job in jobs] == [False] + [True] * (len(jobs) - 1)


@pytest.mark.slow
def test_racing_workers_run_the_last_payload(queue: Queue, new_pool: NewPool) -> None:
    """Whatever a worker claims meanwhile, the last payload runs, and runs last."""
    runs: list[object] = []
    pool = new_pool(workers=4)

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        runs.append(payload)

    with pool:
        for number in range(300):
            queue.enqueue(replacing(number))
        until(lambda: queue.stats().pending + queue.stats().running == 0 and runs[-1] == 299)
        until(lambda: not queue.list(status=["pending", "running"]))
    assert runs == sorted(runs, key=lambda each: int(str(each)))
    assert len(set(runs)) == len(runs)


def test_options_that_contradict_each_other(queue: Queue) -> None:
    for options, message in (
        ({"unique": None}, "need unique"),
        ({"unique_for": MINUTE}, "use one of them"),
        ({"at_most": MINUTE}, "at_most needs debounce"),
        ({"debounce": timedelta(0)}, "debounce is 0:00:00"),
        ({"debounce": 10}, "debounce is 10: use a timedelta"),
        ({"debounce": TEN, "delay": TEN}, "leave out delay and run_at"),
        ({"replace": 1.5}, "replace is 1.5"),
    ):
        with pytest.raises(PayloadError, match=message):
            queue.enqueue(Job(**{"type": "t", "unique": 1, "replace": True, **options}))  # type: ignore[arg-type]
