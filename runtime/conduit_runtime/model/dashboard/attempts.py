"""Counts and times of attempts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts that ended from `since` until `until`.

    `wait` is the time from when a job was due to the start of its attempt; `run` is that of the
    attempt. Both hold the seconds that 50 % and 95 % of the attempts do not exceed; None without
    attempts.
    """

    since: datetime
    until: datetime
    succeeded: int
    failed: int
    wait_p50: float | None
    wait_p95: float | None
    run_p50: float | None
    run_p95: float | None

    @property
    def ended(self) -> int:
        """Attempts that succeeded or failed."""
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class RecentAttempts:
    """The attempts that ended in the last hour, of one type in one queue; their seconds in all."""

    queue: str
    type: str
    succeeded: int
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class OverdueAttempts:
    """A type's attempts at a worker that exceed their time; the first has for that many seconds."""

    type: str
    worker: str
    jobs: int
    seconds: float
