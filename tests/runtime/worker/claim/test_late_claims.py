"""Jobs that a worker claimed some time ago, and that others may have changed since."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from conduit_runtime.model.calls import entered_job
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.services import django_connections
from conduit_runtime.worker.claim import claim_sizes
from conduit_runtime.worker.claim.fetcher import Fetcher
from conduit_runtime.worker.run import environment
from conduit_runtime.worker.timing import Timing
from relay import Relay
from timed import Timed
from waiting import until

LATE = 0.3


@pytest.fixture
def ran() -> list[object]:
    return []


@pytest.fixture
def relay(dsn: str, ran: list[object], timed: Timed) -> Iterator[Relay]:
    """The relay through which a worker connects that notes the payloads of its jobs."""
    timed(fresh=LATE)
    relay = Relay(dsn)
    with Queue(relay.dsn) as through:
        pool = WorkerPool(through)

        @pool.handler("t")
        async def work(context: JobContext, payload: object) -> None:
            ran.append(payload)

        with pool:
            until(lambda: idle_locks(dsn))
            yield relay
            relay.release()
    relay.close()


def idle_locks(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
            "AND mode = 'ExclusiveLock' "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return int(count)


@contextmanager
def held_claim(queue: Queue, dsn: str, relay: Relay) -> Iterator[None]:
    """Commit the worker's claim of one job, and hold the response until the end of the block."""
    with psycopg.connect(dsn) as locking, psycopg.connect(dsn, autocommit=True) as other:
        # The claim waits for the table lock until the relay holds responses.
        locking.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")
        queue.enqueue(Job(type="t", payload=1), conn=locking)
        channel = (
            "SELECT pg_notify(concat('conduit_', 'jobs'::regclass::oid, '_', hashtext(%s)), '')"
        )
        other.execute(channel, ("default",))
        waiting = (
            "SELECT FROM pg_stat_activity WHERE application_name = 'conduit claims' "
            "AND wait_event_type = 'Lock' AND datname = current_database()"
        )
        until(lambda: other.execute(waiting).fetchall())
        asked = time.monotonic()
        relay.hold("conduit claims")
        locking.commit()
        until(lambda: queue.list(status="running"))
        yield
        until(lambda: time.monotonic() > asked + LATE)
    relay.release()


@pytest.mark.parametrize(
    "taken",
    [
        "status = 'completed', token = NULL",
        "token = gen_random_uuid(), locked_by = 'another'",
        "status = 'cancelled', token = NULL",
        "locked_by = 'another'",
    ],
)
def test_what_others_took_meanwhile_does_not_start(
    queue: Queue, dsn: str, relay: Relay, ran: list[object], taken: str
) -> None:
    with held_claim(queue, dsn, relay), psycopg.connect(dsn) as other:
        # A search for orphans would take the job of a worker that is not registered.
        other.execute(
            "INSERT INTO conduit_workers (name, host, pid, queues, lanes) "
            "VALUES ('another', 'host', 1, '{}', '[]')"
        )
        other.execute(f"UPDATE jobs SET {taken}")
    queue.enqueue(Job(type="t", payload=2))
    until(lambda: ran)
    assert ran == [2]


def test_what_was_paused_meanwhile_goes_back(
    queue: Queue, dsn: str, relay: Relay, ran: list[object]
) -> None:
    with held_claim(queue, dsn, relay), psycopg.connect(dsn) as other:
        other.execute("SET conduit.wake = 'off'")
        queue.pause("default", conn=other)
    until(lambda: queue.list(status="pending"))
    assert ran == []


def test_what_is_still_held_runs_once(
    queue: Queue, dsn: str, relay: Relay, ran: list[object]
) -> None:
    with held_claim(queue, dsn, relay):
        pass
    until(lambda: queue.stats().completed == 1)
    assert ran == [1]


