"""The part of a queue's state that can be read quickly."""

from dataclasses import dataclass
from datetime import datetime

from ..queues.controls import Origin


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue: how many live workers serve it, and the settings of operators.

    `keep_completed` and `keep_failed` are how long its ended jobs are kept, in seconds. In a
    `fair` queue, keys take turns; `fair_from` is where that is set.
    """

    queue: str
    workers: int
    paused_at: datetime | None = None
    concurrency: int | None = None
    key_concurrency: int | None = None
    keep_completed: float | None = None
    keep_failed: float | None = None
    fair: bool = False
    fair_from: Origin | None = None
