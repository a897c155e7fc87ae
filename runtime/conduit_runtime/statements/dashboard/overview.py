"""The overview's attempts: over time, in the last hour, and those that exceed their time."""

from datetime import datetime, timedelta

from ...model.dashboard.attempts import Attempts, OverdueAttempts, RecentAttempts
from ...model.metrics.histogram import quantile
from ...postgres.statement import Rows, Statement
from ..metrics import HISTOGRAM_SUMS

_LATE = 30.0
"""Seconds by which a worker may be late to end an attempt that exceeds its time."""


def attempts(
    period: timedelta,
    step: timedelta,
    queue: str | None = None,
    type: str | None = None,
    since: datetime | None = None,
) -> Statement[list[Attempts]]:
    """The attempts of the last `period` in parts of `step`, of a queue, of a type, or of all.

    The last part is not over yet. With `since`, only the parts from that one on are read. Minutes
    are stored for two hours and hours for two days; before that, a shorter step finds nothing.
    """
    parameters = {
        "period": period.total_seconds(),
        "step": step.total_seconds(),
        "queue": queue,
        "type": type,
        "since": since,
    }

    def decode(rows: Rows, count: int) -> list[Attempts]:
        return [
            Attempts(
                since,
                since + step,
                succeeded,
                failed,
                *(quantile(counts, share) for counts in (waits, runs) for share in (0.5, 0.95)),
            )
            for since, succeeded, failed, runs, waits in rows
        ]

    return Statement("dashboard/attempts/by_time", parameters, decode, HISTOGRAM_SUMS)


def recent_attempts() -> Statement[list[RecentAttempts]]:
    """The attempts of the last hour, by queue and type."""
    return Statement(
        "dashboard/attempts/recent",
        {},
        lambda rows, count: [RecentAttempts(*row) for row in rows],
    )


def overdue_attempts() -> Statement[list[OverdueAttempts]]:
    """The attempts that exceed their time and still run, by type and worker."""
    return Statement(
        "dashboard/attempts/overdue",
        {"seconds": _LATE},
        lambda rows, count: [OverdueAttempts(*row) for row in rows],
    )
