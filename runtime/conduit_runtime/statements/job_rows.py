"""The columns of jobs: how `Job`s are read, and how they are written as arrays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from ..model.job import Job, JobStatus
from ..model.lanes import original
from ..model.payload import decode
from ..model.stored_headers import read_headers, read_trace
from ..postgres.arrays import array, floats, texts, times, uuids
from ..postgres.statement import Rows

Row = Mapping[str, Any]

_PLAIN = (
    *("id", "queue", "type", "fingerprint", "priority", "max_attempts", "timeout", "status"),
    *("attempts", "error", "locked_by", "token", "flow", "parent", "schedule"),
)
_JSON = ("payload", "errors", "progress", "headers")
_TIMES = ("run_at", "created_at", "started_at", "completed_at", "locked_at")
_NAMES = (*_PLAIN, *_JSON, *_TIMES)
MOMENT = (
    "CASE WHEN {0} NOTNULL THEN least(greatest({0}, '0001-01-02 00:00Z'), '9999-12-30 00:00Z') END"
)
"""SQL of a time that Python can hold: a hand-typed time must not break a listing."""
COLUMNS = ", ".join(
    [
        *_PLAIN,
        *(f"{name}::pg_catalog.text" for name in _JSON),
        *(MOMENT.format(name) for name in _TIMES),
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
        "fingerprint": original(values["fingerprint"]) or None,
        "status": JobStatus(values["status"]),
        "payload": decode(values["payload"]),
        "errors": errors if isinstance(errors, list) else [errors],
        "progress": decode(values["progress"]) if values["progress"] else None,
        "headers": read_headers(values["headers"]),
        "trace": read_trace(values["headers"]),
    }
    return Job(**values, is_stored=True)


# Columns with NULLs go in binary: with array_nulls off, the server would read NULL as a text.
_WRITERS: dict[str, Callable[[Iterable[Any]], str | bytes]] = {
    "id": uuids,
    "queue": array,
    "type": array,
    "fingerprint": array,
    "payload": texts,
    "priority": array,
    "max_attempts": array,
    "timeout": floats,
    "run_at": times,
    "delay": array,
}
_FURTHER: dict[str, Callable[[Iterable[Any]], str | bytes]] = {
    "headers": texts,
    "key": texts,
    "unique_for": floats,
    "flow": uuids,
    "on_failure": texts,
}


def columns(rows: Sequence[Row]) -> dict[str, str | bytes]:
    """Rows of `insert_parameters` as columns; the headers only if a row has some."""
    found = {name: write([row[name] for row in rows]) for name, write in _WRITERS.items()}
    if any("headers" in row for row in rows):
        found["headers"] = texts([row.get("headers") for row in rows])
    return found


def enqueue_parameters(
    rows: Sequence[Row], parents: Sequence[UUID] | None = None
) -> dict[str, Any]:
    """The parameters of a call that stores jobs, some of which are unique or in flows.

    `rows` are those of `insert_parameters` or `flow_rows`. `parents` has one entry for each row:
    the job that enqueues it.
    """
    dependencies = [link for row in rows for link in row.get("dependencies", ())]
    found: dict[str, Any] = columns(rows)
    found |= {name: write([row.get(name) for row in rows]) for name, write in _FURTHER.items()}
    if parents is not None:
        found["parent"] = uuids(parents)
    found["before"] = uuids([before for before, _ in dependencies])
    found["after"] = uuids([after for _, after in dependencies])
    return found
