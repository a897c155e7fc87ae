"""Parked jobs that another transaction has locked when their key gets room."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from conduit_runtime.model.queues.controls import Controls
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.worker.claim import limiter
from conduit_runtime.worker.claim.limiter import Limiter
from conduit_runtime.worker.heartbeat.upkeep import ParkedJobs
from pools import NewPool
from timed import Timed
from waiting import until


class Locked:
    """Two jobs of a key, and a worker: the second is locked when the first ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._may_end, self._released = Event(), Event()
        self.ran: list[str] = []
        self.seen: list[object] = []
        monkeypatch.setattr(ParkedJobs, "step", lambda *_: None)
        run = ReconnectingConnection.run

        async def noting_run(connection: ReconnectingConnection, statement: Statement[Any]) -> Any:
            result = await run(connection, statement)
            self.ran.append(statement.query)
            if statement.query == "limit/release_keys" and self._may_end.is_set():
                self._released.set()
            return result

        monkeypatch.setattr(ReconnectingConnection, "run", noting_run)

    @contextmanager
    def passed_over(
        self, queue: Queue, pool: WorkerPool, rule: dict[str, Any]
    ) -> Iterator[psycopg.Connection]:
        """For the block, a connection locks the second job, which the worker has passed over."""
        pool.register("t", self._work, **rule)
        queue.enqueue_many(Job(type="t", payload=n, key="a") for n in range(2))
        with pool, psycopg.connect(queue.dsn) as connection:
            parked = "SELECT FROM jobs WHERE fingerprint LIKE '%~' FOR UPDATE"
            until(lambda: connection.execute(parked).fetchall())
            self._may_end.set()
            assert self._released.wait(30)
            yield connection

    def _work(self, context: JobContext, payload: object) -> None:
        assert self._may_end.wait(30)
        self.seen.append(payload)


@pytest.fixture
def locked(timed: Timed, monkeypatch: pytest.MonkeyPatch) -> Locked:
    timed(poll=60.0)
    return Locked(monkeypatch)


@pytest.mark.parametrize("rule", [{"ordered": True}, {"key_concurrency": 1}], ids=str)
def test_a_job_that_is_locked_when_its_key_gets_room_starts_a_moment_later(
    queue: Queue, new_direct_pool: NewPool, locked: Locked, rule: dict[str, Any]
) -> None:
    with locked.passed_over(queue, new_direct_pool(), rule) as connection:
        connection.commit()
        until(lambda: locked.seen == [0, 1])


@pytest.mark.parametrize("change", ["pause", "lift"])
def test_a_worker_rests_while_a_locked_job_may_not_start_or_needs_no_limit(
    queue: Queue, new_direct_pool: NewPool, locked: Locked, change: str
) -> None:
    queue.limit("default", 1, per_key=True)
    with locked.passed_over(queue, new_direct_pool(), {}) as connection:
        if change == "pause":
            queue.pause("default")
        else:
            queue.limit("default", None, per_key=True)
        assert statements_in_two_seconds(connection, locked) < 40


def test_a_worker_rests_when_the_limit_is_lifted_at_the_end_of_its_claim(
    queue: Queue, new_direct_pool: NewPool, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the claim has found holds for the limit of before."""
    lifted = Event()
    apply, claim = Limiter.apply, limiter._claim

    def noting_apply(self: Limiter, controls: Controls) -> None:
        apply(self, controls)
        if not controls.has_limits:
            lifted.set()

    def lift() -> None:
        queue.limit("default", None, per_key=True)
        assert lifted.wait(30)

    async def lifting_claim(*arguments: Any, **options: Any) -> Any:
        counted = await claim(*arguments, **options)
        if counted.held and not lifted.is_set():
            await asyncio.to_thread(lift)
        return counted

    monkeypatch.setattr(Limiter, "apply", noting_apply)
    monkeypatch.setattr(limiter, "_claim", lifting_claim)
    queue.limit("default", 1, per_key=True)
    with locked.passed_over(queue, new_direct_pool(), {}) as connection:
        assert lifted.wait(30)
        assert statements_in_two_seconds(connection, locked) < 40


def statements_in_two_seconds(connection: psycopg.Connection, locked: Locked) -> int:
    """How many statements the worker runs from its third heartbeat to its fifth from now on."""
    beats: set[object] = set()

    def beats_on(count: int) -> bool:
        beats.update(connection.execute("SELECT heartbeat FROM conduit_workers").fetchall())
        return len(beats) > count

    until(lambda: beats_on(2))
    before = len(locked.ran)
    until(lambda: beats_on(4))
    return len(locked.ran) - before
