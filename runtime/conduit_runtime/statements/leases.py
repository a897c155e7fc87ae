"""Claims for loops of one's own: held for a fixed time instead of by a living worker."""

import random
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from ..model.arguments import check_type, each
from ..model.errors import JobLost, QueueError
from ..model.job import Job
from ..model.outcome import Retry, decide
from ..model.payload import check_name
from ..model.retry import DEFAULT_POLICY
from ..postgres.statement import Rows, Statement, sql
from ..postgres.steps import Steps
from . import outcomes as attempts
from .claims import Lane
from .jobs import COLUMNS, read_jobs
from .limits import Wanted, claim_within, counted_claim
from .outcomes import Attempt, Written

__all__ = [
    "LEASE",
    "Waiting",
    "complete",
    "dequeue",
    "dequeue_within",
    "fail",
    "touch",
    "waiting",
]

LEASE = timedelta(minutes=5)
_LEASE_BEGINS = (
    "attempts = least(attempts, 2147483646) + 1, started_at = clock_timestamp(), "
    "start_written = true, leased_until = clock_timestamp() + make_interval(secs => %(lease)s)"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a queue that is not paused: its lanes, and the limits that concern them."""

    lanes: Sequence[Lane]
    is_limited: bool = False
    rated: Sequence[str] = ()
    isolation: str = "read committed"

    @property
    def has_limits(self) -> bool:
        """Whether a claim has to count."""
        return self.is_limited or bool(self.rated)


def waiting(queue: str, types: Sequence[str] | None, schema: str | None) -> Statement[Waiting]:
    """The types and fingerprints that wait in a queue, of these types or of all."""
    check_name(queue, "queue")
    if types is not None:
        types = each(types, "types", str, "a text")

    def decode(rows: Rows, count: int) -> Waiting:
        rows = [row for row in rows if types is None or row[0] in types]
        if not rows:
            return Waiting(())
        rated = {type_ for type_, _, _, is_rated, _ in rows if is_rated}
        return Waiting([row[:2] for row in rows], rows[0][2], sorted(rated), rows[0][4])

    lanes = sql("claim/waiting_lanes", schema, queue="%(queue)s")
    return Statement(lanes, {"queue": queue}, decode)


def dequeue(
    worker_id: str, queue: str, limit: int, lanes: Sequence[Lane], schema: str | None
) -> Statement[list[Job]]:
    """Claim up to `limit` due jobs for `LEASE`, the most urgent first; their attempt begins."""
    return _claim(worker_id, schema, limit, {queue: limit}, lanes, {}, ())


def dequeue_within(
    worker_id: str, queue: str, limit: int, waiting: Waiting, schema: str | None
) -> Steps[list[Job]]:
    """`dequeue` where limits have to be kept, as the statements of one transaction.

    Raises QueueError when that is not READ COMMITTED: it would not see what others claimed.
    """
    if waiting.isolation != "read committed":
        raise QueueError(
            f"queue {queue} has a limit, or a type in it has a rate: dequeue from it in a READ "
            f"COMMITTED transaction, not in a {waiting.isolation.upper()} one"
        )
    limited = [queue] if waiting.is_limited else []
    wanted = Wanted({queue: limit}, waiting.lanes, limit, limited, waiting.rated)
    counted = yield from claim_within(
        wanted, partial(_claim, worker_id, schema, limit), schema, waits=True
    )
    return counted.jobs


def _claim(
    worker_id: str,
    schema: str | None,
    limit: int,
    sizes: Mapping[str, int],
    lanes: Sequence[Lane],
    starts: Mapping[str, int],
    limited: Collection[str],
) -> Statement[list[Job]]:
    claiming = counted_claim(
        worker_id,
        sizes,
        lanes,
        starts,
        limited,
        limit,
        uuid.uuid4(),
        schema,
        read_jobs,
        columns="job.*",
        lease=_LEASE_BEGINS,
        allowed="true",
    )
    return Statement(
        sql("claim/dequeue", schema, claim=claiming.sql, columns=COLUMNS),
        {**claiming.parameters, "lease": LEASE.total_seconds()},
        read_jobs,
    )


def complete(job: Job, schema: str | None) -> Statement[None]:
    """Complete a job; decoding raises JobLost when it is no longer held."""
    check_type(job, "job", Job, "a Job")
    return _held_attempt(attempts.complete([Attempt(job)], schema), job)


def fail(job: Job, error: BaseException | str, schema: str | None) -> Statement[None]:
    """Record a failed attempt; decoding raises JobLost when the job is no longer held."""
    check_type(job, "job", Job, "a Job")
    check_type(error, "error", (BaseException, str), "an exception or a text")
    raised = Retry(reason=error) if isinstance(error, str) else error
    jitter = random.random()  # noqa: S311
    outcome = decide(job.attempts, job.max_attempts, raised, DEFAULT_POLICY, jitter)
    if isinstance(error, str) and outcome.detail is not None:
        del outcome.detail["traceback"]  # there is none: nothing was raised
    return _held_attempt(attempts.end([Attempt(job, outcome=outcome)], schema), job)


def touch(job: Job, schema: str | None) -> Statement[None]:
    """Hold a job for another `LEASE`; decoding raises JobLost when it is no longer held."""
    check_type(job, "job", Job, "a Job")
    parameters = {"id": job.id, "token": job.token, "lease": LEASE.total_seconds()}
    return _held(Statement(sql("claim/touch", schema), parameters, lambda rows, count: count), job)


def _held_attempt(statement: Statement[Written], job: Job) -> Statement[None]:
    return _held(
        Statement(
            statement.sql,
            statement.parameters,
            lambda rows, count: statement.decode(rows, count).attempts,
        ),
        job,
    )


def _held(statement: Statement[Any], job: Job) -> Statement[None]:
    def decode(rows: Rows, count: int) -> None:
        if not statement.decode(rows, count):
            raise JobLost(f"job {job.id} is no longer held")

    return Statement(statement.sql, statement.parameters, decode)
