"""How fast jobs are enqueued, beside the bare INSERT of the same row."""

import time

from conduit_runtime import Job, Queue
from conduit_runtime.statements.jobs import insert_job

from . import bare
from .database import PAYLOAD, Database
from .measure import Figure, Options, Results, alternate, repeat
from .processes import staying

SINGLE = 5_000
CLIENTS = 10
MANY = 200_000
_CHUNK = 1_000


def single(server: str, options: Options, results: Results) -> None:
    """Jobs one by one, each its own transaction, while a worker runs them."""
    count = options.jobs(SINGLE)

    def plain() -> float:
        database = Database(server)
        bare.copy_table(database)
        statement = insert_job(_job()).sql().replace("INTO jobs", "INTO bare")
        with database.connect() as connection:
            connection.prepare_threshold = 0
            rows = [insert_job(_job()).parameters for _ in range(count)]
            started = time.monotonic()
            for row in rows:
                connection.execute(statement, row)
            return count / (time.monotonic() - started)

    def ours() -> float:
        database = Database(server)
        with Queue(database.dsn) as queue:
            queue.enqueue(_job())
            started = time.monotonic()
            for _ in range(count):
                queue.enqueue(_job())
            return count / (time.monotonic() - started)

    limits, runs = alternate(options, plain, ours, rounds=3)
    limit = results.add(Figure("bare INSERT, 1 producer", "jobs/s", limits))
    results.add(
        Figure("enqueue one by one, 1 producer", "jobs/s", runs, limit.value, limit.name, 0.9)
    )


def producers(server: str, options: Options, results: Results) -> None:
    """Ten producers at once, each job its own transaction, beside a worker that waits for them."""
    count = options.jobs(4 * SINGLE)

    def plain() -> float:
        return bare.insert(Database(server), "bare", count, clients=CLIENTS)

    def ours() -> float:
        return bare.insert(Database(server), "jobs", count, clients=CLIENTS)

    def ours_with_worker() -> float:
        database = Database(server)
        with staying(database) as stop:
            rate = bare.insert(database, "jobs", count, clients=CLIENTS)
            stop()
        return rate

    limits, runs, beside = alternate(options, plain, ours, ours_with_worker, rounds=3)
    limit = results.add(Figure(f"bare INSERT, {CLIENTS} clients", "jobs/s", limits))
    name = f"enqueue one by one, {CLIENTS} clients"
    results.add(Figure(name, "jobs/s", runs, limit.value, limit.name, 0.9))
    note = "the worker runs them on the same cores"
    results.add(Figure(f"{name}, a worker", "jobs/s", beside, limit.value, limit.name, note=note))


def many(server: str, options: Options, results: Results) -> None:
    """Jobs by the thousand."""
    count = options.jobs(MANY)

    def ours() -> float:
        database = Database(server)
        with Queue(database.dsn) as queue:
            queue.enqueue(_job())
            started = time.monotonic()
            for start in range(0, count, _CHUNK):
                queue.enqueue_many([_job() for _ in range(min(_CHUNK, count - start))])
            return count / (time.monotonic() - started)

    runs = repeat(options, ours)
    results.add(Figure("enqueue many", "jobs/s", runs, target=50_000))


def _job() -> Job:
    return Job(type="noop", payload=PAYLOAD)
