"""What several idle workers of one queue cost, and how soon they start a job."""

import queue as queues
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from timed import Timed
from waiting import until

PROGRAM = Path(__file__).parents[2] / "processes" / "worker_process.py"
_HEARTBEATS = "SELECT count(*), coalesce(sum(heartbeat), 0) FROM conduit_workers"
_SESSIONS = """
SELECT application_name, state, left(query, 60) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@contextmanager
def processes(dsn: str, count: int) -> Iterator[None]:
    """Run worker processes."""
    with ExitStack() as stack:
        for _ in range(count):
            command = [sys.executable, str(PROGRAM), dsn, "1"]
            worker = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            stack.callback(worker.kill)
        yield


@contextmanager
def pools(dsn: str, count: int) -> Iterator[None]:
    """Run pools of this process."""
    with ExitStack() as stack:
        queue = stack.enter_context(Queue(dsn))
        for _ in range(count):
            pool = WorkerPool(queue, workers=1)
            pool.register("sleep", lambda context, payload: None)
            stack.enter_context(pool)
        yield


def test_idle_workers_wait(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    claims: list[float] = []
    next_claim = ClaimMemory.next

    def counted(*args: Any, **options: Any) -> Any:
        claims.append(time.monotonic())
        return next_claim(*args, **options)

    monkeypatch.setattr(ClaimMemory, "next", counted)
    with pools(dsn, 2), psycopg.connect(dsn, autocommit=True) as observer:

        def heartbeats() -> list[int]:
            return [n for (n,) in observer.execute("SELECT heartbeat FROM conduit_workers")]

        until(lambda: len(heartbeats()) == 2 and min(heartbeats()) >= 5)
    assert len(claims) <= 20


@pytest.mark.slow
def test_an_idle_worker_costs_at_most_three_transactions_a_heartbeat(
    new_database: Callable[[], AbstractContextManager[str]],
) -> None:
    """Several groups of workers at the same time, since all wait.

    In new databases, whose transactions are theirs: what other tests have left needs a vacuum.
    """
    groups = [(pools, 1), (pools, 8), (pools, 20), (processes, 2)]
    with ExitStack() as stack:
        observed = []
        for run, count in groups:
            dsn = stack.enter_context(new_database())
            stack.enter_context(run(dsn, count))
            observer = stack.enter_context(psycopg.connect(dsn))  # one transaction
            observer.execute("SET LOCAL stats_fetch_consistency = none")
            observed.append((observer, count))
        # An idle session may report its transactions ten seconds late.
        for observer, count in observed:
            until(lambda: read(observer, _HEARTBEATS) >= (count, 13 * count))  # noqa: B023
        before = [
            (read(each, _TRANSACTIONS)[0], read(each, _HEARTBEATS)[1]) for each, _ in observed
        ]
        for (observer, count), (_, heartbeats) in zip(observed, before, strict=True):
            until(lambda: read(observer, _HEARTBEATS)[1] >= heartbeats + 12 * count)  # noqa: B023
        for (observer, count), (transactions, heartbeats) in zip(observed, before, strict=True):
            [after], (workers, since) = read(observer, _TRANSACTIONS), read(observer, _HEARTBEATS)
            assert workers == count
            late = 20 * count  # what sessions report late; a busy loop makes thousands
            sessions = observer.execute(_SESSIONS).fetchall()
            assert after - transactions <= 3 * (since - heartbeats) + late, (count, sessions)


def read(observer: psycopg.Connection[Any], sql: str) -> tuple[int, ...]:
    return tuple(map(int, observer.execute(sql).fetchone() or ()))


@pytest.mark.parametrize("count", [2, 4])
def test_a_commit_wakes_the_worker_that_handles_the_job(
    queue: Queue, timed: Timed, count: int
) -> None:
    """Each pool handles a job type of its own, and any of them may hold the idle lock."""
    timed(poll=600.0)
    started: queues.Queue[str] = queues.Queue()
    with ExitStack() as stack:
        for number in range(count):
            pool = WorkerPool(queue, workers=1)
            pool.register(f"t{number}", lambda context, payload: started.put(context.type))
            stack.enter_context(pool)
        for number in range(20 * count):
            queue.enqueue(Job(type=f"t{number % count}"))
            assert started.get(timeout=60) == f"t{number % count}"
