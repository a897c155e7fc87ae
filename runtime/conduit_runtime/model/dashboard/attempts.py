"""What became of attempts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts that ended from `since` until `until`.

    `wait` is from when a job was due to the start of its attempt, `run` is of the attempt: seconds
    that half of them, and that 95 % of them, do not exceed; None without attempts.
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
    """The attempts at jobs of a type in a queue that ended in the last hour."""

    queue: str
    type: str
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class OverdueAttempts:
    """Attempts of a type at a worker whose time is over, the first of them for so many seconds."""

    type: str
    worker: str
    jobs: int
    seconds: float
