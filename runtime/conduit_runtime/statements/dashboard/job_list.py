"""The list of jobs. Each statement reads a bounded number of rows, however large the table is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from ...model.dashboard.job_filter import BY_ID, JobFilter
from ...model.dashboard.job_line import JobCount, JobLine, JobLines
from ...model.payload import decode
from ...postgres.statement import Rows, Statement
from ..job_rows import MOMENT
from .ids import GREATEST, LEAST
from .matching import OF_KEY, Part, by_id, by_index, fragments, rows, values
from .reach import USUAL, Reach

LONGEST_ERROR = 2_000
"""The characters of an error that are read."""
_LARGE = 2_000
"""The most stored bytes of a payload that a list shows."""

_READ = {
    "is_unreadable": "pg_catalog.strpos(job.fingerprint, '!') > 0",
    "is_refused": "{is_refused}",
    "is_due": "job.status = 'pending' AND job.run_at <= pg_catalog.now()",
    "error": f"pg_catalog.left(job.error, {LONGEST_ERROR})",
    "worker": "job.locked_by",
    "payload": f"CASE WHEN pg_catalog.pg_column_size(job.payload) < {_LARGE}"
    " THEN job.payload::pg_catalog.text END",
}
"""SQL of the fields of a line that are no columns, or not read as they are."""


def _column(name: str) -> str:
    column = _READ.get(name, f"job.{name}")
    return MOMENT.format(column) if name.endswith("_at") else column


_COLUMNS = ", ".join(_column(field.name) for field in fields(JobLine))
_NONE: Mapping[str, str] = {}
_ORDERS = {
    "newest": ("id DESC",),
    "oldest": ("id",),
    "attempts": ("attempts DESC", "id DESC"),
    "priority": ("priority DESC", "id DESC"),
}
_TIME_ORDERS = {"pending": ("run_at", "id"), "running": ("started_at", "id")}
_ENDED_ORDER = ("completed_at DESC NULLS LAST", "id DESC")
_ENDED = MOMENT.format("last.created_at")


@dataclass(frozen=True, slots=True)
class Few:
    """The first jobs that match, and their number; None if there are too many to tell."""

    lines: JobLines | None
    count: JobCount


def scan(
    wanted: JobFilter,
    limit: int,
    before: UUID | None = None,
    sort: str = "newest",
    reach: Reach = USUAL,
) -> Statement[JobLines]:
    """Read the newest jobs that match, at most `limit`, with an id that is less than `before`.

    If `sort` is "oldest", read the oldest, with a greater id. It reads a limited number of jobs. If
    fewer than `limit` of them match, the result says how far the scan came. Raises PayloadError,
    before any SQL, for values that Postgres could not hold.
    """

    def decode_lines(found: Rows, count: int) -> JobLines:
        ended, ended_at, *_ = found[0]
        jobs = _lines(found)
        if len(jobs) == limit:
            return JobLines(jobs, jobs[-1].id)
        return JobLines(jobs, ended, ended_at)

    parameters = {"limit": limit, "scanned": _scanned(wanted, reach)}
    start, more = _beyond(before, sort), {"sorted": _ORDERS[sort][0]}
    return _of_part("scan", by_id(wanted), wanted, {**parameters, **start}, decode_lines, more)


def few(
    wanted: JobFilter,
    limit: int,
    before: UUID | None = None,
    sort: str = "newest",
    reach: Reach = USUAL,
) -> Statement[Few] | None:
    """`scan` and `count` of pending or running jobs in one; complete if there are few.

    `sort` may be any order; one by a value has no `before`. None if the filter has another status,
    or none.
    """
    part = by_index(wanted)
    if part is None:
        return None

    def decode_few(rows: Rows, count: int) -> Few:
        scanned, found, *_ = rows[0]
        counted = JobCount(found, scanned, scanned < reach.few)
        if not counted.is_complete:
            return Few(None, counted)
        jobs = _lines(rows)
        is_cut = sort in BY_ID and len(jobs) == limit
        return Few(JobLines(jobs, jobs[-1].id if is_cut else None), counted)

    parameters = {"limit": limit, "scanned": reach.few, **_beyond(before, sort)}
    more = {**rows(wanted, part), **_order(wanted, sort)}
    return _of_part("few", part, wanted, parameters, decode_few, more)


def first(wanted: JobFilter, limit: int, sort: str, reach: Reach = USUAL) -> Statement[Few]:
    """Read the first jobs by a value, at most `limit`, of those that match of the newest ones.

    The count says how many were read. Raises PayloadError, before any SQL, for values that Postgres
    could not hold.
    """
    most = _scanned(wanted, reach)
    part = by_id(wanted)

    def decode_first(rows: Rows, count: int) -> Few:
        scanned, found, *_ = rows[0]
        return Few(JobLines(_lines(rows), None), JobCount(found, scanned, scanned < most))

    parameters = {"limit": limit, "scanned": most, **_beyond(None, sort)}
    more = {"rows": part.rows, **_order(wanted, sort)}
    return _of_part("few", part, wanted, parameters, decode_first, more)


def _beyond(before: UUID | None, sort: str) -> dict[str, UUID]:
    return {"before": before or (LEAST if sort == "oldest" else GREATEST)}


def _order(wanted: JobFilter, sort: str) -> dict[str, str]:
    """The order of the rows, and of the lines of the jobs."""
    order = _ORDERS.get(sort) or _TIME_ORDERS.get(wanted.stored_status or "", _ENDED_ORDER)
    return {"sorted": ", ".join(order), "placed": ", ".join(f"job.{each}" for each in order)}


def count(wanted: JobFilter, reach: Reach = USUAL) -> Statement[JobCount]:
    """Count the jobs that match, among a limited number of the newest; of more by index alone.

    Raises PayloadError, before any SQL, for values that Postgres could not hold.
    """
    names = wanted.given.keys()
    part = by_index(wanted)
    is_by_index = part is not None and names <= {"status", "queue", "type"}
    if part is None or not is_by_index:
        part = by_id(wanted)
        is_by_index = names <= (
            {"status"} if part.has_status else {"key"} if part is OF_KEY else set()
        )
    most = reach.counted if is_by_index else _scanned(wanted, reach)

    def decode_count(rows: Rows, count: int) -> JobCount:
        looked_at, found = rows[0]
        return JobCount(min(found, most), min(looked_at, most), looked_at <= most)

    return _of_part("count", part, wanted, {"scanned": most + 1}, decode_count)


def these(ids: Sequence[UUID]) -> Statement[list[JobLine]]:
    """Read these jobs as a list shows them; jobs that are gone are missing."""
    return Statement(
        "SELECT {columns} FROM {jobs} AS job WHERE job.id = ANY (%(ids)s::uuid[])",
        {"ids": [*ids]},
        lambda rows, count: [_line(*row) for row in rows],
        {"columns": _COLUMNS},
    )


def _scanned(wanted: JobFilter, reach: Reach) -> int:
    """How many jobs are read: fewer if their errors are read, which are not stored in the row."""
    return reach.scanned if wanted.worker is None else reach.scanned // 10


def _of_part(
    query: str,
    part: Part,
    wanted: JobFilter,
    parameters: dict[str, Any],
    decode: Any,
    more: Mapping[str, str] = _NONE,
) -> Statement[Any]:
    return Statement(
        f"dashboard/jobs/{query}",
        {**values(wanted), **parameters},
        decode,
        {
            **fragments(wanted, part),
            "columns": _COLUMNS,
            "moment": _ENDED,
            "beyond": ">" if more.get("sorted") == "id" else "<",
            **more,
        },
    )


def _lines(rows: Rows) -> list[JobLine]:
    return [_line(*row[2:]) for row in rows if row[2] is not None]


def _line(*columns: Any) -> JobLine:
    payload = columns[-1]
    values = [*columns[:-1], None if payload is None else decode(payload)]
    return JobLine(*values)
