"""A job whose claim Postgres refuses waits with the reason, and the others run."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, LiteralString

import psycopg
import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements import worker_registry
from conduit_runtime.telemetry.prometheus import PoolCollector
from pools import NewPool
from prometheus_client import CollectorRegistry
from psycopg.sql import SQL
from waiting import until

CHECK = "ALTER TABLE jobs ADD CHECK (status <> 'running' OR payload <> '\"bad\"')"
ONE_RUNNING = (
    "CREATE UNIQUE INDEX one_running ON jobs ((payload ->> 'customer')) WHERE status = 'running'"
)
EXCLUDE = (
    "CREATE EXTENSION btree_gist; ALTER TABLE jobs ADD EXCLUDE USING gist "
    "((payload ->> 'customer') WITH =) WHERE (status = 'running') DEFERRABLE INITIALLY DEFERRED"
)
TRIGGER: LiteralString = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.payload = '"bad"' AND {condition} THEN RAISE EXCEPTION 'not today'; END IF;
  RETURN NEW;
END $$;
CREATE {kind} TRIGGER refuse {time} UPDATE ON jobs {deferred}
  FOR EACH ROW EXECUTE FUNCTION refuse()
"""

DROPPING: LiteralString = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN NEW.payload = '"bad"' AND {condition} THEN {row} ELSE NEW END;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION refuse()
"""


def trigger(condition: LiteralString, *, late: bool = False) -> LiteralString:
    return TRIGGER.format(
        condition=condition,
        kind="CONSTRAINT" if late else "",
        time="AFTER" if late else "BEFORE",
        deferred="DEFERRABLE INITIALLY DEFERRED" if late else "",
    )


WAYS = {
    "check": (CHECK, "violates check constraint"),
    "trigger": (trigger("NEW.status = 'running'"), "not today"),
    "deferred": (trigger("NEW.status = 'running'", late=True), "not today"),
    # Not even the reason can be written.
    "any change": (trigger("true"), None),
    "dropped": (
        DROPPING.format(condition="NEW.status = 'running'", row="NULL"),
        "a trigger drops it",
    ),
    "undone": (
        DROPPING.format(condition="NEW.status = 'running'", row="OLD"),
        "a trigger drops it",
    ),
    "any change dropped": (DROPPING.format(condition="true", row="NULL"), None),
    "any change undone": (DROPPING.format(condition="true", row="OLD"), None),
}


UNDO = """
DROP FUNCTION IF EXISTS refuse CASCADE;
ALTER TABLE jobs DROP CONSTRAINT IF EXISTS jobs_check;
DROP INDEX IF EXISTS one_running;
DROP EXTENSION IF EXISTS btree_gist CASCADE
"""


@pytest.fixture(autouse=True)
def undone(dsn: str) -> Iterator[None]:
    """Drops in the end what refuses claims, so that other tests can use the database."""
    yield
    with suppress(psycopg.OperationalError):  # another session still holds a lock
        execute(dsn, f"SET lock_timeout = '5s'; {UNDO}")


def execute(dsn: str, sql: LiteralString) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(sql)


def stored(queue: Queue, job: Job) -> Job:
    found = queue.get(job.id)
    assert found is not None
    return found


def refusals(dsn: str, job: Job) -> Any:
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "SELECT refusals, extract(epoch FROM run_at - now())::float8 FROM jobs WHERE id = %s",
            (job.id,),
        ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("limit", ["none", "queue", "type"])
@pytest.mark.parametrize("way", WAYS)
def test_the_others_run(
    queue: Queue, new_direct_pool: NewPool, dsn: str, way: str, limit: str
) -> None:
    sql, reason = WAYS[way]
    execute(dsn, sql)
    if limit == "queue":
        queue.limit("default", 1)
    elif limit == "type":
        queue.rate_limit("t", 1000)
    bad, *_ = queue.enqueue_many([Job(type="t", payload="bad") for _ in range(5)])
    queue.enqueue_many([Job(type="t", payload=n) for n in range(30)])
    pools = [new_direct_pool(workers=1) for _ in range(2)]
    ran: list[Any] = []
    for pool in pools:
        pool.register("t", lambda context, payload: ran.append(payload))
    with pools[0], pools[1]:
        until(lambda: len(ran) == 30, 20)
    assert sorted(ran) == [*range(30)]
    waiting = stored(queue, bad)
    assert (waiting.status, waiting.attempts) == (JobStatus.PENDING, 0)
    if reason is not None:
        assert waiting.error is not None
        assert waiting.error.startswith("Postgres refused the claim: ")
        assert reason in waiting.error


@pytest.mark.parametrize("sql", [ONE_RUNNING, EXCLUDE])
def test_one_running_job_for_each_customer(
    queue: Queue, new_direct_pool: NewPool, dsn: str, sql: LiteralString
) -> None:
    execute(dsn, sql)
    queue.enqueue_many([Job(type="t", payload={"customer": n % 5}) for n in range(20)])
    running: set[int] = set()
    ran: list[int] = []
    lock = threading.Lock()

    def work(context: JobContext, payload: dict[str, int]) -> None:
        with lock:
            assert payload["customer"] not in running
            running.add(payload["customer"])
        with lock:
            running.remove(payload["customer"])
            ran.append(payload["customer"])

    pools = [new_direct_pool(workers=4) for _ in range(2)]
    for pool in pools:
        pool.register("t", work)
    with pools[0], pools[1]:
        until(lambda: queue.stats().completed == 20, 60)
    assert sorted(ran) == sorted(n % 5 for n in range(20))
    assert {job.attempts for job in queue.list()} == {1}


@pytest.mark.parametrize("way", WAYS)
def test_it_runs_when_it_is_refused_no_longer(
    queue: Queue, new_direct_pool: NewPool, dsn: str, way: str
) -> None:
    execute(dsn, WAYS[way][0])
    job = queue.enqueue(Job(type="t", payload="bad"))
    other = queue.enqueue(Job(type="t", payload="good"))
    pool = new_direct_pool()
    pool.register("t", lambda context, payload: None)
    with pool:
        until(lambda: stored(queue, other).status is JobStatus.COMPLETED)
        execute(
            dsn,
            "ALTER TABLE jobs DROP CONSTRAINT jobs_check"
            if way == "check"
            else "DROP TRIGGER refuse ON jobs",
        )
        until(lambda: stored(queue, job).status is JobStatus.COMPLETED, 20)
    assert (stored(queue, job).attempts, stored(queue, job).error) == (1, None)


def dequeue(queue: Queue, dsn: str, way: str, limit: int) -> list[Job]:
    if way == "alone":
        return queue.dequeue("me", limit=limit)
    with psycopg.connect(dsn) as conn:
        conn.execute("CREATE TEMPORARY TABLE t (id int)")  # what the caller did before stays
        jobs = queue.dequeue("me", limit=limit, conn=conn)
        conn.execute("SELECT FROM t")
    return jobs


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("how", ["alone", "in a transaction"])
@pytest.mark.parametrize("way", WAYS)
def test_dequeue_gives_the_others(
    queue: Queue, dsn: str, way: str, how: str, limited: bool
) -> None:
    execute(dsn, WAYS[way][0])
    if (way, how) == ("deferred", "in a transaction"):
        pytest.skip("what the caller defers fails with the caller's commit")
    if limited:
        queue.limit("default", 10)
    bad = [queue.enqueue(Job(type="t", payload="bad")) for _ in range(3)]
    good = queue.enqueue_many([Job(type="t", payload=n) for n in range(3)])
    assert [job.id for job in dequeue(queue, dsn, how, 1)] == [good[0].id]
    assert [job.id for job in dequeue(queue, dsn, how, 10)] == [job.id for job in good[1:]]
    assert dequeue(queue, dsn, how, 10) == []
    assert {stored(queue, job).attempts for job in bad} == {0}
    assert {stored(queue, job).attempts for job in good} == {1}


def test_the_intervals_grow_and_a_claim_ends_them(queue: Queue, dsn: str) -> None:
    execute(dsn, CHECK)
    job = queue.enqueue(Job(type="t", payload="bad"))
    for count, longest in enumerate([1, 2, 4, 8, 16, 32, 60, 60], start=1):
        assert queue.dequeue("me") == []
        refused, pause = refusals(dsn, job)
        assert refused == count
        assert longest * 0.4 < pause < longest * 1.5
        assert queue.dequeue("me") == []
        assert refusals(dsn, job)[0] == count
        execute(dsn, "UPDATE jobs SET run_at = now()")
    execute(dsn, "UPDATE jobs SET payload = '\"good\"'")
    [claimed] = queue.dequeue("me")
    assert (claimed.id, claimed.attempts, refusals(dsn, job)[0]) == (job.id, 1, None)


def test_prometheus_counts_them(queue: Queue, new_direct_pool: NewPool, dsn: str) -> None:
    execute(dsn, CHECK)
    queue.enqueue(Job(type="t", payload="bad"))
    assert queue.dequeue("me") == []
    registry = CollectorRegistry()
    registry.register(PoolCollector(new_direct_pool()))
    labels = {"queue": "default"}
    assert registry.get_sample_value("conduit_queue_refused_jobs", labels) == 1.0
    assert registry.get_sample_value("conduit_queue_due_jobs", labels) == 0.0


def test_jobs_of_a_batch(queue: Queue, new_direct_pool: NewPool, dsn: str) -> None:
    execute(dsn, CHECK)
    queue.enqueue_many([Job(type="t", payload="bad" if n == 3 else n) for n in range(10)])
    pool = new_direct_pool()
    ran: list[Any] = []

    @pool.batch_handler("t", size=5, wait=0.1)
    async def work(context: object, jobs: list[Any]) -> None:
        ran.extend(job.payload for job in jobs)

    with pool:
        until(lambda: len(ran) == 9)
    assert queue.stats().pending == 1


@pytest.mark.slow
def test_behind_a_gateway(queue: Queue, new_pool: NewPool, dsn: str) -> None:
    execute(dsn, CHECK)
    queue.enqueue_many([Job(type="t", payload="bad" if n % 5 == 0 else n) for n in range(20)])
    pool = new_pool(workers=2)
    ran: list[Any] = []
    pool.register("t", lambda context, payload: ran.append(payload))
    with pool:
        until(lambda: len(ran) == 16, 30)
        until(lambda: queue.stats().pending == 4)


@pytest.mark.parametrize("late", [False, True])
def test_a_rescue_reclaims_the_others(queue: Queue, dsn: str, late: bool) -> None:
    jobs = queue.enqueue_many(
        [
            Job(type="t", payload="bad" if n == 5 else n, max_attempts=2 if n else 1)
            for n in range(8)
        ]
    )
    queue.dequeue("me", limit=8)
    execute(dsn, trigger("NEW.status = 'pending'", late=late))
    execute(dsn, "UPDATE jobs SET leased_until = now() - interval '1 s'")
    with psycopg.connect(dsn, autocommit=True) as conn:
        rescued = run(conn, worker_registry.rescue_orphans())
    assert sorted(each.id for each in rescued) == sorted(job.id for job in jobs)
    assert [stored(queue, job).status.value for job in jobs] == [
        "failed" if n in (0, 5) else "pending" for n in range(8)
    ]


def test_a_refused_job_starts_soon_after_the_job_in_its_way_has_ended(
    queue: Queue, new_direct_pool: NewPool, dsn: str
) -> None:
    """The worker that runs the first learns from its heartbeat that another met the second."""
    execute(dsn, ONE_RUNNING)
    first, second = queue.enqueue_many([Job(type="t", payload={"customer": 1}) for _ in range(2)])
    ends = threading.Event()
    pools = [new_direct_pool(workers=1) for _ in range(2)]
    for pool in pools:
        pool.register("t", lambda context, payload: ends.wait(30))
    with pools[0], pools[1]:
        until(lambda: queue.stats().running == 1 and refusals(dsn, second)[0] is not None)
        put_off(dsn)
        seen = heartbeats(dsn)
        until(lambda: all(new > old + 1 for old, new in zip(seen, heartbeats(dsn), strict=True)))
        ends.set()
        until(lambda: stored(queue, second).status is JobStatus.COMPLETED)
    assert stored(queue, first).status is JobStatus.COMPLETED
    assert stored(queue, second).attempts == 1


def heartbeats(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as conn:
        rows = conn.execute("SELECT heartbeat FROM conduit_workers ORDER BY name").fetchall()
    return [heartbeat for (heartbeat,) in rows]


def put_off(dsn: str) -> None:
    """Let refused jobs wait for so long as after many refusals."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        until(
            lambda: (
                conn.execute(
                    "UPDATE jobs SET run_at = now() + interval '80 s' WHERE refusals IS NOT NULL"
                ).rowcount
            )
        )


@pytest.mark.parametrize(
    ("change", "is_due"),
    [
        ("payload = '\"good\"'", True),
        ("priority = 51", True),
        ("payload = '\"good\"', run_at = now() + interval '1 day'", False),
    ],
)
def test_a_refused_job_that_is_changed_by_hand_is_tried_again(
    queue: Queue, dsn: str, change: LiteralString, is_due: bool
) -> None:
    execute(dsn, CHECK)
    changed, other = queue.enqueue_many([Job(type="t", payload="bad") for _ in range(2)])
    assert queue.dequeue("me", limit=2) == []
    put_off(dsn)
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET error = error WHERE id = %s", (other.id,))
    with psycopg.connect(dsn) as conn, conn.transaction():
        conn.execute(SQL("UPDATE jobs SET {} WHERE id = %s").format(SQL(change)), (changed.id,))
    count, pause = refusals(dsn, changed)
    assert (count is None, pause <= 0) == (is_due, is_due)
    count, pause = refusals(dsn, other)
    assert count == 1
    assert pause > 50
