"""How quick the pages are while a worker drains, and what their viewers cost the worker."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime

import httpx
import psycopg

from ..database import NAME, Database, drop
from ..measure import Figure, Options, Results
from ..processes import staying
from .rows import QUEUES, TYPES, fill
from .visits import milliseconds, serving, watching

WATCHED = ("/", "/", "/", "/", "/jobs", "/jobs", "/errors", "/queues", "/types", "/workers")
"""What ten viewers watch."""
_WORKER = ("--types", str(TYPES), "--queues", str(QUEUES))
_PAUSE = 0.05
"""Seconds between two visits."""
_WINDOW, _SETTLING = 5.0, 1.0
"""Seconds with viewers and then without them, and the first of these that do not count."""
_HAS_DUE = """
SELECT count(*) = %(count)s FROM (
  SELECT FROM jobs WHERE status = 'pending' AND run_at <= now() LIMIT %(count)s
) AS due
"""
_DONE = """
SELECT count(*) FROM jobs
WHERE status = 'completed' AND completed_at BETWEEN %(begin)s AND %(end)s
"""


def dashboard(server: str, options: Options, results: Results) -> None:
    """Fill a database, and measure on copies of it."""
    filled = f"{NAME}_filled"
    fill(Database(server, name=filled), options)
    try:
        _pages(server, filled, options, results)
        _viewers(server, filled, options, results)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            drop(connection, filled)


def _pages(server: str, filled: str, options: Options, results: Results) -> None:
    """Visit each page by turns for as long as a worker drains."""
    runs: dict[str, list[float]] = {}
    for _ in range(options.runs):
        database = Database(server, filled)
        times: dict[str, list[float]] = {}
        with (
            serving(database) as url,
            httpx.Client(base_url=url, timeout=60) as client,
            staying(database, *_WORKER) as stop,
        ):
            paths = _paths(database)
            for path in paths.values():
                milliseconds(client, path)  # the first visit compiles its template
            while not times or _has_due(database, 1):
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


def _viewers(server: str, filled: str, options: Options, results: Results) -> None:
    """The rate of a drain in windows with ten viewers, and in those without them."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(options.runs):
        database = Database(server, filled)
        windows: dict[bool, list[tuple[datetime, datetime]]] = {False: [], True: []}
        with serving(database) as url, staying(database, *_WORKER) as stop:
            while not windows[True] or _has_due(database, 200_000):
                for viewed in (False, True):
                    with ExitStack() as stack:
                        if viewed:
                            stack.enter_context(watching(url, WATCHED))
                        time.sleep(_SETTLING)
                        begin = _now(database)
                        time.sleep(_WINDOW - _SETTLING)
                        windows[viewed].append((begin, _now(database)))
            stop()
        for viewed, those in windows.items():
            rates[viewed].append(_rate(database, those))
    limit = results.add(Figure("dashboard: drain, no viewers", "jobs/s", rates[False]))
    name = f"dashboard: drain, {len(WATCHED)} viewers"
    results.add(Figure(name, "jobs/s", rates[True], limit.value, limit.name, 0.97))


def _has_due(database: Database, count: int) -> bool:
    """Whether at least so many jobs are due."""
    return database.run(_HAS_DUE, {"count": count}) == [(True,)]


def _now(database: Database) -> datetime:
    [(now,)] = database.run("SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    return now


def _rate(database: Database, windows: list[tuple[datetime, datetime]]) -> float:
    """Jobs a second over these windows together."""
    done = sum(database.run(_DONE, {"begin": begin, "end": end})[0][0] for begin, end in windows)
    return float(done / sum((end - begin).total_seconds() for begin, end in windows))
