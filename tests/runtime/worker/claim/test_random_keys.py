"""Random limits, orders and turns of jobs with keys: they hold, and all jobs start in the end."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, Queue
from psycopg.rows import dict_row

TYPES, QUEUES = ("a", "b"), ("one", "one", "two")
KEYS = (*["k"] * 12, "other", ("group", 1), ("group", 2), None)
SCENARIOS = 25
ORDER = """
INSERT INTO conduit_type_limits (type, key_order) VALUES (%s, %s)
ON CONFLICT (type) DO UPDATE SET key_order = excluded.key_order
"""
HELD_BY_FAILED = """
EXISTS (
  SELECT FROM conduit_type_limits AS limits JOIN jobs AS failed USING (type)
  WHERE limits.key_order = 'hold' AND limits.type = job.type
    AND failed.key = job.key AND failed.status = 'failed'
)
"""
OVERTAKEN = """
SELECT started.id, job.id FROM jobs AS started JOIN jobs AS job USING (type, key)
WHERE type = %(type)s AND started.status = 'running' AND started.begun IS NOT TRUE
  AND (job.status = 'running' AND job.id <> started.id
    OR job.status = 'pending' AND job.seq < started.seq AND job.run_at <= now())
  AND NOT ARRAY[started.id, job.id] && %(retried)s::uuid[]
