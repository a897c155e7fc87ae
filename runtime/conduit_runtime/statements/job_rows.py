"""The columns of jobs, as `Job`s are read."""

import typing
from datetime import datetime, timedelta
from typing import Any, get_args

from ..model.job import Job, JobStatus
from ..model.lanes import original
from ..model.payload import decode
from ..model.stored_headers import read_headers, read_trace
from ..postgres.statement import Rows

_ORDER = (
    *("id", "queue", "type", "key", "fingerprint", "status", "priority"),
    *("attempts", "max_attempts", "timeout", "expires", "weight", "created_at", "run_at"),
    *("started_at", "completed_at", "locked_by", "locked_at", "token", "flow"),
    *("payload", "parent", "schedule", "headers", "progress", "error", "errors"),
)
_NO_COLUMNS = {
    *("delay", "unique", "unique_for", "replace", "debounce", "at_most"),
    *("trace", "waits_for", "result", "duplicate", "is_stored"),
}
NAMES = (
    *_ORDER,
    *(name for name in Job.__slots__ if name not in {*_ORDER, *_NO_COLUMNS}),
)
"""The columns of `jobs` that a `Job` has, in the order in which they are shown."""
MOMENT = (
    "CASE WHEN {0} NOTNULL THEN least(greatest({0}, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END"
)
"""SQL of a time that Python can hold: a hand-typed time must not break a listing."""
_KINDS = typing.get_type_hints(Job)


def _read(name: str) -> str:
    kind = _KINDS[name]
    if kind is Any or {list, dict} & {typing.get_origin(each) for each in (kind, *get_args(kind))}:
        return f"{name}::pg_catalog.text"
    return MOMENT.format(name) if datetime in get_args(kind) else name


COLUMNS = ", ".join(map(_read, NAMES))
"""SQL of these columns, for `read_job`."""


def read_jobs(rows: Rows, count: int) -> list[Job]:
    """Decode rows of `COLUMNS`."""
    return [read_job(row) for row in rows]


def read_job(row: tuple[Any, ...]) -> Job:
    """Decode one row of `COLUMNS`."""
    values = dict(zip(NAMES, row, strict=True))
    errors = decode(values["errors"] or "[]")
    values |= {
        "fingerprint": original(values["fingerprint"]) or None,
        "status": JobStatus(values["status"]),
        "payload": decode(values["payload"] or "null"),  # of a blocked job, JSON's null is NULL
        "errors": errors if isinstance(errors, list) else [errors],
        "expires": None if (seconds := values["expires"]) is None else timedelta(seconds=seconds),
        "progress": decode(values["progress"]) if values["progress"] else None,
        "headers": read_headers(values["headers"]),
        "trace": read_trace(values["headers"]),
    }
    return Job(**values, is_stored=True)
