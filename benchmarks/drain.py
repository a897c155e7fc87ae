"""How fast workers drain a queue, beside the bare SQL of the same batches and connections."""

import json
from typing import Any

from conduit_runtime.statements.claims import BATCH

from . import bare, generated
from .database import Database
from .measure import Figure, Options, Results, alternate
from .processes import drain, rate, rates_by_tenth

JOBS = 100_000
ONE = "drain, 1 process"


def drains(server: str, options: Options, results: Results) -> None:
    """Bare SQL, one worker process, two processes, and one process with generated handlers."""
    with generated.compiled() as (job_type, package):
        shape: dict[str, Any] = {
            "type": job_type.name,
            "fingerprint": job_type.fingerprint,
            "payload": json.dumps(generated.PAYLOAD),
        }
        one_connection, two_connections, one, two, handlers = alternate(
            options,
            lambda: _bare(server, options, connections=1),
            lambda: _bare(server, options, connections=2),
            lambda: drained(server, options),
            lambda: drained(server, options, processes=2),
            lambda: drained(server, options, f"--package={package}", **shape),
            rounds=2,
        )
    results.add(Figure("bare SQL, 1 connection", "jobs/s", one_connection))
    limit = results.add(Figure("bare SQL, 2 connections", "jobs/s", two_connections))
    own = results.add(Figure(ONE, "jobs/s", one, limit.value, limit.name, 0.8))
    results.add(Figure("drain, 2 processes", "jobs/s", two, own.value, ONE, 1.0))
    results.add(Figure("drain, generated handler", "jobs/s", handlers, own.value, ONE, 0.85))


def _bare(server: str, options: Options, connections: int) -> float:
    count = max(1, options.jobs(JOBS) // (2 * BATCH)) * 2 * BATCH
    database = Database(server)
    database.fill(count)
    bare.drain(database, count, connections=connections, batch=BATCH)
    return rate(database)


def drained(
    server: str, options: Options, *arguments: str, processes: int = 1, **shape: Any
) -> float:
    """Jobs a second of a fresh table of that shape, drained by workers with these arguments."""
    database = Database(server)
    database.fill(options.jobs(JOBS), **shape)
    drain(database, *arguments, processes=processes, seconds=300)
    return rate(database)


def growth(server: str, options: Options, results: Results) -> None:
    """The first 100,000 jobs of a large table, without and with as many completed rows."""

    def measure(pending: int, completed: int = 0) -> float:
        database = Database(server)
        if completed:
            database.fill(options.jobs(completed), status="completed")
        database.fill(options.jobs(pending))
        drain(database, seconds=300)
        return rates_by_tenth(database)[0] if pending > JOBS else rate(database)

    small, large, beside = alternate(
        options,
        lambda: measure(JOBS),
        lambda: measure(1_000_000),
        lambda: measure(1_000_000, 1_000_000),
    )
    limit = results.add(Figure("drain at 100,000 pending", "jobs/s", small))
    for name, runs in (
        ("drain at 1,000,000 pending", large),
        ("drain at 1,000,000 pending, 1,000,000 completed", beside),
    ):
        results.add(Figure(name, "jobs/s", runs, limit.value, limit.name, 0.9))


def endurance(server: str, options: Options, results: Results) -> None:
    """Two million jobs without a manual vacuum; half a million while a snapshot is held."""
    for count, held in ((2_000_000, False), (500_000, True)):
        database = Database(server)
        database.fill(options.jobs(count))
        with database.connect() as other:
            if held:
                other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                other.execute("SELECT count(*) FROM conduit_workers")
            drain(database, seconds=options.seconds + count / 5_000)
        tenths = rates_by_tenth(database)
        name = f"drain of {count:,}" + ", a snapshot held" * held
        trend = ", ".join(f"{tenth:,.0f}" for tenth in tenths)
        results.add(
            Figure(
                f"{name}: last tenth",
                "jobs/s",
                [tenths[-1]],
                tenths[0],
                "its first tenth",
                0.6,
                note=f"by tenth: {trend}",
            )
        )
