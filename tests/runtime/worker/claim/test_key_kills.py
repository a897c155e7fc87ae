"""Limits by key, order and turns while workers are killed, jobs cancelled, and queues paused."""

import random
import signal
import subprocess
import sys
import threading
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
JOBS, KEYS, WORKERS, KILLS = 500, 40, 3, 3
"""The least number of jobs of each type, and what happens to them."""
OF_ONE_KEY = {"limited": 5, "ordered": 20}
"""By type, one of how many jobs has the same key."""


class Trouble:
    """Kills and starts workers, pauses queues, and cancels and retries jobs without an order."""

    def __init__(self, queue: Queue, dsn: str) -> None:
        self._queue, self._dsn = queue, dsn
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._processes = [self._start() for _ in range(WORKERS)]
        self.kills = 0
        """How many workers were killed while they ran jobs."""

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
                for status in ("pending", "running"):
                    rows = connection.execute(
                        "SELECT id FROM jobs WHERE status = %s AND type = 'limited'"
                        " ORDER BY random() LIMIT 2",
                        [status],
                    ).fetchall()
                    for (id_,) in rows:
                        self._cancel(connection, id_)
                for (id_,) in connection.execute(
                    "SELECT id FROM jobs"
                    " WHERE status IN ('failed', 'cancelled') AND type = 'limited' LIMIT 3"
                ).fetchall():
                    self._queue.retry(id_)
                (self._queue.pause if turn % 2 else self._queue.resume)(random.choice("ab"))
                if turn % 8 == 4 and self.kills < KILLS:
                    self._kill(connection)

    def _cancel(self, connection: "psycopg.Connection[Any]", id: UUID) -> None:
        """Cancel a job. Its handler may begin or go on for a moment, and no longer counts."""
        with connection.transaction():
            connection.execute(
                "INSERT INTO cancelled SELECT id, token FROM jobs WHERE id = %s FOR UPDATE", [id]
            )
            self._queue.cancel(id, conn=connection)

    def _kill(self, connection: "psycopg.Connection[Any]") -> None:
        """Kill a worker that runs a job, if there is one."""
        running = connection.execute(
            "SELECT worker FROM spans WHERE ended IS NULL ORDER BY random() LIMIT 1"
        ).fetchone()
        for place, process in enumerate(self._processes):
            if running == (process.pid,):
                # It is stopped first: nobody takes its jobs over before the end that is noted here.
                process.send_signal(signal.SIGSTOP)
                stopped = connection.execute("SELECT clock_timestamp()").fetchone()
                process.kill()
                process.wait()
                connection.execute(
                    "UPDATE spans SET ended = greatest(started, %s), outcome = 'killed'"
                    " WHERE worker = %s AND ended IS NULL",
                    [*(stopped or ()), process.pid],
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
            " WHERE type = %s AND (job, token) NOT IN"
            "   (SELECT job, token FROM cancelled WHERE token IS NOT NULL)",
            [type],
        ).fetchall()
    events = [(ended, -1, key, number) for key, number, _, ended in rows]
    return sorted(events + [(started, 1, key, number) for key, number, started, _ in rows])


def enqueue_and_drain(queue: Queue, trouble: Trouble) -> int:
    """Enqueue jobs while there is trouble, and wait until all have ended; returns their number."""
    count = 0
    while count < JOBS or trouble.kills < KILLS:
        for type_, of_one_key in OF_ONE_KEY.items():
            numbers = range(count, count + 100)
            keys = [random.randrange(1, KEYS) if n % of_one_key else 0 for n in numbers]
            queue.enqueue_many(
                [
                    Job("ab"[n % 2], type_, n, key=key, max_attempts=99)
                    for n, key in zip(numbers, keys, strict=True)
                ]
            )
        count += 100
        until(lambda: queue.stats().pending < 300)
    trouble.calm()
    until(lambda: not queue.list(status=["pending", "running"], limit=1), seconds=120)
    return count


@pytest.mark.slow
def test_no_start_exceeds_the_limit_or_overtakes(queue: Queue, dsn: str) -> None:
    queue.share("b")
    with Trouble(queue, dsn) as trouble:
        count = enqueue_and_drain(queue, trouble)
    now: Counter[str] = Counter()
    for _, step, key, _ in spans(dsn, "limited"):
        now[key] += step
        assert now[key] <= 2
    now.clear()
    last: Counter[str] = Counter()
    seen = set()
    for _, step, key, number in spans(dsn, "ordered"):
        now[key] += step
        assert now[key] <= 1
        assert number >= last[key]
        last[key] = number
        seen.add(number)
    assert seen == {*range(count)}
