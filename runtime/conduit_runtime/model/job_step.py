"""A step of a job, as people see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class JobStep:
    """A finished step of a job, or a sleep or a wait for a signal of this name.

    `attempt` is the number of the attempt that began it, and `value` is what it returned or keeps,
    as JSON. If the job still waits for it, `waits` says for what, and `ended_at` is when it ends at
    the latest.
    """

    name: str
    attempt: int
    started_at: datetime
    ended_at: datetime
    value: Any = None
    waits: Literal["signal", "sleep"] | None = None

    @property
    def seconds(self) -> float:
        """How long it took, or takes at most."""
        return (self.ended_at - self.started_at).total_seconds()
