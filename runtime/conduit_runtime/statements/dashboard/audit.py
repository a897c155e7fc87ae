"""The record of what users of the dashboard did."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...model.dashboard.audit import AuditEntry, AuditState, LastChange
from ...model.payload import decode, encode
from ...postgres.statement import Rows, Statement

_LONGEST = 200
"""The characters of a user's name that are kept."""
_LATEST = 5_000
"""The most changes that are searched."""


def record(
    actor: str,
    action: str,
    target: Mapping[str, Any],
    count: int,
    *,
    total: int | None = None,
    state: AuditState = "done",
) -> Statement[int]:
    """Record an action and return its id; deletes records that are older than a year.

    Raises PayloadError, before any SQL, for a target that Postgres could not hold.
    """
    parameters = {
        "actor": _storable(actor),
        "action": action,
        "target": encode(target),
        "count": count,
        "total": total,
        "state": state,
    }
    return Statement("dashboard/audit/record", parameters, lambda rows, count: int(rows[0][0]))


def entry(id: int) -> Statement[AuditEntry | None]:
    """Read the record of this id; None if there is none."""
    return Statement(
        "SELECT {columns} FROM {conduit_audit} WHERE id = %(id)s::bigint",
        {"id": id},
        lambda rows, count: read_entries(rows, count)[0] if rows else None,
        COLUMNS,
    )


def entries(
    limit: int, *, before: int | None = None, actor: str | None = None, action: str | None = None
) -> Statement[list[AuditEntry]]:
    """Read the newest records; with `before`, only those before the record of that id."""
    parameters = {"limit": limit, "before": before, "actor": actor, "action": action}
    return Statement("dashboard/audit/entries", parameters, read_entries, COLUMNS)


_STATE = (
    "CASE WHEN state IN ('running', 'stopping')"
    " AND seen_at < pg_catalog.now() - interval '2 minutes' THEN 'interrupted' ELSE state END"
)
COLUMNS = {
    "columns": f"id, at, actor, action, target::text, count, total, {_STATE}, finished_at",
}
"""The fragment of the columns that `read_entries` decodes."""


def read_entries(rows: Rows, count: int) -> list[AuditEntry]:
    """Decode rows of `COLUMNS`."""
    return [
        AuditEntry(id, at, actor, action, _target(decode(target)), *rest)
        for id, at, actor, action, target, *rest in rows
    ]


def last_changes(key: str, actions: Sequence[str]) -> Statement[dict[str, LastChange]]:
    """The last of these actions for each name, which is the value of `key` in their targets."""
    return Statement(
        "dashboard/audit/last_changes",
        {"key": key, "actions": [*actions], "limit": _LATEST},
        lambda rows, count: {name: LastChange(*change) for name, *change in rows},
    )


def _target(value: Any) -> dict[str, Any]:
    """The target as a dict; a hand-typed target may be any JSON."""
    return value if isinstance(value, dict) else {"target": value}


def _storable(actor: str) -> str:
    """The name without what Postgres refuses, and cut to `_LONGEST` characters."""
    return actor.replace("\0", "").encode(errors="replace").decode()[:_LONGEST]
