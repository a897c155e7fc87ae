"""Limits by key while workers are killed, jobs cancelled and retried, and queues paused."""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Job, Queue
from keys_process import SPANS
from waiting import until

_SCRIPT = Path(__file__).parents[2] / "processes" / "keys_process.py"
JOBS, KEYS, WORKERS = 3_000, 40, 3


class Trouble:
    """Kills and starts workers, pauses and, unless it `spares` jobs, cancels and retries some."""

    def __init__(self, queue: Queue, dsn: str, *, spares: bool = False) -> None:
        self._spares = spares
        self._queue, self._dsn = queue, dsn
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._processes = [self._start() for _ in range(WORKERS)]
        self.kills = 0

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, _SCRIPT, self._dsn])

    def __enter__(self) -> "Trouble":
        self._thread.start()
        return self

    def calm(self) -> None:
        """Trouble no more; workers go on."""
        self._ending.set()
        self._thread.join()
        for name in "ab":
            self._queue.resume(name)

    def __exit__(self, *error: object) -> None:
        self.calm()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()

    def _work(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            for turn in range(1_000):
                if self._ending.wait(0.2):
                    return
                for status in () if self._spares else ("pending", "running"):
                    rows = connection.execute(
                        "SELECT id FROM jobs WHERE status = %s ORDER BY random() LIMIT 2", [status]
                    ).fetchall()
                    for (id_,) in rows:
                        self._cancel(connection, id_)
                for (id_,) in connection.execute(
                    "SELECT id FROM jobs"
                    " WHERE status IN ('failed', 'cancelled') AND NOT %s LIMIT 3",
                    [self._spares],
                ).fetchall():
                    self._queue.retry(id_)
                (self._queue.pause if turn % 2 else self._queue.resume)(random.choice("ab"))
                if turn % 8 == 4:
                    self._kill(connection)

    def _cancel(self, connection: "psycopg.Connection[Any]", id: UUID) -> None:
        """Cancel a job. Its handler may go on for a moment, and no longer counts."""
        connection.execute(
            "UPDATE spans SET is_known = false WHERE job = %s AND ended IS NULL", [id]
        )
        self._queue.cancel(id)
        connection.execute(
            "UPDATE spans SET is_known = false"
            " WHERE job = %s AND coalesce(ended, now()) > now() - interval '1 s'",
            [id],
        )

    def _kill(self, connection: "psycopg.Connection[Any]") -> None:
        place = random.randrange(WORKERS)
        self._processes[place].kill()
        self._processes[place].wait()
        # Its sessions are gone a moment later, so nothing of it writes any more.
        connection.execute(
            "UPDATE spans SET ended = clock_timestamp(), outcome = 'killed' WHERE ended IS NULL"
            " AND pid NOT IN (SELECT pid FROM pg_stat_activity)"
        )
        self.kills += 1
        self._processes[place] = self._start()


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with psycopg.connect(dsn) as connection:
        connection.execute(SPANS)
    with Queue(dsn) as queue:
        yield queue


def spans(dsn: str, type: str) -> list[tuple[Any, ...]]:
    """Return the events of attempts by time: when, +1 or -1, key, number of the job."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT key, number, started, coalesce(ended, started) FROM spans"
            " WHERE type = %s AND is_known",
            [type],
        ).fetchall()
    events = [(ended, -1, key, number) for key, number, _, ended in rows]
    return sorted(events + [(started, 1, key, number) for key, number, started, _ in rows])


def enqueue_and_drain(queue: Queue, trouble: Trouble, type: str, of_one_key: int) -> None:
    """Enqueue jobs of many keys, one of so many of the same, and wait until all have ended."""
    for start in range(0, JOBS, 500):
        keys = [random.randrange(KEYS) if n % of_one_key else 0 for n in range(500)]
        queue.enqueue_many(
            [
                Job("ab"[n % 2], type, start + n, key=key, max_attempts=99)
                for n, key in enumerate(keys)
            ]
        )
        time.sleep(0.5)
    until(lambda: trouble.kills >= 3, seconds=60)
    trouble.calm()
    until(lambda: not queue.list(status="pending", limit=1), seconds=120)
    until(lambda: not queue.list(status="running", limit=1), seconds=120)


@pytest.mark.slow
def test_no_start_exceeds_the_limit(queue: Queue, dsn: str) -> None:
    with Trouble(queue, dsn) as trouble:
        enqueue_and_drain(queue, trouble, "limited", 3)
    now: Counter[str] = Counter()
    for _, step, key, _ in spans(dsn, "limited"):
        now[key] += step
        assert now[key] <= 2


@pytest.mark.slow
def test_no_attempt_overtakes_or_overlaps_one_of_its_key(queue: Queue, dsn: str) -> None:
    with Trouble(queue, dsn, spares=True) as trouble:
        enqueue_and_drain(queue, trouble, "ordered", 20)
    now: Counter[str] = Counter()
    last: Counter[str] = Counter()
    seen = set()
    for _, step, key, number in spans(dsn, "ordered"):
        now[key] += step
        assert now[key] <= 1
        assert number >= last[key]
        last[key] = number
        seen.add(number)
    assert seen == {*range(JOBS)}
