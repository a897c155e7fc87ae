"""An application that repeats its transaction until it succeeds, and so sees no failover."""

import random
import threading
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
from conduit_runtime import Job, Queue
from random_jobs import QUEUES


class PatientApplication(threading.Thread):
    """Stores a row and its job in a transaction, and repeats that until the commit is confirmed.

    It chooses the job's id first: if a commit was not confirmed, the next try finds its row.
    `pause` is the average number of seconds between two transactions. `confirmed` are its jobs,
    `longest` is how many seconds the slowest transaction took.
    """

    def __init__(self, dsn: str, seed: int, pause: float = 0.2) -> None:
        super().__init__(name="patient", daemon=True)
        self._dsn = dsn
        self._pause = pause
        self._random = random.Random(f"patient {seed}")
        self._stopping = threading.Event()
        self._queue = Queue(dsn)
        self._connection: psycopg.Connection | None = None
        self.confirmed: dict[UUID, datetime] = {}
        self.again = 0
        self.longest = 0.0

    def run(self) -> None:
        while not self._stopping.wait(self._random.uniform(0, 2 * self._pause)):
            id_ = uuid4()
            began = time.monotonic()
            self._insist(id_)
            self.longest = max(self.longest, time.monotonic() - began)
            self.confirmed[id_] = datetime.now(UTC)

    def stop(self) -> None:
        """Wait until its last transaction is stored."""
        self._stopping.set()
        self.join(timeout=60)

    def __str__(self) -> str:
        return (
            f"an application stored {len(self.confirmed)} transactions, the slowest in "
            f"{self.longest:.1f} s, after {self.again} tries that failed"
        )

    def _insist(self, id_: UUID) -> None:
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(
                        self._dsn, user="producer", prepare_threshold=None
                    )
                with self._connection.transaction():
                    self._connection.execute("INSERT INTO promises VALUES (%s)", (id_,))
                    self._queue.enqueue(_job(id_), conn=self._connection)
                return
            except psycopg.errors.UniqueViolation:
                return  # an earlier try was stored
            except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction):
                self.again += 1
                if self._connection is not None:
                    self._connection.close()
                time.sleep(0.2)


def _job(id_: UUID) -> Job:
    """A new job object for each try: an enqueued one would get another id."""
    payload = {"seconds": 0.01, "failures": 0, "children": 0}
    return Job(QUEUES[0], "history.work", payload, max_attempts=50, id=id_)
