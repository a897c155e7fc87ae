"""How fast the pages of a dashboard are while a worker drains, and its other figures."""

import time
from collections.abc import Mapping

import httpx
import psycopg

from ..database import NAME, Database, drop
from ..measure import Figure, Options, Results
from .bulk import cancelled
from .drains import draining, has_due
from .rows import fill
from .visits import milliseconds, serving
from .watched import watched

_PAUSE = 0.05
"""Seconds between two visits."""
_LONGEST = 35.0
"""Seconds after which a run has enough visits."""


def dashboard(server: str, options: Options, results: Results) -> None:
    """Fill a database, and measure on copies of it."""
    filled = f"{NAME}_filled"
    database = Database(server, name=filled)
    fill(database, options)
    try:
        _pages(server, filled, options, results)
        watched(server, filled, options, results)
        cancelled(database, options, results)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            drop(connection, filled)


def _pages(server: str, filled: str, options: Options, results: Results) -> None:
    """Visit each page by turns while a worker drains."""
    runs: dict[str, list[float]] = {}
    for _ in range(options.runs):
        database = Database(server, filled)
        times: dict[str, list[float]] = {}
        with (
            serving(database) as served,
            httpx.Client(base_url=served.url, timeout=60) as client,
            draining(database) as stop,
        ):
            paths = _paths(database)
            for path in paths.values():
                milliseconds(client, path)  # the first visit compiles its template
            end = time.monotonic() + _LONGEST
            while not times or (has_due(database) and time.monotonic() < end):
                for name, path in paths.items():
                    times.setdefault(name, []).append(milliseconds(client, path))
                    time.sleep(_PAUSE)
            stop()
        for name, taken in times.items():
            runs.setdefault(name, []).append(sorted(taken)[int(len(taken) * 0.95)])
    for name, each in runs.items():
        results.add(Figure(f"dashboard: {name}, p95", "ms", each, target=200, less_is_better=True))


def _paths(database: Database) -> Mapping[str, str]:
    """The pages, by what they show."""
    [(failed,)] = database.run(
        "SELECT id FROM jobs WHERE status = 'failed' ORDER BY id DESC LIMIT 1"
    )
    [(flow,)] = database.run("SELECT flow FROM jobs WHERE status = 'pending' AND queue = 'parked'")
    return {
        "overview": "/",
        "overview of 30 days": "/?window=30d",
        "jobs": "/jobs",
        "failed jobs": "/jobs?status=failed",
        "due jobs of a queue": "/jobs?status=due&queue=default1",
        "jobs of a type": "/jobs?type=noop7",
        "jobs by error": "/jobs?status=failed&error=mailbox",
        "jobs by payload": "/jobs?type=noop7&p.user_id=77",
        "a job": f"/jobs/{failed}",
        "a flow": f"/flows/{flow}",
        "errors": "/errors",
        "queues": "/queues",
        "types": "/types",
        "a type": "/types?type=noop7",
        "schedules": "/schedules",
        "workers": "/workers",
        "source": "/source",
        "audit": "/audit",
    }
