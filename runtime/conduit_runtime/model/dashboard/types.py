"""The job types of the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..metrics.histogram import quantile
from ..type_description import TypeDescription


@dataclass(frozen=True, slots=True)
class TypeShape:
    """A job type with a fingerprint of its payload, as workers have described it.

    `is_live` is whether a live worker handles it. The description has the fields of the payload and
    the text of the source only if a single type was read.
    """

    type: str
    fingerprint: str
    queue: str
    description: TypeDescription
    described_at: datetime
    is_live: bool


@dataclass(frozen=True, slots=True)
class TypeActivity:
    """The attempts at jobs of a type in a period, and how many jobs run now.

    `duration` is the sum of all attempts, in seconds, and `durations` their histogram.
    """

    type: str
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    duration: float = 0.0
    durations: Sequence[int] = ()

    @property
    def attempts(self) -> int:
        """Attempts that succeeded or failed."""
        return self.succeeded + self.failed

    @property
    def failure_rate(self) -> float | None:
        """The share of attempts that failed, from 0 to 1; None without attempts."""
        return self.failed / self.attempts if self.attempts else None

    @property
    def mean(self) -> float | None:
        """How many seconds an attempt took on average; None without attempts."""
        return self.duration / self.attempts if self.attempts else None

    @property
    def p95(self) -> float | None:
        """The seconds that 95 % of the attempts took at most; None without attempts."""
        return quantile(self.durations, 0.95)


def present(shapes: list[TypeShape]) -> TypeShape:
    """The present shape of a type: the latest of those that live workers handle.

    `shapes` are those of one type, at least one.
    """
    return max(
        shapes,
        key=lambda each: (not each.description.is_older, each.is_live, each.described_at),
    )
