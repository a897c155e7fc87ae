"""Metrics in the database: each operation as a statement, without IO."""

from collections.abc import Sequence
from datetime import timedelta

from ..postgres.arrays import array
from ..postgres.statement import Rows, Statement, sql, touched
from .job_metrics import Distribution, JobMetrics
from .recorder import Key, Tally

__all__ = ["compact", "flush", "read"]

MINUTES_KEPT = timedelta(hours=2)
"""For how long at least minutes stay apart; then they become hours."""
HOURS_KEPT = timedelta(days=30)
"""For how long hours are kept."""
PAGE = 5_000
"""Rows that one statement compacts or deletes at most."""
_COUNTS = ("succeeded", "failed", "retried", "discarded", "snoozed", "cancelled")


def flush(news: Sequence[tuple[Key, Tally]], schema: str | None) -> Statement[bool]:
    """Add what has come to the rows of the present minute."""
    tallies = [tally for _, tally in news]
    parameters = {
        "queues": array(queue for (queue, _), _ in news),
        "types": array(type_ for (_, type_), _ in news),
        **{name: array(getattr(tally, name) for tally in tallies) for name in _COUNTS},
        "duration": array(tally.duration for tally in tallies),
        "wait": array(tally.wait for tally in tallies),
        "durations": array(_counts(tally.durations) for tally in tallies),
        "waits": array(_counts(tally.waits) for tally in tallies),
    }
    flushing = sql("flush_metrics", schema, add=sql("add_metrics", schema))
    return Statement(flushing, parameters, touched)


def _counts(counts: Sequence[int]) -> str:
    """The counts as an array's literal, without the zeros at its end."""
    length = max((place + 1 for place, count in enumerate(counts) if count), default=0)
    return array(counts[:length])


def compact(schema: str | None) -> Statement[bool]:
    """Make hours of old minutes and delete old hours, a page of each; whether there may be more."""
    return Statement(
        sql("compact_metrics", schema, add=sql("add_metrics", schema)),
        {
            "minutes_for": MINUTES_KEPT.total_seconds(),
            "hours_for": HOURS_KEPT.total_seconds(),
            "limit": PAGE,
        },
        lambda rows, count: int(rows[0][0]) >= PAGE,
    )


def read(
    last: timedelta, queue: str | None, type: str | None, schema: str | None
) -> Statement[list[JobMetrics]]:
    """What became of attempts lately, by queue and type, of one or all.

    Raises ValueError for a span that is not positive.
    """
    if last <= timedelta(0):
        raise ValueError(f"last is {last}: use a positive span")
    parameters = {
        "span": min(last, HOURS_KEPT).total_seconds(),
        "minutes_for": MINUTES_KEPT.total_seconds(),
        "queue": queue,
        "type": type,
    }
    return Statement(sql("metrics", schema), parameters, _read)


def _read(rows: Rows, count: int) -> list[JobMetrics]:
    names = ("queue", "type", "span", *_COUNTS)
    return [
        JobMetrics(
            **dict(zip(names, row, strict=False)),
            duration=Distribution(row[-4], row[-2]),
            wait=Distribution(row[-3], row[-1]),
        )
        for row in rows
    ]