"""
EMPTY = "TRUNCATE jobs, conduit_queues, conduit_type_limits, conduit_turns CASCADE"


@dataclass
class Limits:
    """Limits by the columns that they count by, with the values of these; `orders` are types."""

    most: dict[tuple[str, ...], dict[str, int]] = field(
        default_factory=lambda: {
            ("type",): {},
            ("queue",): {},
            ("type", "key"): {},
            ("queue", "key"): {},
        }
    )
    orders: dict[str, str] = field(default_factory=dict)
    fair: set[str] = field(default_factory=set)


class Play:
    """A queue with random limits, whose jobs start and end at random."""

    def __init__(self, queue: Queue, conn: psycopg.Connection[Any], seed: int) -> None:
        self._queue, self._conn, self._random = queue, conn, random.Random(seed)
        self._limits = Limits()
        self._running: list[Job] = []
        self._retried: list[Any] = []
        self.done: list[object] = []

    def limit(self) -> None:
        """Limit some types and queues."""
        most, chance = self._limits.most, self._random.random
        for type_ in TYPES:
            if chance() < 0.35:
                self._limits.orders[type_] = self._random.choice(["hold", "skip"])
                self._conn.execute(ORDER, [type_, self._limits.orders[type_]])
            elif chance() < 0.5:
                most["type", "key"][type_] = self._random.randint(1, 3)
                self._queue.limit_type(type_, most["type", "key"][type_], per_key=True)
            if chance() < 0.3:
                most["type",][type_] = self._random.randint(1, 4)
                self._queue.limit_type(type_, most["type",][type_])
        for name in sorted({*QUEUES}):
            if chance() < 0.8:
                most["queue", "key"][name] = self._random.randint(1, 3)
                self._queue.limit(name, most["queue", "key"][name], per_key=True)
            if chance() < 0.3:
                most["queue",][name] = self._random.randint(1, 5)
                self._queue.limit(name, most["queue",][name])
            if chance() < 0.4:
                self._limits.fair.add(name)
                self._queue.share(name)
        self.done.append(self._limits)

    def play(self) -> None:
        """Do things at random, then let all jobs run."""
        self.enqueue(20)
        for _ in range(self._random.randint(5, 40)):
            act = self._random.choice(ACTS)
            act(self)
        vain = 0
        while self._waiting():
            self._conn.execute("UPDATE jobs SET run_at = now() WHERE run_at > now()")
            for name in self._random.sample(sorted({*QUEUES}), 2):
                self.claim(name)
            vain = 0 if self._running else vain + 1
            assert vain < 4, f"nothing starts of {self._waiting()}"
            self.end()

    def enqueue(self, most: int = 5) -> None:
        pick = self._random.choice
        jobs = [
            Job(
                type=pick(TYPES),
                queue=pick(QUEUES),
                key=pick(KEYS),
                priority=pick([50, 50, 60]),
                weight=pick([*[1] * 9, 2]),
                max_attempts=pick([1, 3]),
            )
            for _ in range(self._random.randint(1, most))
        ]
        self.done.append(self._queue.enqueue_many(jobs))

    def claim(self, name: str = "") -> None:
        name = name or self._random.choice(QUEUES)
        jobs = self._queue.dequeue("w", name, limit=self._random.choice([1, 3, 10, 100]))
        self._running += jobs
        self.done.append(("claim", name, [job.id for job in jobs]))
        self._check_limits()
        self._check_orders()

    def end(self) -> None:
        if self._running:
            job = self._running.pop(self._random.randrange(len(self._running)))
            self._queue.complete(job)
            self.done.append(("end", job.id))

    def fail(self) -> None:
        if self._running:
            job = self._running.pop(self._random.randrange(len(self._running)))
            self._queue.fail(job, "no")
            self.done.append(("fail", job.id))

    def cancel(self) -> None:
        for id_ in self._any("pending"):
            self._queue.cancel(id_)

    def retry(self) -> None:
        for id_ in self._any("failed"):
            self._queue.retry(id_)
            self._retried.append(id_)

    def hurry(self) -> None:
        for id_ in self._any("pending"):
            self._conn.execute("UPDATE jobs SET priority = 70 WHERE id = %s", [id_])

    def lift(self) -> None:
        for type_ in self._limits.most["type", "key"]:
            self._limits.most["type", "key"][type_] = 99
            self._queue.limit_type(type_, 99, per_key=True)
        self.done.append("lift")

    def _any(self, status: str) -> list[Any]:
        found = self._conn.execute("SELECT id FROM jobs WHERE status = %s ORDER BY id", [status])
        ids = [id_ for (id_,) in found]
        chosen = [self._random.choice(ids)] if ids else []
        self.done.append((status, chosen))
        return chosen

    def _waiting(self) -> list[Any]:
        query = f"SELECT * FROM jobs AS job WHERE status = 'pending' AND NOT {HELD_BY_FAILED}"
        return psycopg.Cursor(self._conn, row_factory=dict_row).execute(query).fetchall()

    def _check_limits(self) -> None:
        query = "SELECT * FROM jobs WHERE status = 'running'"
        rows = psycopg.Cursor(self._conn, row_factory=dict_row).execute(query).fetchall()
        for columns, limits in self._limits.most.items():
            weights: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
            for row in rows:
                if row[columns[-1]] is not None:
                    weights[tuple(row[column] for column in columns)].append(row["weight"] or 1)
            for of, each in weights.items():
                assert sum(each) <= limits.get(of[0], 99) or len(each) == 1, (columns, of, each)

    def _check_orders(self) -> None:
        for type_ in self._limits.orders:
            given = {"type": type_, "retried": self._retried}
            overtaken = self._conn.execute(OVERTAKEN, given).fetchall()
            assert overtaken == []


ACTS = (
    *[Play.claim] * 7,
    *[Play.end] * 6,
    *[Play.enqueue] * 2,
    *(Play.fail, Play.cancel, Play.retry, Play.hurry, Play.lift),
)


@contextmanager
def shown(play: Play) -> Iterator[None]:
    """Show what was done if it fails."""
    try:
        yield
    except BaseException:
        print(*play.done, sep="\n")
        raise


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_limits_and_orders_hold_and_every_job_starts(dsn: str, number: int) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn, autocommit=True) as conn:
        for _ in range(SCENARIOS):
            seed = random.randrange(1_000_000)
            print(f"seed {seed}")
            play = Play(queue, conn, seed)
            with shown(play):
                play.limit()
                play.play()
            conn.execute(EMPTY)
