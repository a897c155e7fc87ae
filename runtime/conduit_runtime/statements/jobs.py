"""What applications do with jobs: each operation as a statement, without IO."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from ..model.arguments import LONGEST, check_text, check_type, describe_argument, is_whole
from ..model.errors import PayloadError
from ..model.job import Job, JobStatus
from ..model.payload import check_name, decode, encode
from ..model.stats import QueueOverview, QueueStats
from ..postgres.statement import Rows, Statement, sql, touched
from ..trace_context.headers import read_trace, trace_fragments, trace_of
from .bulk import Filter
from .columns import columns, enqueue_call
from .unique_keys import Duplicate, duplicates_of, key_parameters

Row = Mapping[str, Any]

_LONGEST = sys.float_info.max
BATCH_BYTES = 16_000_000
"""Bytes of jobs that one statement inserts; a single job may have more."""
MOST_PARTS = 16
"""Times as many bytes as what cannot be stored in parts may have."""
_ROW = 400
"""Bytes of a job beside its payload, roughly."""
_DEPENDENCY = 50
"""Bytes of a dependency, roughly."""
_FEW = 2_000
"""Jobs of a statement that may hold the shared idle lock: an idle worker retries for that long."""


def _moment(column: str) -> str:
    """A time as Python can hold it: a hand-typed one must not break a listing."""
    earliest, latest = "'0001-01-02 00:00Z'", "'9999-12-30 00:00Z'"
    return f"CASE WHEN {column} NOTNULL THEN least(greatest({column}, {earliest}), {latest}) END"


_TIMES = {
    name: _moment(name)
    for name in ("run_at", "created_at", "started_at", "completed_at", "locked_at")
}
COLUMNS = (
    "queue, type, payload::pg_catalog.text, priority, max_attempts, {run_at}, id, fingerprint, "
    "timeout, status, attempts, error, errors::pg_catalog.text, progress::pg_catalog.text, "
    "{created_at}, {started_at}, {completed_at}, locked_by, {locked_at}, token, flow, "
    "trace::pg_catalog.text"
).format(**_TIMES)


def unstored(job: Job) -> Job:
    """The job, or another one like it when it is stored. Raises TypeError for what is no job."""
    check_type(job, "job", Job, "a Job")
    return job.unstored()


def insert_job(job: Job, schema: str | None, *, alone: bool = False) -> Statement[list[Duplicate]]:
    """`insert_jobs` for one job."""
    return insert_jobs([job], schema, alone=alone)[0]


def insert_jobs(
    jobs: Sequence[Job], schema: str | None, *, alone: bool = False
) -> list[Statement[list[Duplicate]]]:
    """Insert any number of jobs, in their order: in one statement unless they are large or many.

    A statement that is `alone` in its transaction checks the idle lock by itself, which costs
    less than a check at the commit. A long one does not: it would keep workers from the
    idle lock meanwhile.

    Needs no privilege but INSERT and, for unique jobs, to call `conduit_enqueue`. Each returns its
    duplicates. Raises PayloadError, before any SQL, for a job that Postgres would refuse.
    """
    rows = [insert_parameters(job) for job in jobs]
    if len(rows) == 1 and len(rows[0]) == len(_PARAMETERS):
        return [Statement(insert_one(schema, alone), rows[0], _no_duplicates)]
    if len({job.id.int for job in jobs}) < len(jobs):
        raise PayloadError("a job is given twice: make a second job")
    parts = batches(rows)
    if len(parts) <= MOST_PARTS and any("key" in row for row in rows):
        return [enqueue(jobs, rows, schema)]  # which locks the keys in one order
    statements: list[Statement[list[Duplicate]]] = []
    start = 0
    for part in parts:
        those = jobs[start : start + len(part)]
        statements.append(_insert_rows(part, those, schema, alone and len(rows) <= _FEW))
        start += len(part)
    return statements


def _insert_rows(
    rows: Sequence[Mapping[str, Any]], jobs: Sequence[Job], schema: str | None, asks: bool
) -> Statement[list[Duplicate]]:
    if any("key" in row for row in rows):
        return enqueue(jobs, rows, schema)
    parameters = columns(rows)
    notifies = sql("enqueue/notifies", schema, **_COLUMNS) if asks else "true"
    inserting = sql("enqueue/insert_jobs", schema, notifies=notifies, **trace_fragments(parameters))
    return Statement(inserting, parameters, _no_duplicates)


def enqueue(
    jobs: Sequence[Job], rows: Sequence[Mapping[str, Any]], schema: str | None
) -> Statement[list[Duplicate]]:
    """Store jobs of which some are unique or in flows; `rows` says of each what an insert does.

    Raises PayloadError for more than one statement may hold.
    """
    if len(parts := batches(rows)) > MOST_PARTS:
        raise PayloadError(
            f"unique jobs or jobs of flows are {len(parts) / MOST_PARTS:.1f} times as large as may "
            "be stored together: enqueue them in several calls"
        )
    call, parameters = enqueue_call(rows, schema)
    return Statement(
        sql("enqueue/enqueue_jobs", schema, enqueue=call), parameters, duplicates_of(jobs)
    )


def batches(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows in parts, each small enough for one statement."""
    parts: list[list[Row]] = [[]]
    weight = 0
    for row in rows:
        added = len(row["payload"]) + _ROW + _DEPENDENCY * len(row.get("dependencies", ()))
        if parts[-1] and weight + added > BATCH_BYTES:
            parts.append([])
            weight = 0
        parts[-1].append(row)
        weight += added
    return parts


