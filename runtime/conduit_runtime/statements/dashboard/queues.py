"""The queues, without counts of jobs that have ended."""

from collections.abc import Sequence

from ...model.dashboard.queues import QueueSettings
from ...model.queues.stats import QueueDepth
from ...model.workers.worker_state import LEASE
from ...postgres.statement import Statement
from ..metrics import queue_gauges
from .reach import USUAL, Reach

MOST = 500
"""The most queues that are shown."""


def settings(queue: str | None = None) -> Statement[list[QueueSettings]]:
    """The first MOST queues by name, or one, with live workers and the settings of operators."""
    return Statement(
        "dashboard/queues",
        {"lease": LEASE, "limit": MOST, "queue": queue},
        lambda rows, count: [QueueSettings(*row) for row in rows],
    )


def gauges(queues: Sequence[str], reach: Reach = USUAL) -> Statement[list[QueueDepth]]:
    """The jobs of these queues; `deepest(queues)` is how far each queue is counted."""
    return queue_gauges(queues, deepest(queues, reach))


def deepest(queues: Sequence[str], reach: Reach = USUAL) -> int:
    """The most due jobs of a queue that are counted: fewer, the more queues there are."""
    return max(reach.due_of_queue, reach.due // max(1, len(queues)))
