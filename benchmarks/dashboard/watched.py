"""What the viewers of a dashboard cost a worker that drains at full speed."""

import os
import time
from dataclasses import dataclass
from datetime import datetime

from ..database import Database
from ..measure import Figure, Options, Results
from .drains import draining, has_due
from .visits import serving, viewers

WATCHED = ("/", "/", "/", "/", "/jobs", "/jobs", "/errors", "/queues", "/types", "/workers")
"""The pages that ten viewers watch."""
_WINDOW, _SETTLING = 7.0, 2.0
"""Seconds of a window that count, and the seconds before, in which viewers come or leave."""
_DONE = """
SELECT count(*) FROM jobs
WHERE status = 'completed' AND completed_at BETWEEN %(begin)s AND %(end)s
"""


def watched(server: str, filled: str, options: Options, results: Results) -> None:
    """The rate of a drain with ten viewers and without them, and the processor time that they cost.

    The viewers are there in the middle of one drain, then at the beginning and the end of the next,
    equally often, because a drain is slower at its end.
    """
    rates: dict[bool, list[float]] = {False: [], True: []}
    shares: list[float] = []
    note = ""
    for run in range(options.runs + options.runs % 2):
        database = Database(server, filled)
        windows, is_whole = _windows(database, run % 2 == 0, options.scale)
        note = note if is_whole else "the jobs were done before the time was over"
        for is_watched in (False, True):
            those = [each for each in windows if each.is_watched == is_watched]
            rates[is_watched].append(_rate(database, those))
        if all(each.used is not None for each in those):
            used = sum(each.used or 0.0 for each in those) / sum(each.seconds for each in those)
            shares.append(100 * used / len(os.sched_getaffinity(0)))
    limit = results.add(Figure("dashboard: drain, no viewers", "jobs/s", rates[False]))
    name = f"dashboard: drain, {len(WATCHED)} viewers"
    figure = Figure(name, "jobs/s", rates[True], limit.value, limit.name, 0.97, note=note)
    results.add(figure)
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


def _windows(database: Database, are_in_middle: bool, scale: float) -> tuple[list[_Window], bool]:
    """Three parts of a drain, the second twice as long as the others; whether it took longer."""
    settling, long = _SETTLING * scale, _WINDOW * scale
    windows: list[_Window] = []
    with (
        serving(database) as served,
        viewers(served.url, WATCHED) as watch,
        draining(database) as stop,
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
        is_whole = has_due(database)
        if is_watched:
            watch(False)
        stop()
    return windows, is_whole


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
