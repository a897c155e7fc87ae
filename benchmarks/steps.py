"""What steps cost: how many a worker stores, what one adds to an idle job, and its WAL."""

import random
import time
from statistics import median
from uuid import uuid4

from conduit_runtime import Job, Queue
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.steps import Record, store

from .database import Database
from .latency import until_done
from .measure import Figure, Options, Results, repeat
from .processes import drain, rate, staying

_JOBS = 20_000
_STEPS = 5
FIGURE = f"jobs with {_STEPS} steps, 1 process"
"""The name of the figure that peers have too."""
_SAMPLES = 300
_RECORDS = 1_000


def steps(server: str, options: Options, results: Results) -> None:
    """Jobs with steps that do nothing: one worker, an idle job beside bare commits, the WAL."""
    per_second = repeat(options, lambda: _drained(server, options))
    results.add(Figure(FIGURE, "steps/s", per_second, target=20_000))
    count = max(50, int(_SAMPLES * options.scale))
    runs = [_of_idle_jobs(server, count) for _ in range(options.runs)]
    for name, place, target in (("bare commit", 0, None), ("first", 1, 1.0), ("later", 2, 1.0)):
        values = [(run[place] - (run[0] if place else 0)) * 1_000 for run in runs]
        if place:
            name = f"{name} step of an idle job, beyond a bare commit"
        results.add(Figure(f"{name}, p50", "ms", values, target=target, less_is_better=True))
    beginning, later = _wal(server)
    results.add(Figure("first record of a job", "bytes of WAL", [beginning]))
    results.add(
        Figure("later record of a job", "bytes of WAL", [later], target=300, less_is_better=True)
    )


def _drained(server: str, options: Options) -> float:
    database = Database(server)
    database.fill(options.jobs(_JOBS))
    database.run("VACUUM (ANALYZE) conduit_steps")  # Postgres plans for an empty table
    drain(database, f"--steps={_STEPS}", "--concurrency=500", seconds=300)
    return rate(database) * _STEPS


def _of_idle_jobs(server: str, count: int) -> tuple[float, float, float]:
    """The medians of bare commits, of the first step of each job, and of its other steps."""
    database = Database(server)
    commits = []
    arguments = (f"--steps={_STEPS}", "--note-delays")
    with (
        staying(database, *arguments) as stop,
        Queue(database.dsn) as queue,
        database.connect() as connection,
    ):
        connection.execute("CREATE TABLE bare (id uuid PRIMARY KEY, value text)")
        for _ in range(count):
            queue.enqueue(Job(type="noop"))
            time.sleep(random.uniform(0.03, 0.05))  # noqa: S311
            began = time.perf_counter()
            connection.execute("INSERT INTO bare VALUES (%s, 'null')", [uuid4()])
            commits.append(time.perf_counter() - began)
        until_done(database)
        delays = stop().delays
    later = [each for place, each in enumerate(delays) if place % _STEPS]
    return median(commits), median(delays[::_STEPS]), median(later)


def _wal(server: str) -> tuple[float, float]:
    """The bytes of WAL of a job's first record, which says that it has begun, and of later ones."""
    database = Database(server)
    database.fill(_RECORDS)
    found = []
    with database.connect() as connection:
        claim = "UPDATE jobs SET status = 'running', token = gen_random_uuid() RETURNING token, id"
        rows = connection.execute(claim).fetchall()
        jobs = [Claimed(token, id_, "noop", "default") for token, id_ in rows]
        for name in ("order.check", "email.send", "order.ship"):
            statement = store([Record(job, name, "null", 0.001) for job in jobs])
            [(before,)] = connection.execute("SELECT pg_current_wal_insert_lsn()::text")
            run(connection, statement)
            written = "SELECT (pg_current_wal_insert_lsn() - %s::pg_lsn)::float8"
            [(count,)] = connection.execute(written, [before])
            found.append(count / _RECORDS)
    first, *later = found
    return first, sum(later) / len(later)
