"""What a claim reads while another transaction holds a snapshot, so that vacuum removes nothing."""

import threading
import time

from .database import Database
from .latency import stream
from .measure import Figure, Options, Results
from .processes import staying

_RATE = 800
_SECONDS = 600.0
_PARTS = 10
_WARM = 5.0
"""Seconds of work before the snapshot is taken."""
_READ = """
SELECT sum(calls)::float8, sum(shared_blks_hit + shared_blks_read)::float8
FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
WHERE datname = current_database() AND query LIKE '%%AS due_row (ctid, position)%%'
"""


def held(server: str, options: Options, results: Results) -> None:
    """The pages that a claim reads at a steady rate, at first and in each part of ten minutes."""
    part = max(5.0, _SECONDS * options.scale / _PARTS)
    database = Database(server)
    database.run("CREATE EXTENSION pg_stat_statements")
    with staying(database) as stop, database.connect() as other:
        seconds = 2 * _WARM + _PARTS * part
        producer = threading.Thread(target=stream, args=(database, _RATE, seconds))
        producer.start()
        time.sleep(_WARM)
        before = _pages(database, _WARM)
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM conduit_workers")
        parts = [_pages(database, part) for _ in range(_PARTS)]
        producer.join()
        stop()
    trend = ", ".join(f"{pages:,.0f}" for pages in parts)
    name = f"claim at {_RATE} jobs/s"
    limit = results.add(Figure(name, "pages", [before]))
    results.add(
        Figure(
            f"{name}, a snapshot held: last tenth",
            "pages",
            [parts[-1]],
            limit.value,
            name,
            2.0,
            less_is_better=True,
            note=f"by tenth: {trend}",
        )
    )


def _pages(database: Database, seconds: float) -> float:
    """The pages that an average claim reads during this time."""
    [(calls, pages)] = database.run(_READ, {})
    time.sleep(seconds)
    [(calls_then, pages_then)] = database.run(_READ, {})
    return float((pages_then - pages) / max(1.0, calls_then - calls))
