"""The metrics of the attempts of one type in one queue over a period."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .histogram import quantile


@dataclass(frozen=True, slots=True)
class Distribution:
    """Durations in seconds; quantiles come from a histogram whose bounds are √2 apart."""

    total: float = 0.0
    counts: Sequence[int] = field(default=(), repr=False)

    @property
    def count(self) -> int:
        """How many durations were measured."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """The arithmetic mean."""
        return self.total / self.count if self.count else None

    @property
    def p50(self) -> float | None:
        """The duration that half of them do not exceed."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float | None:
        """The duration that 95 % of them do not exceed."""
        return self.quantile(0.95)

    @property
    def p99(self) -> float | None:
        """The duration that 99 % of them do not exceed."""
        return self.quantile(0.99)

    def quantile(self, share: float) -> float | None:
        """The duration that a share of them, from 0 to 1, do not exceed."""
        return quantile(self.counts, share)


@dataclass(frozen=True, slots=True)
class JobMetrics:
    """Counts of the attempts at jobs of one type in one queue in the last `period` seconds.

    `retried` and `discarded` are among the `failed`. An attempt is `snoozed` if its handler put the
    job off, and `cancelled` if it was stopped because its job was no longer to run. `expired` jobs
    had not started in time and had no attempt. `duration` is that of attempts; `wait` is from when
    a job was due to the start of its attempt.
    """

    queue: str
    type: str
    period: float
    succeeded: int
    failed: int
    retried: int
    discarded: int
    snoozed: int
    cancelled: int
    expired: int
    duration: Distribution
    wait: Distribution

    @property
    def processed(self) -> int:
        """Attempts that succeeded or failed."""
        return self.succeeded + self.failed

    @property
    def throughput(self) -> float:
        """Attempts that succeeded or failed, per second."""
        return self.processed / self.period if self.period else 0.0

    @property
    def success_rate(self) -> float:
        """The share of attempts that succeeded, from 0 to 1."""
        return self.succeeded / self.processed if self.processed else 0.0
