"""The operations of applications on jobs, as statements without IO."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any
from uuid import UUID

from ..model.arguments import LONGEST, check_text, check_type, describe_argument, is_whole
from ..model.errors import PayloadError
from ..model.headers import headers_here
from ..model.job import Job
from ..model.job_key import key_text
from ..model.lanes import MARK, is_unreadable
from ..model.new_job import OPTIONAL, PLAIN, NewJob
from ..model.payload import check_name, decode, encode
from ..model.queues.stats import QueueOverview, QueueStats
from ..postgres.statement import Rows, Statement, touched
from ..trace_context.headers import headers_to_store
from .job_rows import COLUMNS, read_job, read_jobs
from .many.bulk import Filter
from .new_jobs import ENQUEUING, enqueue_parameters, inserted, inserted_alone
from .unique_keys import Duplicate, at_most_of, duplicates_of, key_of_job

BATCH_BYTES = 16_000_000
"""Bytes of jobs that one statement inserts; a single job may have more."""
MOST_PARTS = 16
"""Jobs that cannot be stored in parts may have this many times BATCH_BYTES."""
_ROW = 400
"""The bytes of a job beside its payload, roughly."""
_DEPENDENCY = 50
"""The bytes of a dependency, roughly."""
_FEW = 2_000
"""The most jobs of a statement that takes the idle lock: an idle worker retries until it ends."""


def unstored(job: Job) -> Job:
    """The job or, if it is already stored, another one like it. TypeError for anything else."""
    check_type(job, "job", Job, "a Job")
    return job.unstored()


def insert_job(job: Job, *, alone: bool = False) -> Statement[list[Duplicate]]:
    """`insert_jobs` for one job."""
    return insert_jobs([job], alone=alone)[0]


def insert_jobs(jobs: Sequence[Job], *, alone: bool = False) -> list[Statement[list[Duplicate]]]:
    """Insert any number of jobs, in order; in one statement unless they are large or many.

    A statement that is `alone` in its transaction checks the idle lock by itself, which costs less
    than a check at the commit. A long one leaves the check to the commit, because it would keep
    workers from the idle lock until then.

    Needs only the privilege INSERT and, for unique jobs, that to call `conduit_enqueue`. Each
    statement returns its duplicates. Raises PayloadError, before any SQL, for a job that Postgres
    would refuse.
    """
    return insert_rows(jobs, [new_job(job) for job in jobs], alone=alone)


def insert_rows(
    jobs: Sequence[Job], rows: Sequence[NewJob], *, alone: bool = False
) -> list[Statement[list[Duplicate]]]:
    """`insert_jobs` for jobs whose `new_job` is given."""
    if len(rows) == 1 and rows[0].digest is None:
        parameters, fragments = inserted_alone(rows[0])
        fragments = {**fragments, **_ONE_ROW[alone]}
        return [Statement("enqueue/insert_job", parameters, _no_duplicates, fragments)]
    if len({job.id.int for job in jobs}) < len(jobs):
        raise PayloadError("a job is given twice: make a second job")
    parts = batches(rows)
    if len(parts) <= MOST_PARTS and any(row.digest is not None for row in rows):
        return [enqueue(jobs, rows)]  # this locks the keys in one order
    statements = []
    rest = iter(jobs)
    for part in parts:
        those = [*islice(rest, len(part))]
        if any(row.digest is not None for row in part):
            statements.append(enqueue(those, part))
            continue
        parameters, fragments = inserted(part)
        fragments = {**fragments, **_ROWS[alone and len(rows) <= _FEW]}
        statements.append(Statement("enqueue/insert_jobs", parameters, _no_duplicates, fragments))
    return statements


# Fragments of an insert; the keys say whether it looks for idle workers itself.
_ONE_ROW = {
    False: {"notifies": "true"},
    True: {
        "notifies": "{enqueue/notifies}",
        "run_at": "%(run_at)s::timestamptz",
        "delay": "%(delay)s::float8",
        "queue": "%(queue)s",
    },
}
_ROWS = {
    False: {"notifies": "true"},
    True: {"notifies": "{enqueue/notifies}", "run_at": "run_at", "delay": "delay"},
}


def enqueue(jobs: Sequence[Job], rows: Sequence[NewJob]) -> Statement[list[Duplicate]]:
    """Store jobs, some of which are unique or in flows; `rows` has what to insert for each.

    Raises PayloadError for more jobs than one statement may hold.
    """
    if len(parts := batches(rows)) > MOST_PARTS:
        raise PayloadError(
            f"these unique jobs or jobs of flows are {len(parts) / MOST_PARTS:.1f} times as large "
            "as one call may store: enqueue them in several calls"
        )
    fragments = {"function": "{conduit_enqueue}", "parents": "", **ENQUEUING}
    parameters = enqueue_parameters(rows)
    return Statement("enqueue/enqueue_jobs", parameters, duplicates_of(jobs), fragments)


def batches(rows: Sequence[NewJob]) -> list[list[NewJob]]:
    """The rows in parts, each small enough for one statement."""
    parts: list[list[NewJob]] = [[]]
    weight = 0
    for row in rows:
        added = len(row.payload) + _ROW + _DEPENDENCY * len(row.dependencies)
        if parts[-1] and weight + added > BATCH_BYTES:
            parts.append([])
            weight = 0
        parts[-1].append(row)
        weight += added
    return parts


def _no_duplicates(rows: Rows, count: int) -> list[Duplicate]:
    return []


def new_job(job: Job, parent: Mapping[str, str] | None = None, text: str | None = None) -> NewJob:
    """The row to insert for a job; `parent` are the headers of the job that enqueues it.

    `text` is the JSON of the payload, if it is known.
    Raises PayloadError for a job that Postgres would refuse, TypeError for anything else.
    """
    check_options(job)
    row = NewJob(*_REQUIRED(job))
    row.payload = encode(job.payload) if text is None else text
    row.priority = int(job.priority)
    row.fingerprint = job.fingerprint or ""
    for name in _AS_GIVEN:
        if (value := getattr(job, name)) is not None:
            setattr(row, name, value)
    if job.delay is not None:
        row.delay = job.delay.total_seconds()
    if job.key is not None:
        row.key = key_text(job.key)
    if job.expires is not None:
        row.expires = job.expires.total_seconds()
    if job.unique is not None or job.unique_for is not None or job.replaces:
        row.digest, row.unique_for = key_of_job(job)
        row.at_most = at_most_of(job)
    if job.debounce is not None:
        row.delay = job.debounce.total_seconds()
    row.headers = headers_to_store(
        job.headers, job.trace, headers_here() if parent is None else parent
    )
    return row


_REQUIRED = attrgetter(*(name for name in PLAIN if name not in OPTIONAL))
_CONVERTED = {"fingerprint", "headers", "expires", "key"}
_AS_GIVEN = [name for name in PLAIN if name in OPTIONAL and name not in _CONVERTED]


def check_options(job: Job) -> None:
    """Raise PayloadError for options of a job, except its key, that Postgres would refuse."""
    check_type(job, "job", Job, "a Job")
    if not (isinstance(job.queue, str) and isinstance(job.type, str)):
        _refuse_containers(job)
    check_name(job.queue, "queue")
    check_name(job.type, "type")
    if job.fingerprint:
        check_name(job.fingerprint, "fingerprint")
        if is_unreadable(job.fingerprint):
            raise PayloadError(f"fingerprint is {job.fingerprint!r}: use one without {MARK!r}")
    if not isinstance(job.id, UUID):
        raise PayloadError(f"id is {job.id!r}: use a UUID")
    if not is_whole(job.priority) or not 0 <= job.priority <= 100:
        raise _refused(job, "priority", "0 to 100, or a JobPriority")
    if not is_whole(job.max_attempts) or not 1 <= job.max_attempts < 2**31:
        raise _refused(job, "max_attempts", "a whole number from 1")
    timeout = job.timeout
    if timeout is not None and not (
        isinstance(timeout, int | float)
        and timeout is not True
        and 0 < timeout <= sys.float_info.max
    ):
        raise _refused(job, "timeout", "a positive number of seconds")
    if job.run_at is not None:
        if not isinstance(job.run_at, datetime):
            raise _refused(job, "run_at", "an aware datetime")
        if job.run_at.tzinfo is None:
            raise PayloadError(
                f"run_at is {job.run_at}, without a time zone: use an aware datetime"
            )
    if job.delay is not None:
        if not isinstance(job.delay, timedelta):
            raise _refused(job, "delay", "a timedelta")
        if abs(job.delay) > LONGEST:
            raise PayloadError(f"delay is {job.delay}: use at most {LONGEST.days:,} days")
    if job.expires is not None:
        if not isinstance(job.expires, timedelta):
            raise _refused(job, "expires", "a timedelta")
        if not timedelta(0) < job.expires <= LONGEST:
            raise _refused(job, "expires", f"a positive time of at most {LONGEST.days:,} days")
    if job.weight is not None and not (is_whole(job.weight) and 1 <= job.weight < 2**31):
        raise _refused(job, "weight", "a whole number from 1")


def _refuse_containers(job: Job) -> None:
    """Raise PayloadError if a name is a payload in the wrong place; its text does not have it."""
    what = "type" if isinstance(job.queue, str) else "queue"
    kind = type(getattr(job, what))
    if kind.__hash__ is None:
        order = "without names, Job(…) takes queue, type, payload"
        raise PayloadError(f"{what} is a {kind.__name__}, not a text: {order}")


def _refused(job: Job, option: str, wanted: str) -> PayloadError:
    return PayloadError(describe_argument(option, getattr(job, option), wanted))


def due(job: Job, run_at: datetime | timedelta) -> Job:
    """Set when a job is due: at an aware time, or after a delay from now on the server's clock."""
    check_type(job, "job", Job, "a Job")
    check_type(run_at, "run_at", (datetime, timedelta), "an aware datetime or a timedelta")
    if isinstance(run_at, timedelta):
        job.run_at, job.delay = None, run_at
    else:
        job.run_at, job.delay = run_at, None
    return job


