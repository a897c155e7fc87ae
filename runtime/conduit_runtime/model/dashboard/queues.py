"""The state of a queue, as far as it can be read quickly."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue: how many live workers serve it, and what operators set.

    `keep_completed` and `keep_failed` are how long its ended jobs are kept, in seconds.
    """

    queue: str
    workers: int
    paused_at: datetime | None = None
    concurrency: int | None = None
    keep_completed: float | None = None
    keep_failed: float | None = None