def test_of_two_claims_of_a_job_the_one_that_holds_it_runs(
    queue: Queue, dsn: str, relay: Relay, ran: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn may claim twice: for queues and types with a limit, and for those without."""
    fetch = Fetcher.fetch
    claimed: list[Claimed] = []

    async def fetch_twice(self: Fetcher, jobs: list[Claimed], *how: Any, **more: Any) -> bool:
        is_full = await fetch(self, jobs, *how, **more)
        if jobs and not claimed:
            with psycopg.connect(dsn) as connection:
                connection.execute("UPDATE jobs SET status = 'pending', run_at = now()")
            until(lambda: queue.stats().pending)
            await fetch(self, jobs, *how, **more)
            claimed.extend(jobs)
            await asyncio.sleep(LATE)
        return is_full

    monkeypatch.setattr(Fetcher, "fetch", fetch_twice)
    job = queue.enqueue(Job(type="t", payload=1))
    until(lambda: queue.stats().completed == 1)
    queue.enqueue(Job(type="t", payload=2))
    until(lambda: queue.stats().completed == 2)
    assert [each.id for each in claimed] == [job.id, job.id]
    assert ran == [1, 2]


Change = Callable[[Queue, UUID], object]


def typed(queue: Queue, id: UUID, change: str) -> None:
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(f"UPDATE jobs SET {change} WHERE id = %s", (id,))


CHANGES: dict[str, Change] = {
    "cancel": Queue.cancel,
    "cancel_many": lambda queue, id: queue.cancel_many(type="second"),
    "retry": Queue.retry,
    "retry_many": lambda queue, id: queue.retry_many(type="second", status="running"),
    "pause": lambda queue, id: queue.pause("default"),
}
TYPED: dict[str, Change] = {
    "cancelled": partial(typed, change="status = 'cancelled'"),
    "retried": partial(typed, change="status = 'pending', attempts = 0, run_at = now()"),
}


class Pair:
    """A pool that claims two jobs at once; the first keeps the second from starting."""

    def __init__(self, queue: Queue, workers: int, *, is_batch: bool = False) -> None:
        self.queue = queue
        self.ran: list[str] = []
        self.blocked, self.go, self.passed = (threading.Event() for _ in range(3))
        self.pool = WorkerPool(queue, ["default", "other"], workers=workers)
        self.pool.register("third", lambda context, payload: self.passed.set())

        async def second(context: object, payload: object) -> None:
            self.ran.append("second")

        if is_batch:
            self.pool.batch_handler("second", size=1)(second)
        else:
            self.pool.register("second", second)
        _, self.second = queue.enqueue_many([Job(type="first"), Job(type="second")])

    def ended(self, change: str) -> list[str]:
        """Return the runs of the second job; a retried one is claimed again and runs."""
        self.go.set()
        until(lambda: self.ran or not change.startswith("retr"))
        for _ in range(3):
            self.passed.clear()
            self.queue.enqueue(Job("other", "third"))
            assert self.passed.wait(60)
        return self.ran


@pytest.mark.parametrize(("uses_django", "is_batch"), [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("change", [*CHANGES, *TYPED])
def test_what_happens_while_a_handler_blocks_the_loop_counts(
    queue: Queue,
    timed: Timed,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    uses_django: bool,
    is_batch: bool,
) -> None:
    timed(fresh=LATE)
    monkeypatch.setattr(environment, "uses_django", lambda: uses_django)
    pair = Pair(queue, workers=2, is_batch=is_batch)

    def close() -> None:
        """Take the place of closing connections: let the second job wait until the first runs."""
        if entered_job.get().type == "second":
            assert pair.blocked.wait(60)

    monkeypatch.setattr(django_connections, "_renew", close)

    @pair.pool.handler("first")
    async def first(context: JobContext, payload: object) -> None:
        pair.blocked.set()
        assert pair.go.wait(60)

    with pair.pool:
        assert pair.blocked.wait(60)
        assert queue.stats().running == 2
        asked = time.monotonic()
        (CHANGES | TYPED)[change](queue, pair.second.id)
        until(lambda: time.monotonic() > asked + LATE)
        ran = pair.ended(change)
    assert ran == ["second"] * change.startswith("retr")


@pytest.mark.parametrize("change", CHANGES)
def test_a_notice_drops_what_has_not_begun(
    queue: Queue, timed: Timed, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    timed(fresh=60.0, patience=60.0)
    monkeypatch.setattr(claim_sizes.ClaimSizes, "_prefetch", lambda self: 10)
    pair = Pair(queue, workers=1)

    @pair.pool.handler("first")
    async def first(context: JobContext, payload: object) -> None:
        pair.blocked.set()
        await asyncio.to_thread(pair.go.wait, 300)

    with pair.pool:
        assert pair.blocked.wait(60)
        stored = queue.get(pair.second.id)
        assert stored is not None
        assert stored.status == "running"
        CHANGES[change](queue, pair.second.id)
        assert pair.pool._lifecycle.worker is not None
        ready = pair.pool._lifecycle.worker.runner.ready
        until(lambda: all(job.token != stored.token for job in [*ready]))
        ran = pair.ended(change)
    assert ran == ["second"] * change.startswith("retr")


def test_a_claim_is_fresh_for_less_than_others_wait_for_a_heartbeat() -> None:
    timing = Timing()
    assert timing.fresh <= (timing.silence - timing.heartbeat) / 2
