"""Metrics in the database, as statements without IO."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

import msgspec

from ..model.arguments import check_text, check_type
from ..model.metrics.attempt_counts import AttemptCounters, Key
from ..model.metrics.histogram import BOUNDS
from ..model.metrics.job_metrics import Distribution, JobMetrics
from ..model.queues.stats import QueueDepth
from ..postgres.statement import Rows, Statement, counted, touched
from ..postgres.steps import Steps

MINUTES_KEPT = timedelta(hours=2)
"""For how long minutes are kept, at least; then they are merged into hours."""
HOURS_KEPT = timedelta(days=2)
"""For how long hours are kept, at least; then they are merged into days."""
READ = timedelta(days=30)
"""The longest period that can be read."""
DAYS_KEPT = READ + timedelta(days=1)
"""For how long days are kept, so that the day in which the longest period begins is complete."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
PAGE = 5_000
"""The most rows that one statement compacts or deletes."""


def flush(added: Sequence[tuple[Key, AttemptCounters]]) -> Statement[bool]:
    """Add these counts to the rows of the present minute."""
    rows = [
        {
            **asdict(counters),
            "queue": queue,
            "type": type_,
            "durations": _trimmed(counters.durations),
            "waits": _trimmed(counters.waits),
        }
        for (queue, type_), counters in added
    ]
    return Statement("metrics/flush", {"added": msgspec.json.encode(rows).decode()}, touched)


def _trimmed(counts: Sequence[int]) -> Sequence[int]:
    """The counts without the zeros at their end."""
    return counts[: max((n + 1 for n, count in enumerate(counts) if count), default=0)]


def compact() -> Steps[bool]:
    """Merge old minutes into hours and old hours into days, and delete old days; a page of each.

    Returns whether there may be more.
    """
    most = 0
    for short, long, kept_for in ((_MINUTE, _HOUR, MINUTES_KEPT), (_HOUR, _DAY, HOURS_KEPT)):
        parameters = {"short": short, **_old(long, kept_for)}
        compacted: int = yield Statement(
            "metrics/compact", parameters, lambda rows, count: rows[0][0], HISTOGRAM_SUMS
        )
        most = max(most, compacted)
    forgotten: int = yield Statement("metrics/forget", _old(_DAY, DAYS_KEPT), counted)
    return max(most, forgotten) >= PAGE


def _old(long: int, kept_for: timedelta) -> dict[str, Any]:
    return {"long": long, "kept_for": kept_for.total_seconds(), "limit": PAGE}


def read(last: timedelta, queue: str | None, type: str | None) -> Statement[list[JobMetrics]]:
    """The metrics of attempts in the last period, by queue and type, of one or of all.

    Raises ValueError for a period that is not positive, TypeError for a name that is no text.
    """
    check_text(queue, "queue")
    check_text(type, "type")
    check_type(last, "last", timedelta, "a timedelta")
    if last <= timedelta(0):
        raise ValueError(f"last is {last}: use a positive duration")
    parameters = {
        "period": min(last, READ).total_seconds(),
        "bin": bin_of(last),
        "queue": queue,
        "type": type,
    }
    return Statement("metrics/metrics", parameters, _read, HISTOGRAM_SUMS)


DEEPEST = 100_000
"""The most due jobs of a queue that are counted, and the most unreadable and refused ones."""


def queue_gauges(queues: Sequence[str], deepest: int) -> Statement[list[QueueDepth]]:
    """The jobs of these queues; in each, all that run and at most `deepest` of other kinds."""
    return Statement(
        "metrics/queue_gauges",
        {"queues": list(queues), "deepest": deepest},
        lambda rows, count: [QueueDepth(*row) for row in rows],
        {"queue": "wanted.queue"},
    )


def bin_of(last: timedelta) -> int:
    """The unit, in seconds, in which the start of such a period is still stored."""
    kept_apart = (_MINUTE, MINUTES_KEPT), (_HOUR, HOURS_KEPT)
    return next((seconds for seconds, kept in kept_apart if last <= kept), _DAY)


def _summed(histogram: str) -> str:
    """The sum of histograms in SQL: bucket by bucket, several times quicker than an aggregate."""
    buckets = range(1, len(BOUNDS) + 2)
    sums = ", ".join(
        f"coalesce(pg_catalog.sum({histogram}[{bucket}]), 0)::bigint" for bucket in buckets
    )
    return f"ARRAY[{sums}]"


HISTOGRAM_SUMS = {name: _summed(name) for name in ("durations", "waits")}


def _read(rows: Rows, count: int) -> list[JobMetrics]:
    names = [field.name for field in fields(JobMetrics)]
    found = []
    for *counts, duration, wait, durations, waits in rows:
        measured = Distribution(duration, durations), Distribution(wait, waits)
        found.append(JobMetrics(**dict(zip(names, (*counts, *measured), strict=True))))
    return found
