"""If a statement raises an error for one job, the other jobs of its batch still end soon."""

from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from conduit_runtime import Discard, Job, JobContext, Queue, Snooze, WorkerPool, chain
from pools import NewPool
from waiting import until

GOOD = 40
SOON = 15.0
"""In seconds: two would do on a machine that runs no other tests."""

CODES = {
    "a check": "23514",
    "data": "22023",
    "an exception": "P0001",
    "a limit": "54000",
    "an internal error": "XX000",
    "a missing table": "42P01",
    "no privilege": "42501",
    "an unsupported feature": "0A000",
    "a serialization failure": "40001",
    "a deadlock": "40P01",
    "a full disk": "53100",
    "a lock": "55P03",
    "an operator": "57P03",
    "the system": "58030",
    "a slow statement": "sleep",
}
WAYS = ["keeps a result", "has children", "fails", "snoozes"]


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("short_intervals")]


def poison(dsn: str, event: LiteralString, condition: LiteralString, code: str) -> None:
    """Create a trigger that raises an error for jobs of the type `poison`."""
    sql: LiteralString = """
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.type = 'poison' AND {condition} THEN
            IF TG_ARGV[0] = 'sleep' THEN PERFORM pg_sleep(60);
            ELSE RAISE EXCEPTION 'not this one' USING ERRCODE = TG_ARGV[0]; END IF;
          END IF;
          RETURN NEW;
        END $$;
    """
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(sql.format(condition=condition))
        create: LiteralString = (
            "CREATE TRIGGER poison BEFORE {event} ON jobs FOR EACH ROW EXECUTE FUNCTION poison({})"
        )
        conn.execute(psycopg.sql.SQL(create.replace("{event}", event)).format(code))


def count(queue: Queue, type_: str, status: str) -> int:
    return len(queue.list(type=type_, status=status, limit=1_000))


def enqueue(queue: Queue) -> None:
    """Enqueue good jobs, with a poisoned one in the middle."""
    jobs = [Job(type="good") for _ in range(GOOD)]
    jobs.insert(GOOD // 2, Job(type="poison", max_attempts=1))
    queue.enqueue_many(jobs)


@pytest.mark.parametrize(
    ("way", "code"),
    [
        *(("completes", code) for code in CODES.values()),
        *((way, code) for way in WAYS for code in ("23514", "40001", "sleep")),
    ],
)
def test_an_outcome(queue: Queue, new_direct_pool: NewPool, dsn: str, code: str, way: str) -> None:
    poison(dsn, "UPDATE", "OLD.status = 'running' AND NEW.status <> 'running'", code)
    ends = {"fails": "failed", "snoozes": "pending"}.get(way, "completed")
    pool = new_direct_pool(workers=4)

    async def work(context: JobContext, payload: Any) -> Any:
        if way == "has children":
            context.enqueued.append(Job("later", "child"))
        if way == "fails":
            raise Discard("fails")
        if way == "snoozes":
            raise Snooze(timedelta(hours=1))
        return 1

    for type_ in ("good", "poison"):
        pool.register(type_, work, keep_result=timedelta(hours=1))
    enqueue(queue)
    pool.start()
    try:
        until(lambda: count(queue, "good", ends) == GOOD, SOON)
    finally:
        pool.stop(0)


@pytest.mark.parametrize("code", CODES.values(), ids=CODES.keys())
def test_a_rescue(queue: Queue, dsn: str, code: str) -> None:
    if code == "sleep":
        pytest.skip("a rescue may take as long as it takes")
    enqueue(queue)
    assert len(queue.dequeue("dead", limit=100)) == GOOD + 1
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("UPDATE jobs SET leased_until = NULL, locked_by = 'no worker'")
    poison(dsn, "UPDATE", "OLD.status = 'running' AND NEW.status <> 'running'", code)
    pool = WorkerPool(queue, workers=4)
    for type_ in ("good", "poison"):
        pool.register(type_, lambda context, payload: None)
    with pool:
        until(lambda: count(queue, "good", "completed") == GOOD, SOON)
    assert queue.dequeue("w") == []


@pytest.mark.parametrize("code", CODES.values(), ids=CODES.keys())
def test_a_release(queue: Queue, dsn: str, code: str) -> None:
    """Other flows go on if the next job of one flow cannot be stored."""
    if code != "sleep":
        poison(dsn, "INSERT", "NEW.status = 'pending'", code)
    else:
        poison(dsn, "INSERT", "NEW.status = 'pending' AND NEW.flow IS NOT NULL", code)
    pool = WorkerPool(queue, workers=4)
    for type_ in ("first", "good", "poison"):
        pool.register(type_, lambda context, payload: None)
    for n in range(GOOD):
        queue.enqueue_flow(chain(Job(type="first"), Job(type="good")))
        if n == GOOD // 2:
            queue.enqueue_flow(chain(Job(type="first"), Job(type="poison")))
    pool.start()
    try:
        until(lambda: count(queue, "first", "completed") == GOOD + 1, SOON)
        until(lambda: count(queue, "good", "completed") == GOOD, SOON)
    finally:
        pool.stop(0)
