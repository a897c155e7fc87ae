"""An application that also enqueues unique jobs, and the check that they were unique. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from uuid import UUID

import psycopg
from checker import ENDED
from conduit_runtime import Job
from history import History, Move
from producers import Producer
from random_jobs import QUEUES

KEYS = 5
SHARE = 0.2
"""The part of its acts that enqueue a unique job."""


class UniqueProducer(Producer):
    """A producer that sometimes enqueues a unique job: at most one of a key at a time."""

    def act(self, connection: psycopg.Connection) -> None:
        if self.random.random() > SHARE:
            super().act(connection)
            return
        key = self.random.randrange(KEYS)
        payload = {"failures": 0, "unique": key}
        job = Job(QUEUES[0], "history.batched", payload, max_attempts=50, unique=key)
        with connection.transaction():
            stored = self.queue.enqueue(job, conn=connection)
            if not stored.duplicate:
                connection.execute("INSERT INTO promises VALUES (%s)", (stored.id,))
        if not stored.duplicate:
            self.confirm([stored.id])


def check_unique(history: History) -> Iterator[str]:
    """Check that no job was inserted while another one of its key had not ended."""
    by_key: defaultdict[int, list[tuple[Move, Move]]] = defaultdict(list)
    for moves in history.by_job().values():
        key = (moves[0].payload or {}).get("unique")
        if key is not None:
            by_key[key].append((moves[0], _end(moves)))
    for key, jobs in by_key.items():
        jobs.sort(key=lambda each: each[0].id)
        for (_, end), (inserted, _) in pairwise(jobs):
            if end.after not in ENDED or end.id > inserted.id:
                yield f"{inserted.job}: was inserted with the key {key} of {end.job}, not ended yet"


def unique_jobs(history: History) -> set[UUID]:
    """The jobs that had a key."""
    return {
        job
        for job, moves in history.by_job().items()
        if (moves[0].payload or {}).get("unique") is not None
    }


def _end(moves: Sequence[Move]) -> Move:
    """The first end of a job, or its last known change."""
    return next((move for move in moves if move.after in ENDED), moves[-1])