@lru_cache(maxsize=64)
def insert_one(schema: str | None, alone: bool = False) -> str:
    """The INSERT of one job; `alone` is that of `insert_jobs`."""
    notifies = sql("enqueue/notifies", schema, **_VALUES) if alone else "true"
    return sql("enqueue/insert_job", schema, notifies=notifies)


_COLUMNS = {name: name for name in ("run_at", "delay", "queue")}
_VALUES = {
    "run_at": "%(run_at)s::timestamptz",
    "delay": "%(delay)s::float8",
    "queue": "%(queue)s",
}


def _no_duplicates(rows: Rows, count: int) -> list[Duplicate]:
    return []


_PARAMETERS = (
    *("id", "queue", "type", "fingerprint", "payload", "priority", "max_attempts", "timeout"),
    *("run_at", "delay"),
)


def insert_parameters(job: Job) -> dict[str, Any]:
    """What an insert says of a job.

    Raises PayloadError for what Postgres would refuse, TypeError for what is no job.
    """
    check_options(job)
    row = {
        "id": job.id,
        "queue": job.queue,
        "type": job.type,
        "fingerprint": job.fingerprint or "",
        "payload": encode(job.payload),
        "priority": int(job.priority),
        "max_attempts": job.max_attempts,
        "timeout": job.timeout,
        "run_at": job.run_at,
        "delay": job.delay.total_seconds() if job.delay is not None else 0.0,
    }
    if job.unique is not None or job.unique_for is not None:
        row |= key_parameters(job)
    if (trace := trace_of(job.trace)) is not None:
        row["trace"] = trace
    return row


def check_options(job: Job) -> None:
    """Raise PayloadError for what Postgres would refuse of a job, but for its payload and key."""
    if not isinstance(job, Job):
        raise TypeError(describe_argument("job", job, "a Job"))
    check_name(job.queue, "queue")
    check_name(job.type, "type")
    if job.fingerprint:
        check_name(job.fingerprint, "fingerprint")
    if not isinstance(job.id, UUID):
        raise PayloadError(f"id is {job.id!r}: use a UUID")
    if not is_whole(job.priority) or not 0 <= job.priority <= 100:
        raise PayloadError(
            describe_argument("priority", job.priority, "0 to 100, or a JobPriority")
        )
    if not is_whole(job.max_attempts) or not 1 <= job.max_attempts < 2**31:
        raise PayloadError(
            describe_argument("max_attempts", job.max_attempts, "a whole number from 1")
        )
    if job.timeout is not None and not _is_positive(job.timeout):
        raise PayloadError(
            describe_argument("timeout", job.timeout, "a positive number of seconds")
        )
    if job.run_at is not None:
        check_aware(job.run_at, "run_at")
    if job.delay is not None:
        if not isinstance(job.delay, timedelta):
            raise PayloadError(describe_argument("delay", job.delay, "a timedelta"))
        if abs(job.delay) > LONGEST:
            raise PayloadError(f"delay is {job.delay}: use at most {LONGEST.days:,} days")


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and value is not True and 0 < value <= _LONGEST


def check_aware(moment: datetime, what: str) -> None:
    """Raise PayloadError for what is no datetime with a time zone."""
    if not isinstance(moment, datetime):
        raise PayloadError(describe_argument(what, moment, "an aware datetime"))
    if moment.tzinfo is None:
        raise PayloadError(f"{what} is {moment}, without a time zone: use an aware datetime")


