"""The columns of a job, and the `Job` that is made of them."""

from typing import Any

from ..model.job import Job, JobStatus
from ..model.payload import decode
from ..postgres.statement import Rows
from ..trace_context.headers import read_trace

_PLAIN = (
    *("id", "queue", "type", "fingerprint", "priority", "max_attempts", "timeout", "status"),
    *("attempts", "error", "locked_by", "token", "flow"),
)
_JSON = ("payload", "errors", "progress", "trace")
_TIMES = ("run_at", "created_at", "started_at", "completed_at", "locked_at")
_NAMES = (*_PLAIN, *_JSON, *_TIMES)
# A time as Python can hold it: a hand-typed one must not break a listing.
_MOMENT = (
    "CASE WHEN {0} NOTNULL THEN least(greatest({0}, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END"
)
COLUMNS = ", ".join(
    [
        *_PLAIN,
        *(f"{name}::pg_catalog.text" for name in _JSON),
        *(_MOMENT.format(name) for name in _TIMES),
    ]
)


def read_jobs(rows: Rows, count: int) -> list[Job]:
    """Decode rows of `COLUMNS`."""
    return [read_job(row) for row in rows]


def read_job(row: tuple[Any, ...]) -> Job:
    """Decode one row of `COLUMNS`."""
    values = dict(zip(_NAMES, row, strict=True))
    errors = decode(values["errors"] or "[]")
    values |= {
        "fingerprint": values["fingerprint"] or None,
        "status": JobStatus(values["status"]),
        "payload": decode(values["payload"]),
        "errors": errors if isinstance(errors, list) else [errors],
        "progress": decode(values["progress"]) if values["progress"] else None,
        "trace": read_trace(values["trace"]),
    }
    return Job(**values, is_stored=True)
