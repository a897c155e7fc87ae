"""Jobs that a worker claimed some time ago: others may have decided about them since."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from conduit_runtime.workers import claimer, keeper, runner, vigil
from relay import Relay
from waiting import until

LATE = 0.3


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with Queue(dsn) as queue:
        yield queue


@pytest.fixture
def ran() -> list[object]:
    return []


@pytest.fixture
def relay(dsn: str, ran: list[object], monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """The way on which a worker works that notes the payloads of its jobs."""
    monkeypatch.setattr(runner, "FRESH", LATE)
    monkeypatch.setattr(claimer, "FRESH", LATE)
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
    """A claim of one job that has happened, of which the worker does not hear until the end."""
    with psycopg.connect(dsn) as locking, psycopg.connect(dsn, autocommit=True) as other:
        # The claim waits for the table until its answer will be held.
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


def test_a_claim_is_fresh_for_less_than_others_wait_for_a_heartbeat() -> None:
    assert runner.FRESH <= (vigil.SILENCE - keeper.BEAT) / 2
