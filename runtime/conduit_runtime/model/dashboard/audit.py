"""The record of what users of the dashboard did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

AuditState: TypeAlias = Literal["done", "running", "stopping", "stopped", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An action of a user, on some jobs, queues or schedules, and how many of them it changed.

    `target` has the ids, the filter or the names. `total` and `finished_at` are set only for an
    action in the background; `state` is the state of the action.
    """

    id: int
    at: datetime
    actor: str
    action: str
    target: Mapping[str, Any]
    count: int
    total: int | None = None
    state: AuditState = "done"
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last change of a queue or a schedule; `id` is its `AuditEntry`."""

    id: int
    at: datetime
    actor: str
    action: str
