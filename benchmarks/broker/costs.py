"""What many workers cost Postgres while few jobs arrive: connections, processor time a job."""

import sys
from collections.abc import Mapping

from ..database import Database
from ..latency import stream, until_done
from ..measure import Figure, Options, Results
from . import used
from .fleets import warm_up, working
from .nodes import ONE
from .rates import DIRECT

WORKERS = (1, 10, 100)
"""Processes. Each is a copy of the first, made when the first has imported everything."""
SLOTS = 10
"""Jobs that each process runs at once."""
OF_A_WORKER = 4
"""The most connections of a direct worker."""
RATE, SECONDS = 500.0, 5.0
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def costs(server: str, urls: Mapping[str, str], options: Options, results: Results) -> None:
    """Enqueue a stream to some workers, direct and through a single node."""
    [(most,)] = Database(server).run("SELECT current_setting('max_connections')::int")
    for workers in WORKERS:
        for name, url in ((DIRECT, None), (ONE, urls[ONE])):
            if url is None and most < workers * OF_A_WORKER + 20:
                print(f"{workers} direct workers left out: {most} connections", file=sys.stderr)
                continue
            connections, microseconds = _cost(server, url, workers, options)
            title = f"broker: Postgres at {RATE:,.0f} jobs/s, {workers} workers, {name}"
            results.add(Figure(title, "connections", [connections]))
            results.add(Figure(title, "µs/job", [microseconds]))


def _cost(server: str, url: str | None, workers: int, options: Options) -> tuple[float, float]:
    database = Database(server)
    with working(database, url, "--concurrency", str(SLOTS), copies=workers) as fleet:
        warm_up(database, workers)
        before = used.of_postgres(database)
        count = stream(database, RATE, max(2.0, SECONDS * options.scale))
        until_done(database)
        spent = used.of_postgres(database) - before
        [(connections,)] = database.run(_CONNECTIONS)
        fleet.stop()
    return float(connections), spent / count * 1e6
