"""The queues, without counting what has ended."""

from collections.abc import Sequence

from ...model.dashboard.queues import QueueSettings
from ...model.queues.stats import QueueGauges
from ...model.workers.worker_state import LEASE
from ...postgres.statement import Statement
from ..metrics import queue_gauges

MOST = 500
"""Queues that are shown at most."""
_COUNTED = 20_000
"""Due jobs that are counted at most, over all queues.

That takes 4 ms, and many times as long where a busy worker leaves dead rows.
"""
_FEWEST = 100
"""Due jobs of a queue that are counted in any case."""


def settings(queue: str | None = None) -> Statement[list[QueueSettings]]:
    """The first MOST queues by name, or this one, with live workers and what operators set."""
    return Statement(
        "dashboard/queues",
        {"lease": LEASE, "limit": MOST, "queue": queue},
        lambda rows, count: [QueueSettings(*row) for row in rows],
    )


def gauges(queues: Sequence[str]) -> Statement[list[QueueGauges]]:
    """What these queues hold; `deepest(queues)` says how far each is counted."""
    return queue_gauges(queues, deepest(queues))


def deepest(queues: Sequence[str]) -> int:
    """How many due jobs of a queue are counted at most: fewer, the more queues there are."""
    return max(_FEWEST, _COUNTED // max(1, len(queues)))
