"""How far back claims scan if vacuum may not remove many dead entries."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from conduit_runtime.statements.scan_policy import Scan, ScanPolicy, seen
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from timed import Timed
from waiting import until

DEAD = 20_000
LANES = [("t", ""), ("u", "")]
COSTLY = 0.02


def rare(claims: ClaimMemory) -> float:
    """Let three costly scans find nothing, so that full scans become rare; return the time."""
    now = 0.0
    for _ in range(3):
        claims.next("w", {"default": 10}, LANES, 10, now, 1)
        claims.learn([], 10, now, now + COSTLY)
        now += 2.0
    return now - 0.5


def test_full_scans_that_stay_costly_become_rare() -> None:
    all_of = ("w",), ["q"]
    each = ScanPolicy()
    kinds = []
    for now in range(0, 180, 2):
        scan = each.choose(*all_of, hears_notices=True, now=float(now))
        each.learn(scan, now, now + (0.2 if scan is Scan.FULL else 0.001), True, ["q"])
        kinds.append(scan)
    assert kinds[:3] == [Scan.FULL] * 3
    assert Counter(kinds[3:]) == {Scan.RECENT: 83, Scan.FULL: 4}  # 0.5 % of the time
    assert each.ages(Scan.RECENT, ["q"], 180.0) == [pytest.approx(12.0)]


def test_one_costly_scan_changes_nothing() -> None:
    each = ScanPolicy()
    for now, cost in ((0.0, 0.5), (2.0, 0.001), (4.0, 0.5), (6.0, 0.5)):
        assert each.choose(("w",), ["q"], True, now) is Scan.FULL
        each.learn(Scan.FULL, now, now + cost, True, ["q"])
    assert not each.is_full_scan_rare


@pytest.mark.parametrize(
    ("scope", "queues", "hears_notices"),
    [(("v",), ["q"], True), (("w",), ["q", "r"], True), (("w",), ["q"], False)],
    ids=["another worker", "a queue not scanned", "no notices"],
)
def test_what_is_not_known_to_be_taken_is_looked_at(
    scope: tuple[Any, ...], queues: list[str], hears_notices: bool
) -> None:
    each = ScanPolicy()
    for now in (0.0, 2.0, 4.0):
        each.choose(("w",), ["q"], True, now)
        each.learn(Scan.FULL, now, now + COSTLY, True, ["q"])
    assert each.choose(("w",), ["q"], True, 6.0) is Scan.RECENT
    assert each.choose(scope, queues, hears_notices, 6.1) is Scan.FULL


def test_a_short_claim_is_followed_by_a_narrow_scan_if_a_full_one_costs() -> None:
    each = ScanPolicy()
    kinds = []
    now = 0.0
    while now < 10.0:
        scan = each.choose(("w",), ["q"], hears_notices=True, now=now)
        if scan is Scan.NARROW:
            assert each.ages(scan, ["q"], now) == [0.25]
        cost = {Scan.CURSOR: 0.02, Scan.NARROW: 0.0203, Scan.RECENT: 0.024, Scan.FULL: 0.03}[scan]
        each.learn(scan, now, now + cost, True, ["q"])
        kinds.append(scan)
        now += cost + 0.005
    counts = Counter(kinds)
    assert counts[Scan.FULL] <= 12
    assert counts[Scan.RECENT] <= 9
    assert counts[Scan.NARROW] == pytest.approx(counts[Scan.CURSOR], abs=12)


def test_full_scans_that_cost_as_much_as_others_follow_short_claims() -> None:
    """A slow network does not make a scan costly."""
    each = ScanPolicy()
    now, last = 0.0, []
    for _ in range(50):
        last.append(each.choose(("w",), ["q"], hears_notices=True, now=now))
        each.learn(last[-1], now, now + 0.02, True, ["q"])
        now += 0.02
    assert set(last[-20:]) == {Scan.FULL}


def test_narrow_scans_take_a_quarter_of_the_time_at_most() -> None:
    each = ScanPolicy()
    kinds = []
    now = 0.0
    for _ in range(1_000):
        kinds.append(each.choose(("w",), ["q"], hears_notices=False, now=now))
        cost = 0.001 if kinds[-1] is Scan.CURSOR else 0.02
        each.learn(kinds[-1], now, now + cost, True, ["q"])
        now += cost
        if kinds[-1] is Scan.CURSOR:
            assert each.due_in(now) <= 0.08
    assert kinds.count(Scan.NARROW) * 0.02 == pytest.approx(now / 5, rel=0.2)


def test_a_scan_under_way_does_not_know_of_a_notice_that_comes_meanwhile() -> None:
    each = ScanPolicy()
    for now in (0.0, 2.0, 4.0):
        each.choose(("w",), ["q"], True, now)
        each.learn(Scan.FULL, now, now + COSTLY, True, ["q"])
    assert each.choose(("w",), ["q"], True, 6.0) is Scan.RECENT
    each.invalidate()
    each.learn(Scan.RECENT, 6.0, 6.1, True, ["q"])
    each.choose(("w",), ["q"], True, 6.2)
    assert not each.is_full_scan_rare


def test_a_queue_that_gave_all_it_was_asked_for_may_hold_more() -> None:
    assert seen(Counter(a=1), {"a": 2, "b": 2}, depth=2) == ["a", "b"]
    assert seen(Counter(a=2), {"a": 2, "b": 2}, depth=9) == []
    assert seen(Counter(a=3), {"a": 9}, depth=3) == []


def test_without_a_bound_a_claim_scans_what_is_recent() -> None:
    claims = ClaimMemory()
    now = rare(claims)
    for at in (now, now + 0.01):
        statement = claims.next("w", {"default": 10}, LANES, 10, at, 1)
        assert "ages" in statement.parameters
        claims.learn([], 10, at, at + 0.001)
        assert claims.scan_policy.due_in(at + 0.001) > 0.9


def test_what_was_announced_between_two_connections_is_looked_for() -> None:
    claims = ClaimMemory()
    now = rare(claims)
    claims.next("w", {"default": 10}, LANES, 10, now, 1)
    assert not claims.was_full
    claims.next("w", {"default": 10}, LANES, 10, now, 2)
    assert claims.was_full


@pytest.fixture
def held(dsn: str) -> Iterator[str]:
    """A database with many dead entries, and a snapshot that keeps them."""
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn, autocommit=True) as connection:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM jobs")
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO jobs (type, run_at)"
            " SELECT 't', now() - interval '1 min' FROM generate_series(1, %s)",
            (DEAD,),
        )
        connection.execute("UPDATE jobs SET status = 'completed'")
        connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
        yield dsn
        holder.rollback()


def test_a_recent_scan_reads_none_of_what_died_before(held: str) -> None:
    claims = ClaimMemory()
    now = rare(claims)
    with psycopg.connect(held, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, priority, run_at, payload)"
            " SELECT type, priority, now() - age * interval '1 s', to_jsonb(name) FROM (VALUES"
            " ('u', 50, 0, 'now'), ('t', 50, 1, 'before'), ('t', 100, 0, 'urgent'),"
            " ('t', 50, 3600, 'an hour ago'), ('t', 50, -3600, 'in an hour'), ('x', 50, 0, 'other')"
            ") AS job (type, priority, age, name)"
        )
        statement = claims.next("w", {"default": 10}, LANES, 10, now, 1)
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql()}"
        with connection.transaction(force_rollback=True):
            [(explained,)] = connection.execute(explain, statement.parameters)
        plan = explained[0]["Plan"]
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < DEAD / 20
        rows = connection.execute(statement.sql(), statement.parameters).fetchall()
        jobs = statement.decode([(*row[:9], 0, *row[10:]) for row in rows], len(rows))
        found = {job.payload for job in jobs}
    assert found == {'"now"', '"before"', '"urgent"'}


@pytest.fixture
def always_rare(timed: Timed) -> None:
    """Makes full scans as rare as if they were very costly."""
    timed(costly=0.0, share_of_rare=1e-9)


class Started:
    """A pool that notes which jobs it started."""

    def __init__(self, queue: Queue) -> None:
        self.payloads: list[object] = []
        self.pool = WorkerPool(queue)

        @self.pool.handler("t")
        async def work(context: JobContext, payload: object) -> None:
            self.payloads.append(payload)


@pytest.mark.usefixtures("always_rare")
def test_what_is_committed_long_after_its_time_is_found(dsn: str) -> None:
    with Queue(dsn) as queue:
        started = Started(queue)
        with started.pool, psycopg.connect(dsn) as producer:
            queue.enqueue(Job(type="t", payload=1))
            until(lambda: started.payloads == [1])
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            queue.enqueue(Job(type="t", payload=2, run_at=long_ago), conn=producer)
            time.sleep(0.5)  # several scans find nothing
            began = time.monotonic()
            producer.commit()
            until(lambda: started.payloads == [1, 2])
            assert time.monotonic() - began < 10


@pytest.mark.slow
@pytest.mark.usefixtures("always_rare")
def test_jobs_of_every_kind_are_found_by_recent_scans(dsn: str) -> None:
    with Queue(dsn) as queue:
        started = Started(queue)
        with started.pool:
            for number, priority in enumerate((50, 0, 100, 51, 50)):
                queue.enqueue(Job(type="t", payload=number, priority=priority))
                until(lambda: len(started.payloads) == number + 1)  # noqa: B023
            queue.schedule(Job(type="t", payload=5), datetime.now(UTC) + timedelta(seconds=3))
            until(lambda: len(started.payloads) == 6)
            with psycopg.connect(dsn) as connection:
                connection.execute("UPDATE jobs SET status = 'pending', run_at = now()")
            until(lambda: len(started.payloads) == 12)


@pytest.mark.usefixtures("always_rare", "short_intervals")
def test_a_job_of_the_dead_is_found_however_long_it_ran(dsn: str) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn, autocommit=True) as connection:
        started = Started(queue)
        with started.pool:
            queue.enqueue(Job(type="t", payload=1))
            until(lambda: started.payloads == [1])
            connection.execute(
                "INSERT INTO jobs (type, payload, run_at, status, locked_by, locked_at, token)"
                " VALUES ('t', '2', now() - interval '1 hour', 'running', 'dead',"
                " now() - interval '1 hour', gen_random_uuid())"
            )
            until(lambda: started.payloads == [1, 2])


@pytest.mark.usefixtures("always_rare")
def test_a_job_that_was_released_long_after_its_time_is_found(dsn: str) -> None:
    busy = threading.Event()
    with Queue(dsn) as queue:
        started = Started(queue)
        slow = WorkerPool(queue, workers=1)

        @slow.handler("t")
        async def wait(context: JobContext, payload: object) -> None:
            busy.set()
            await asyncio.sleep(60)

        slow.start()
        queue.enqueue(Job(type="t", payload=2, run_at=datetime.now(UTC) - timedelta(hours=1)))
        assert busy.wait(60)
        with started.pool:
            queue.enqueue(Job(type="t", payload=1))
            until(lambda: started.payloads == [1])
            slow.stop(grace=0)
            until(lambda: 2 in started.payloads)
