"""How soon a job starts after it was enqueued, and what an idle worker costs."""

import random
import time
from collections.abc import Sequence

from conduit_runtime import Job, Queue

from .database import PAYLOAD, Database
from .measure import Figure, Options, Results, repeat
from .processes import Usage, staying

_SAMPLES, _FEW = 300, 100
_STREAM, _CHUNK = 200_000, 1_000
_MOST = "enqueue and drain at once, 1 producer, 1 process"
_IS_LEFT = """
SELECT EXISTS (SELECT FROM jobs WHERE status = 'pending')
  OR EXISTS (SELECT FROM jobs WHERE status = 'running')
"""
_THROUGHPUT = """
SELECT count(*) / extract(epoch FROM max(completed_at) - min(created_at)) FROM jobs
"""
_DELAYS = """
SELECT extract(epoch FROM started_at - created_at)::float8 AS delay FROM jobs ORDER BY delay
"""
_TICK = 0.002
"""Seconds between two steps of the steady stream; each step enqueues its jobs at once."""
_IDLE = 20.0
_IDLE_TOGETHER = (2, 8, 50)
_SETTLED = 12.0
"""Seconds after which a worker has opened every connection and made each check once."""


def idle_worker(server: str, options: Options, results: Results) -> None:
    """Enqueue one job at a time, at random moments, for a waiting worker."""
    runs = []
    for _ in range(options.runs):
        database = Database(server)
        with staying(database, "--note-delays") as stop:
            one_by_one(database, max(50, int(_SAMPLES * options.scale)))
            runs.append(stop().delays)
    add_part(results, "enqueue to start, idle worker", runs, 0.5, 3)
    add_part(results, "enqueue to start, idle worker", runs, 0.99, 8)


def back_to_back(server: str, options: Options, results: Results) -> None:
    """Enqueue one job after another, without a pause, for a worker that is almost idle."""
    runs = []
    for _ in range(options.runs):
        database = Database(server)
        with staying(database, "--note-delays") as stop, Queue(database.dsn) as queue:
            ends = time.monotonic() + max(2.0, 10 * options.scale)
            while time.monotonic() < ends:
                queue.enqueue(Job(type="noop", payload={"sent": time.monotonic()}))
            until_done(database)
            runs.append(stop().delays)
    add_part(results, "enqueue to start, one enqueue after another", runs, 0.5)
    add_part(results, "enqueue to start, one enqueue after another", runs, 0.95, 10)


def one_by_one(database: Database, count: int, key: str | None = None) -> None:
    """Enqueue jobs at random moments, each with the time when it was sent."""
    with Queue(database.dsn) as queue:
        for _ in range(count):
            time.sleep(random.uniform(0.01, 0.04))  # noqa: S311
            queue.enqueue(Job(type="noop", payload={"sent": time.monotonic()}, key=key))


def half_load(server: str, options: Options, results: Results) -> None:
    """A steady stream at half the rate that its producer and a worker can handle on one machine."""
    most = results.add(
        Figure(_MOST, "jobs/s", repeat(options, lambda: _sustained(server, options)))
    )
    rate = most.value / 2
    runs = []
    for _ in range(options.runs):
        database = Database(server)
        with staying(database, "--note-delays") as stop:
            stream(database, rate, max(2.0, 10 * options.scale))
            runs.append(stop().delays)
    add_part(results, f"enqueue to start at {rate:,.0f} jobs/s", runs, 0.5)
    add_part(results, f"enqueue to start at {rate:,.0f} jobs/s", runs, 0.99, 50)


def stream(database: Database, rate: float, seconds: float) -> int:
    """Enqueue jobs at a rate, each with the time when it was sent, and return their number."""
    sent, started = 0, time.monotonic()
    with Queue(database.dsn) as queue:
        while (now := time.monotonic()) < started + seconds:
            due = int((now - started) * rate) - sent
            queue.enqueue_many([Job(type="noop", payload={"sent": now}) for _ in range(due)])
            sent += due
            time.sleep(_TICK)
    return sent


def _sustained(server: str, options: Options) -> float:
    """Jobs a second when they are enqueued by the thousand, as fast as possible, while they run."""
    database = Database(server)
    with staying(database) as stop:
        flood(database, options.jobs(_STREAM))
        stop()
    return throughput(database)


def throughput(database: Database) -> float:
    """Jobs a second, from the first that was enqueued to the last that ended."""
    return float(database.run(_THROUGHPUT)[0][0])


def flood(database: Database, count: int) -> None:
    """Enqueue jobs by the thousand, as fast as possible, and wait until all have run."""
    with Queue(database.dsn) as queue:
        for _ in range(count // _CHUNK):
            queue.enqueue_many([Job(type="noop", payload=PAYLOAD) for _ in range(_CHUNK)])
    until_done(database)


def until_done(database: Database) -> None:
    """Wait until no job is due or runs."""
    with database.connect() as connection:
        while connection.execute(_IS_LEFT).fetchone() == (True,):
            time.sleep(0.05)


def idle(server: str, options: Options, results: Results) -> None:
    """What an idle worker costs, alone and beside others of its queue."""
    seconds = max(5.0, _IDLE * options.scale)
    statements, usage, _ = _waiting(server, seconds)
    part = usage.cpu / (seconds + _SETTLED) * 100
    results.add(Figure("idle worker", "% of a core", [part], target=0.3, less_is_better=True))
    results.add(
        Figure("idle worker", "statements/s", [statements], target=2.0, less_is_better=True)
    )
    results.add(Figure("idle worker", "MiB", [usage.mebibytes], target=80, less_is_better=True))
    for copies in _IDLE_TOGETHER:
        statements, _, delays = _waiting(server, seconds, copies)
        name = f"each of {copies} idle workers"
        results.add(Figure(name, "statements/s", [statements], target=3.0, less_is_better=True))
        for part in (0.5, 0.99):
            add_part(results, f"enqueue to claim, {copies} idle workers", [delays], part)


def _waiting(server: str, seconds: float, copies: int = 1) -> tuple[float, Usage, Sequence[float]]:
    """The statements a second of each worker while they wait, and what the first one used.

    Then jobs come one by one: the third value has the seconds until each was claimed, sorted.
    """
    database = Database(server)
    database.run("CREATE EXTENSION pg_stat_statements")
    with staying(database, copies=copies) as stop:
        time.sleep(_SETTLED)
        before = _statements(database)
        time.sleep(seconds)
        statements = (_statements(database) - before) / seconds / copies
        if copies > 1:
            one_by_one(database, _FEW)
            until_done(database)
        return statements, stop(), [delay for (delay,) in database.run(_DELAYS)]


def _statements(database: Database) -> float:
    """The number of statements that other sessions have sent to the database so far."""
    [(count,)] = database.run(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements "
        "JOIN pg_database ON pg_database.oid = dbid "
        "WHERE datname = current_database() AND query NOT LIKE '%%pg_stat_statements%%'",
        {},
    )
    return float(count)


def add_part(
    results: Results,
    name: str,
    runs: Sequence[Sequence[float]],
    part: float,
    target: float | None = None,
    note: str = "",
) -> None:
    """Note, for each run, the delay that this part of the jobs did not exceed."""
    values = [delays[int(len(delays) * part)] * 1_000 for delays in runs if delays]
    name = f"{name}, p{part * 100:.0f}"
    results.add(Figure(name, "ms", values, target=target, less_is_better=True, note=note))
