"""Jobs with keys in a fair queue, and an application that enqueues them."""

import random
from collections.abc import Callable
from datetime import timedelta

import psycopg
from conduit_runtime import Job
from producers import MOST_WAITING, Producer

KEYED = "keys"
"""The queue of all jobs with a key; it is fair."""
KEYS = 500
_TYPES = ("history.keyed", "history.ordered", "history.shared")
_WAITING = (
    "SELECT count(*) FROM (SELECT FROM jobs"
    f" WHERE queue = '{KEYED}' AND status = 'pending' LIMIT %(most)s) AS job"
)


def random_keyed_job(pick: random.Random) -> Job:
    """A job of one of many keys: some have many, and one has a third of those without a limit."""
    type_ = pick.choice(_TYPES)
    few = 0 if type_ == "history.shared" else pick.randrange(10, KEYS)
    key = pick.choice((few, pick.randrange(1, 10), pick.randrange(10, KEYS)))
    payload = {"seconds": pick.choice((0, 0, 0.01, 0.05)), "failures": pick.choice((0, 0, 0, 1, 2))}
    job = Job(KEYED, type_, payload, max_attempts=50, key=key)
    if type_ == "history.keyed":
        job.weight = pick.choice((None, None, 2, 3))
        if pick.random() < 0.4:
            job.expires = timedelta(seconds=pick.choice((1e-6, 0.05, 1, 60)))
    return job


def short_keyed_job(pick: random.Random) -> Job:
    """A random job with a key that takes no time, and seldom fails."""
    job = random_keyed_job(pick)
    job.payload = {"seconds": 0, "failures": int(pick.random() < 0.01)}
    return job


class KeyedProducer(Producer):
    """Enqueues jobs with keys in transactions, and rolls some back, while few wait."""

    def __init__(self, dsn: str, seed: int, pause: float) -> None:
        super().__init__(dsn, seed, pause, large=0, every=float("inf"))
        self.make = random_keyed_job

    def act(self, connection: psycopg.Connection) -> None:
        [(waiting,)] = connection.execute(_WAITING, {"most": MOST_WAITING})
        if waiting >= MOST_WAITING:
            return
        deeds: list[Callable[[psycopg.Connection], None]]
        deeds = [*[self._commit] * 6, self._roll_back, self._roll_back_in_part]
        self.random.choice(deeds)(connection)