def job_id(id: UUID | str) -> UUID:
    """The id as a UUID. Raises ValueError for a text that is no UUID, TypeError for other types."""
    if isinstance(id, UUID):
        return id
    check_type(id, "id", str, "a UUID")
    try:
        return UUID(id)
    except ValueError:
        raise ValueError(describe_argument("id", id, "a UUID")) from None


def get_job(id: UUID) -> Statement[Job | None]:
    """Read one job, with its result; None if there is none."""

    def decode_job(rows: Rows, count: int) -> Job | None:
        return read_whole_job(rows[0]) if rows else None

    return Statement("job/get_job", {"ids": [id]}, decode_job, {"columns": COLUMNS})


def read_whole_job(row: tuple[Any, ...]) -> Job:
    """Decode a row of `COLUMNS`, the number of jobs that the job waits for, and its result."""
    *columns, waits_for, result = row
    job = read_job(tuple(columns))
    if waits_for:
        job.waits_for, job.run_at = waits_for, None
    job.result = decode(result or "null")
    return job


def get_jobs(ids: Sequence[UUID]) -> Statement[list[Job]]:
    """Read these jobs, blocked ones too, in no order; jobs that are gone are missing."""
    return Statement("job/get_jobs", {"ids": list(ids)}, read_jobs, {"columns": COLUMNS})


