"""Who changed queues and schedules last."""

from collections.abc import Sequence

from ...model.dashboard.changes import LastChange
from ...postgres.statement import Statement

_LATEST = 5_000
"""Changes that are looked through."""


def last_changes(key: str, actions: Sequence[str]) -> Statement[dict[str, LastChange]]:
    """The last of these actions for each name: the value of `key` in what they were about."""
    return Statement(
        "dashboard/audit/last_changes",
        {"key": key, "actions": [*actions], "limit": _LATEST},
        lambda rows, count: {name: LastChange(*change) for name, *change in rows},
    )
