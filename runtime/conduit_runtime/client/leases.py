"""Claims for loops of one's own: held for a fixed time instead of by a living worker."""

import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ..errors import JobLost
from ..job import Job
from ..postgres.statement import Rows, Statement, sql
from ..workers import attempts
from ..workers.attempts import Attempt
from ..workers.claims import Lane, claim
from ..workers.outcome import Retry, decide
from ..workers.retry import DEFAULT_POLICY
from .store import COLUMNS, read_jobs

__all__ = ["LEASE", "complete", "dequeue", "fail", "lanes", "touch"]

LEASE = timedelta(minutes=5)


def lanes(queue: str, types: Sequence[str] | None, schema: str | None) -> Statement[list[Lane]]:
    """The types and fingerprints that wait in a queue, of these types or of all."""
    return Statement(
        sql("lanes", schema, waiting=sql("waiting", schema, queue="%(queue)s")),
        {"queue": queue},
        lambda rows, count: [
            (type_, fingerprint) for type_, fingerprint in rows if types is None or type_ in types
        ],
    )


def dequeue(
    worker_id: str, queue: str, limit: int, lanes: Sequence[Lane], schema: str | None
) -> Statement[list[Job]]:
    """Claim up to `limit` due jobs for `LEASE`, the most urgent first; their attempt begins."""
    lease = (
        ", attempts = attempts + 1, started_at = now(), "
        "leased_until = now() + make_interval(secs => %(lease)s)"
    )
    parameters = claim(worker_id, {queue: limit}, lanes, limit, limit, (), uuid.uuid4())
    claiming = sql("claim", schema, columns="job.*", lease=lease, allowed="true")
    return Statement(
        sql("dequeue", schema, claim=claiming, columns=COLUMNS),
        {**parameters, "lease": LEASE.total_seconds()},
        read_jobs,
    )


def complete(job: Job, schema: str | None) -> Statement[None]:
    """Complete a job; decoding raises JobLost when it is no longer held."""
    return _held(attempts.complete([Attempt(job)], schema), job)


def fail(job: Job, error: BaseException | str, schema: str | None) -> Statement[None]:
    """Record a failed attempt; decoding raises JobLost when the job is no longer held."""
    if isinstance(error, str):
        error = Retry(reason=error)
    jitter = random.random()  # noqa: S311
    outcome = decide(job.attempts, job.max_attempts, error, DEFAULT_POLICY, jitter)
    return _held(attempts.end([Attempt(job, outcome=outcome)], schema), job)


def touch(job: Job, schema: str | None) -> Statement[None]:
    """Hold a job for another `LEASE`; decoding raises JobLost when it is no longer held."""
    parameters = {"id": job.id, "token": job.token, "lease": LEASE.total_seconds()}
    return _held(Statement(sql("touch", schema), parameters, lambda rows, count: count), job)


def _held(statement: Statement[Any], job: Job) -> Statement[None]:
    def decode(rows: Rows, count: int) -> None:
        if not statement.decode(rows, count):
            raise JobLost(f"job {job.id} is no longer held")

    return Statement(statement.sql, statement.parameters, decode)
