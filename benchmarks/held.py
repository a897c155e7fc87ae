"""What steady work costs while another transaction holds a snapshot, and vacuum does nothing."""

import threading
import time
from datetime import datetime
from typing import NamedTuple

from .broker.used import of_postgres
from .database import Database
from .latency import stream
from .measure import Figure, Options, Results, number
from .processes import staying

_RATE = 800
_SECONDS = 600.0
_PARTS = 10
_WARM = 5.0
"""Seconds of work before anything is measured."""
_READ = """
SELECT now(), sum(calls)::float8, sum(shared_blks_hit + shared_blks_read)::float8
FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
WHERE datname = current_database() AND query LIKE '%%AS due_row (ctid, position)%%'
"""
_DELAY = """
SELECT 1000 * extract(epoch FROM
  percentile_disc(0.99) WITHIN GROUP (ORDER BY started_at - created_at))::float8
FROM jobs WHERE created_at >= %(since)s AND created_at < %(until)s
"""


class _Part(NamedTuple):
    """What a claim reads on average, and the server's processor time in % of a core."""

    since: datetime
    until: datetime
    pages: float
    cpu: float


def held(server: str, options: Options, results: Results) -> None:
    """Work at a steady rate, before a snapshot is taken and in each part of ten minutes."""
    seconds = max(5.0, _SECONDS * options.scale / _PARTS)
    database = Database(server)
    database.run("CREATE EXTENSION pg_stat_statements")
    with staying(database) as stop, database.connect() as other:
        whole = _WARM + (_PARTS + 1) * seconds + _WARM
        producer = threading.Thread(target=stream, args=(database, _RATE, whole))
        producer.start()
        time.sleep(_WARM)
        parts = [_measured(database, seconds)]
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM conduit_workers")
        parts += [_measured(database, seconds) for _ in range(_PARTS)]
        other.execute("COMMIT")
        producer.join()
        stop()
    delays = [
        database.run(_DELAY, {"since": part.since, "until": part.until})[0][0] for part in parts
    ]
    _add(results, "a claim", "pages", [part.pages for part in parts], 2.0)
    _add(results, "Postgres", "% of a core", [part.cpu for part in parts], 1.3)
    _add(results, "enqueue to start, p99", "ms", delays, 1.5)


def _add(results: Results, name: str, unit: str, by_part: list[float], target: float) -> None:
    """Note what the last part of the held snapshot has reached, beside the part before it."""
    name = f"{name} at {_RATE} jobs/s"
    limit = results.add(Figure(name, unit, by_part[:1]))
    results.add(
        Figure(
            f"{name}, a snapshot held: last tenth",
            unit,
            by_part[-1:],
            limit.value,
            name,
            target,
            less_is_better=True,
            note=f"by tenth: {', '.join(number(value) for value in by_part[1:])}",
        )
    )


def _measured(database: Database, seconds: float) -> _Part:
    cpu = of_postgres(database)
    [(since, calls, pages)] = database.run(_READ, {})
    time.sleep(seconds)
    [(until, calls_then, pages_then)] = database.run(_READ, {})
    cpu = of_postgres(database) - cpu
    a_claim = (pages_then - pages) / max(1.0, calls_then - calls)
    return _Part(since, until, a_claim, cpu / seconds * 100)