def due(job: Job, run_at: datetime | timedelta) -> Job:
    """Set when a job is due: at an aware time, or a delay from now on the server's clock."""
    check_type(job, "job", Job, "a Job")
    check_type(run_at, "run_at", (datetime, timedelta), "an aware datetime or a timedelta")
    if isinstance(run_at, timedelta):
        job.run_at, job.delay = None, run_at
    else:
        job.run_at, job.delay = run_at, None
    return job


def job_id(id: UUID | str) -> UUID:
    """The id as a UUID. Raises ValueError for a text that is none, TypeError for other things."""
    if isinstance(id, UUID):
        return id
    check_type(id, "id", str, "a UUID")
    try:
        return UUID(id)
    except ValueError:
        raise ValueError(describe_argument("id", id, "a UUID")) from None


def get_job(id: UUID, schema: str | None) -> Statement[Job | None]:
    """Read one job; None when there is none."""
    return Statement(
        sql("job/get_job", schema, columns=COLUMNS),
        {"ids": [id]},
        lambda rows, count: _read_whole(rows[0]) if rows else None,
    )


def _read_whole(row: tuple[Any, ...]) -> Job:
    """Decode one row of `COLUMNS` and what is kept elsewhere."""
    *columns, waits_for, result = row
    job = read_job(tuple(columns))
    if waits_for:
        job.waits_for, job.run_at = waits_for, None
    job.result = decode(result) if result is not None else None
    return job


def get_jobs(ids: Sequence[UUID], schema: str | None) -> Statement[list[Job]]:
    """Read these jobs, waiting ones too, in no order; those that are gone are missing."""
    reading = sql("job/get_jobs", schema, columns=COLUMNS)
    return Statement(reading, {"ids": list(ids)}, read_jobs)


def check_limit(limit: int) -> None:
    """Raise ValueError for what is no number of jobs that a statement may give."""
    if not is_whole(limit) or not 0 <= limit < 2**31:
        raise ValueError(describe_argument("limit", limit, "a whole number from 0"))


def list_jobs(wanted: Filter, limit: int, schema: str | None) -> Statement[list[Job]]:
    """Read the newest jobs that the filter finds, at most `limit`.

    Raises ValueError, before any SQL, for a filter or a limit that is none.
    """
    check_limit(limit)
    return Statement(
        sql("job/list_jobs", schema, columns=COLUMNS),
        {**wanted.parameters(), "limit": limit},
        read_jobs,
    )


def stats(queue: str | None, schema: str | None) -> Statement[QueueStats]:
    """Count the jobs of a queue, or of all, by status."""
    check_text(queue, "queue")
    return Statement(
        sql("job/stats", schema),
        {"queue": queue},
        lambda rows, count: QueueStats(**dict(rows)),
    )


def queues(schema: str | None) -> Statement[list[QueueOverview]]:
    """The state of every queue that holds jobs, has workers, is paused or is limited."""
    return Statement(
        sql("job/queues", schema), {}, lambda rows, count: [QueueOverview(*row) for row in rows]
    )


def cancel_job(id: UUID, schema: str | None) -> Statement[bool]:
    """Cancel a waiting, pending or running job; False when it had ended or is gone."""
    return Statement(sql("job/cancel", schema), {"id": id}, lambda rows, count: bool(rows[0][0]))


def retry_job(id: UUID, schema: str | None) -> Statement[bool]:
    """Make a job due now with all its attempts, whatever its status; False when it is gone."""
    return Statement(sql("job/retry", schema), {"id": id}, touched)


def read_jobs(rows: Rows, count: int) -> list[Job]:
    """Decode rows of `COLUMNS`."""
    return [read_job(row) for row in rows]


def read_job(row: tuple[Any, ...]) -> Job:
    """Decode one row of `COLUMNS`."""
    (queue, type_, payload, priority, max_attempts, run_at, id_, fingerprint, timeout) = row[:9]
    (status, attempts, error, errors, progress) = row[9:14]
    (created_at, started_at, completed_at, locked_by, locked_at, token, flow, trace) = row[14:]
    return Job(
        queue=queue,
        type=type_,
        payload=decode(payload),
        priority=priority,
        max_attempts=max_attempts,
        run_at=run_at,
        id=id_,
        fingerprint=fingerprint or None,
        timeout=timeout,
        status=JobStatus(status),
        attempts=attempts,
        error=error,
        errors=_errors(errors),
        progress=decode(progress) if progress else None,
        created_at=created_at,
        started_at=started_at,
        completed_at=completed_at,
        locked_by=locked_by,
        locked_at=locked_at,
        token=token,
        flow=flow,
        trace=read_trace(trace),
        is_stored=True,
    )


def _errors(text: str | None) -> list[Any]:
    found = decode(text) if text else []
    return found if isinstance(found, list) else [found]
