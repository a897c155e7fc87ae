"""Actions on all jobs that match a filter, in batches whose progress `conduit_audit` counts."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from ...model.dashboard.audit import AuditEntry, AuditState
from ...model.dashboard.job_filter import JobFilter
from ...postgres.statement import Statement, nothing, touched
from ...postgres.steps import Steps
from ..many.changes import JobChange, change_jobs
from .audit import COLUMNS, read_entries
from .ids import LEAST
from .matching import by_id, fragments, values
from .reach import USUAL, Reach

Begin: TypeAlias = tuple[datetime, UUID | None]
"""The time at which an action began, and the last job that there was."""
Shown = Callable[[Sequence[UUID]], Steps[Sequence[UUID]]]
"""Returns which of these jobs still match when their hidden values are left out."""


def change_matching(
    change: JobChange, wanted: JobFilter, shown: Shown | None = None, reach: Reach = USUAL
) -> Steps[int]:
    """Change the jobs that match, and return how many were changed.

    Each statement reads and changes a bounded number of jobs. Jobs that are enqueued after the
    start stay as they are, and so do those whose change Postgres refuses.
    """
    if wanted.stored_status not in (None, *change.statuses):
        return 0
    begun = yield begin()
    refused = change.refused()
    after: UUID | None = LEAST
    changed = 0
    while after is not None:
        ids, after = yield from next_to_change(change, wanted, begun, after, shown, reach)
        changed += yield from change_jobs(change, ids, refused)
    return changed


def begin() -> Statement[Begin]:
    """Read when an action on all matching jobs begins: it changes no later jobs."""
    return Statement("dashboard/bulk/begin", {}, lambda rows, count: rows[0])


def next_to_change(
    change: JobChange,
    wanted: JobFilter,
    begun: Begin,
    after: UUID,
    shown: Shown | None = None,
    reach: Reach = USUAL,
) -> Steps[tuple[Sequence[UUID], UUID | None]]:
    """Find the next jobs to change, a batch at most, and the id to go on from; None at the end."""
    until, last = begun
    if last is None or wanted.stored_status not in (None, *change.statuses):
        return [], None
    parameters = {
        **values(wanted, until=until),
        "after": after,
        "last": last,
        "statuses": [*change.statuses],
        "scanned": reach.scanned,
        "limit": reach.changed,
    }
    ids: Sequence[UUID]
    ids, further = yield Statement(
        "dashboard/bulk/to_change",
        parameters,
        lambda rows, count: rows[0],
        fragments(wanted, by_id(wanted), until=until),
    )
    if shown is not None:
        ids = yield from shown(ids)
    return ids, further


def progress(id: int, changed: int) -> Statement[bool]:
    """Note that so many more jobs are changed; returns False if the action is to stop."""
    return Statement("dashboard/bulk/progress", {"id": id, "changed": changed}, touched)


def end(id: int, state: AuditState) -> Statement[None]:
    """Note how an action in the background ended."""
    return Statement("dashboard/bulk/end", {"id": id, "state": state}, nothing)


def stop(id: int, action: str) -> Statement[bool]:
    """Have the action of this id stop after its batch; returns False if no such action runs."""
    return Statement("dashboard/bulk/stop", {"id": id, "action": action}, touched)


def take_over(id: int, action: str) -> Statement[bool]:
    """Note that an interrupted action continues; returns False if no such action is interrupted."""
    return Statement("dashboard/bulk/take_over", {"id": id, "action": action}, touched)


def recent() -> Statement[list[AuditEntry]]:
    """The actions in the background that run, or ended at most a minute ago."""
    return Statement("dashboard/bulk/recent", {}, read_entries, COLUMNS)
