"""How fast workers drain a queue, beside the bare SQL of the same batches and connections."""

from conduit_runtime.workers.claims import BATCH

from . import bare
from .database import Database
from .measure import Figure, Options, Results, repeat
from .processes import drain, rate, rates_by_tenth

JOBS = 100_000
LIMIT = "bare SQL, 2 connections"


def limits(server: str, options: Options, results: Results) -> None:
    """The bare-SQL limit, with one connection and with the two of a worker process."""
    for connections in (1, 2):
        count = options.jobs(JOBS) // (2 * BATCH) * 2 * BATCH

        def measure(count: int = count, connections: int = connections) -> float:
            database = Database(server)
            database.fill(count)
            bare.drain(database, count, connections=connections, batch=BATCH)
            return rate(database)

        name = f"bare SQL, {connections} connection{'s' * (connections > 1)}"
        results.add(Figure(name, "jobs/s", repeat(options, measure)))


def processes(server: str, options: Options, results: Results) -> None:
    """One worker process, and two of them."""
    limit = results.value(LIMIT)

    def measure(count: int) -> float:
        database = Database(server)
        database.fill(options.jobs(JOBS))
        drain(database, processes=count)
        return rate(database)

    one = results.add(
        Figure("drain, 1 process", "jobs/s", repeat(options, lambda: measure(1)), limit, LIMIT, 0.8)
    )
    two = repeat(options, lambda: measure(2))
    results.add(Figure("drain, 2 processes", "jobs/s", two, one.value, one.name, 1.0))


def growth(server: str, options: Options, results: Results) -> None:
    """The first 100,000 jobs of a large table, and with as many completed rows beside it."""
    small = results.value("drain, 1 process")
    for pending, completed in ((1_000_000, 0), (1_000_000, 1_000_000)):

        def measure(pending: int = pending, completed: int = completed) -> float:
            database = Database(server)
            if completed:
                database.fill(options.jobs(completed), status="completed")
            database.fill(options.jobs(pending))
            drain(database, seconds=300)
            return rates_by_tenth(database)[0]

        name = f"drain at {pending:,} pending" + f", {completed:,} completed" * bool(completed)
        runs = repeat(options, measure)
        results.add(Figure(name, "jobs/s", runs, small, "drain, 1 process", 0.9))


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
