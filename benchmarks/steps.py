"""What steps cost: how many a worker stores, what one adds to an idle job, and its WAL."""

import time
from uuid import uuid4

from conduit_runtime.model.claimed import Claimed
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.steps import Record, store

from .database import Database
from .latency import add_part, one_by_one
from .measure import Figure, Options, Results, repeat
from .processes import drain, rate, staying

_JOBS = 20_000
_STEPS = 5
_SAMPLES = 300
_RECORDS = 1_000


def steps(server: str, options: Options, results: Results) -> None:
    """Jobs with steps that do nothing: one worker, an idle job beside a bare commit, the WAL."""
    per_second = repeat(options, lambda: _drained(server, options))
    results.add(
        Figure(f"jobs with {_STEPS} steps, 1 process", "steps/s", per_second, target=20_000)
    )
    count = max(50, int(_SAMPLES * options.scale))
    commits = [_commits(server, count) for _ in range(options.runs)]
    first, later = zip(*(_of_idle_jobs(server, count) for _ in range(options.runs)), strict=True)
    add_part(results, "bare commit", commits, 0.5)
    bare = results.figures[-1].value
    for name, runs in (("first step", first), ("later step", later)):
        add_part(results, f"{name} of an idle job", runs, 0.5, bare + 1, "a bare commit + 1 ms")
    results.add(
        Figure("record of a step", "bytes of WAL", [_wal(server)], target=300, less_is_better=True)
    )


def _drained(server: str, options: Options) -> float:
    database = Database(server)
    database.fill(options.jobs(_JOBS))
    drain(database, f"--steps={_STEPS}", "--concurrency=500", seconds=300)
    return rate(database) * _STEPS


def _of_idle_jobs(server: str, count: int) -> tuple[list[float], list[float]]:
    """The seconds of the first step of each job, which also reads what is stored, and of others."""
    database = Database(server)
    with staying(database, f"--steps={_STEPS}", "--note-delays") as stop:
        one_by_one(database, count)
        delays = stop().delays
    return sorted(delays[::_STEPS]), sorted(each for n, each in enumerate(delays) if n % _STEPS)


def _commits(server: str, count: int) -> list[float]:
    """The seconds of statements that insert a small row, each in its own transaction."""
    database = Database(server)
    seconds = []
    with database.connect() as connection:
        connection.execute("CREATE TABLE bare (id uuid PRIMARY KEY, value text)")
        for _ in range(count):
            time.sleep(0.005)
            began = time.perf_counter()
            connection.execute("INSERT INTO bare VALUES (%s, 'null')", [uuid4()])
            seconds.append(time.perf_counter() - began)
    return sorted(seconds)


def _wal(server: str) -> float:
    """The bytes of WAL of a record, when records of many jobs are stored together."""
    database = Database(server)
    database.fill(_RECORDS)
    with database.connect() as connection:
        claim = "UPDATE jobs SET status = 'running', token = gen_random_uuid() RETURNING token, id"
        jobs = [Claimed(*row, "noop", "default") for row in connection.execute(claim).fetchall()]
        bytes_of = []
        for name in ("order.check", "email.send", "order.ship"):
            statement = store([Record(job, name, "null", 0.001) for job in jobs])
            [(before,)] = connection.execute("SELECT pg_current_wal_insert_lsn()::text")
            run(connection, statement)
            [(written,)] = connection.execute(
                "SELECT (pg_current_wal_insert_lsn() - %s::pg_lsn)::float8", [before]
            )
            bytes_of.append(written / _RECORDS)
    print(bytes_of)
    return sum(bytes_of) / len(bytes_of)
