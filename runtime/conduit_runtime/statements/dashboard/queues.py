"""The queues, without counts of jobs that have ended."""

from collections.abc import Sequence

from ...model.dashboard.queues import QueueSettings
from ...model.queues.stats import QueueDepth
from ...model.workers.worker_state import LEASE
from ...postgres.statement import Statement
from ..metrics import queue_gauges

MOST = 500
"""The most queues that are shown."""
_COUNTED = 100_000
"""The most due jobs that are counted, over all queues.

That takes 20 ms, and many times as long if a busy worker leaves dead rows.
"""
_FEWEST = 100
"""The due jobs of a queue that are counted in any case."""


def settings(queue: str | None = None) -> Statement[list[QueueSettings]]:
    """The first MOST queues by name, or one, with live workers and the settings of operators."""
    return Statement(
        "dashboard/queues",
        {"lease": LEASE, "limit": MOST, "queue": queue},
        lambda rows, count: [QueueSettings(*row) for row in rows],
    )


def gauges(queues: Sequence[str]) -> Statement[list[QueueDepth]]:
    """The jobs of these queues; `deepest(queues)` is how far each queue is counted."""
    return queue_gauges(queues, deepest(queues))


def deepest(queues: Sequence[str]) -> int:
    """The most due jobs of a queue that are counted: fewer, the more queues there are."""
    return max(_FEWEST, _COUNTED // max(1, len(queues)))