def check_limit(limit: int) -> None:
    """Raise ValueError for a value that is no number of jobs to return."""
    if not is_whole(limit) or not 0 <= limit < 2**31:
        raise ValueError(describe_argument("limit", limit, "a whole number from 0"))


def list_jobs(wanted: Filter, limit: int) -> Statement[list[Job]]:
    """Read the newest jobs that match the filter, at most `limit`.

    Raises ValueError, before any SQL, for a bad filter or limit.
    """
    check_limit(limit)
    parameters = {**wanted.parameters(), "limit": limit}
    return Statement("job/list_jobs", parameters, read_jobs, {"columns": COLUMNS})


def stats(queue: str | None) -> Statement[QueueStats]:
    """Count the jobs of a queue, or of all, by status."""
    check_text(queue, "queue")

    def decode_stats(rows: Rows, count: int) -> QueueStats:
        counts = {row[0]: row[1] for row in rows}
        unreadable, refused = (sum(row[place] for row in rows) for place in (2, 3))
        return QueueStats(**counts, unreadable=unreadable, refused=refused)

    return Statement("job/stats", {"queue": queue}, decode_stats)


def queues() -> Statement[list[QueueOverview]]:
    """The state of every queue that has jobs, workers, or a setting of operators."""
    return Statement("job/queues", {}, lambda rows, count: [QueueOverview(*row) for row in rows])


def cancel_job(id: UUID) -> Statement[bool]:
    """Cancel a blocked, pending or running job; returns False if it has ended or does not exist."""
    cancelling = "SELECT {conduit_cancel}(%(id)s)"
    return Statement(cancelling, {"id": id}, lambda rows, count: bool(rows[0][0]))


def retry_job(id: UUID, *, anew: bool = True) -> Statement[bool]:
    """Make a job due now with all its attempts; False if it is blocked or does not exist.

    One that has completed begins `anew`, also if its steps are kept.
    """
    return Statement("job/retry", {"id": id, "anew": anew}, touched)
