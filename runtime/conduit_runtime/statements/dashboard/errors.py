"""The dashboard's statements about failed jobs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from ...model.dashboard.errors import ErrorExample, ErrorGroup, Errors
from ...model.payload import decode
from ...postgres.statement import Rows, Statement
from ..job_rows import MOMENT
from .ids import GREATEST

READ = 5_000
"""Failed jobs of a filter that are read: those that were enqueued last."""
SCANNED = 50_000
"""Failed jobs that are searched for those of a filter."""
GROUPS = 50
"""The most groups that are returned."""
PARTS = 24
"""The equal parts of the period in which failures are counted."""

_LARGEST = 100_000
"""The most bytes of a payload that is returned."""


def error_groups(
    last: timedelta | None = None,
    *,
    queue: str | None = None,
    type: str | None = None,
    before: UUID | None = None,
    read: int = READ,
    scanned: int = SCANNED,
    groups: int = GROUPS,
) -> Statement[Errors]:
    """Group failed jobs by type and error, the largest groups first.

    `last` is the period until now; without it, the period begins with the first failure that is
    read. With `before`, only jobs with a lesser id are read. If `read` or `scanned` ends it, the
    result says how far back the search came.
    """
    parameters = {
        "last": last and last.total_seconds(),
        "queue": queue,
        "type": type,
        "before": before or GREATEST,
        "limit": read,
        "scanned": scanned,
        "groups": groups,
        "parts": PARTS,
        "largest": _LARGEST,
    }

    def read_groups(rows: Rows, count: int) -> Errors:
        since, until, found, older, older_at, type_, *_ = rows[0]
        all_groups = rows[0][14] or 0
        own = [row[5:] for row in rows if type_ is not None]
        groups, examples = [*map(_group, own)], [*map(_example, own)]
        return Errors(groups, examples, all_groups, found, older, older_at, since, until)

    return Statement(
        "dashboard/errors/groups",
        parameters,
        read_groups,
        {"pattern": "found.pattern", "moment": MOMENT.format("last.created_at")},
    )


def _group(row: tuple[Any, ...]) -> ErrorGroup:
    type_, key, pattern, jobs, first_seen, last_seen, latest, parts, counts, *_ = row
    by_part = dict(zip(parts, counts, strict=True))
    dense = [by_part.get(part, 0) for part in range(PARTS)]
    return ErrorGroup(type_, key, pattern, jobs, first_seen, last_seen, latest, dense)


def _example(row: tuple[Any, ...]) -> ErrorExample:
    *_, fingerprint, error, payload = row
    return ErrorExample(fingerprint, error or "", None if payload is None else decode(payload))
