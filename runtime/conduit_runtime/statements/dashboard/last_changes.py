"""The last changes of queues and schedules."""

from collections.abc import Sequence

from ...model.dashboard.changes import LastChange
from ...postgres.statement import Statement

_LATEST = 5_000
"""The most changes that are searched."""


def last_changes(key: str, actions: Sequence[str]) -> Statement[dict[str, LastChange]]:
    """The last of these actions for each name, which is the value of `key` in their targets."""
    return Statement(
        "dashboard/audit/last_changes",
        {"key": key, "actions": [*actions], "limit": _LATEST},
        lambda rows, count: {name: LastChange(*change) for name, *change in rows},
    )
