"""How quick the pages are while a worker drains, and what their viewers cost the worker."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
import psycopg

from ..database import NAME, Database, drop
from ..measure import Figure, Options, Results
from ..processes import staying
from .rows import QUEUES, TYPES, fill
from .visits import milliseconds, serving, viewers

WATCHED = ("/", "/", "/", "/", "/jobs", "/jobs", "/errors", "/queues", "/types", "/workers")
"""What ten viewers watch."""
_WORKER = ("--types", str(TYPES), "--queues", str(QUEUES))
_PAUSE = 0.05
"""Seconds between two visits."""
_WINDOW, _SETTLING = 7.0, 2.0
"""Seconds that count, and those before them, in which viewers have come or left."""
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
            serving(database) as served,
            httpx.Client(base_url=served.url, timeout=60) as client,
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
    """The rate of a drain with ten viewers and without them, and the processor time that they cost.

    The viewers are there in the middle of one drain, at the begin and the end of the next: a drain
    is slower at its end.
    """
    rates: dict[bool, list[float]] = {False: [], True: []}
    shares: list[float] = []
    for run in range(options.runs):
        database = Database(server, filled)
        windows = _windows(database, run % 2 == 0, options.scale)
        for is_watched in (False, True):
            those = [each for each in windows if each.is_watched == is_watched]
            rates[is_watched].append(_rate(database, those))
        if all(each.used is not None for each in those):
            used = sum(each.used or 0.0 for each in those) / sum(each.seconds for each in those)
            shares.append(100 * used / len(os.sched_getaffinity(0)))
    limit = results.add(Figure("dashboard: drain, no viewers", "jobs/s", rates[False]))
    name = f"dashboard: drain, {len(WATCHED)} viewers"
    results.add(Figure(name, "jobs/s", rates[True], limit.value, limit.name, 0.97))
    if shares:
        name = f"dashboard: processor time, {len(WATCHED)} viewers"
        results.add(Figure(name, "% of all cores", shares, target=3, less_is_better=True))


@dataclass(frozen=True, slots=True)
class _Window:
    """A part of a drain, and the processor time that the dashboard used in it, if it is known."""

    is_watched: bool
    begin: datetime
    end: datetime
    used: float | None

    @property
    def seconds(self) -> float:
        return (self.end - self.begin).total_seconds()


def _windows(database: Database, are_in_middle: bool, scale: float) -> list[_Window]:
    """Three parts of a drain, the second twice as long as the others."""
    settling, long = (max(0.5, each * scale) for each in (_SETTLING, _WINDOW))
    windows: list[_Window] = []
    with (
        serving(database) as served,
        viewers(served.url, WATCHED) as watch,
        staying(database, *_WORKER) as stop,
    ):
        for seconds, is_watched in (
            (long, not are_in_middle),
            (2 * long, are_in_middle),
            (long, not are_in_middle),
        ):
            if is_watched or windows:
                watch(is_watched)
            time.sleep(settling)
            begin, before = _now(database), served.used()
            time.sleep(seconds)
            end, after = _now(database), served.used()
            used = None if before is None or after is None else after - before
            windows.append(_Window(is_watched, begin, end, used))
        if not _has_due(database, 1):
            raise RuntimeError("the jobs were done before they were measured")
        if is_watched:
            watch(False)
        stop()
    return windows


def _has_due(database: Database, count: int) -> bool:
    """Whether at least so many jobs are due."""
    return database.run(_HAS_DUE, {"count": count}) == [(True,)]


def _now(database: Database) -> datetime:
    [(now,)] = database.run("SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    return now


def _rate(database: Database, windows: list[_Window]) -> float:
    """Jobs a second over these windows together."""
    done = sum(
        database.run(_DONE, {"begin": each.begin, "end": each.end})[0][0] for each in windows
    )
    return float(done / sum(each.seconds for each in windows))
