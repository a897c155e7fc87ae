"""Claims by `dequeue`: they hold for a fixed time instead of for the life of a worker."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ..model.arguments import check_type, each
from ..model.attempts.outcome import Retry, decide
from ..model.attempts.retry import DEFAULT_POLICY
from ..model.errors import JobLost, QueueError
from ..model.job import Job
from ..model.lanes import Lane
from ..model.payload import check_name
from ..postgres.statement import Rows, Statement, touched
from ..postgres.steps import Steps
from . import outcomes as attempts
from .claims import Mode, claim
from .job_rows import COLUMNS, read_jobs
from .limits.keys import ParkedKeys
from .limits.limited_claims import Wanted, claim_within
from .outcomes import Attempt, Written
from .refused_claims import claim_apart

LEASE = timedelta(minutes=5)
_BY_LEASE = Mode(
    "claim/dequeue",
    {
        "returning": "job.*",
        "columns": COLUMNS,
        "lease": (
            "attempts = least(attempts, 2147483646) + 1, started_at = clock_timestamp(), "
            "start_written = true, expires = NULL, "
            "leased_until = clock_timestamp() + make_interval(secs => %(lease)s)"
        ),
        "lease_seconds": "%(lease)s",
        "allowed": "true",
    },
    lambda rows, token: read_jobs(rows, len(rows)),
    {"lease": LEASE.total_seconds()},
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The lanes that wait in a queue that is not paused, and the limits that apply to them.

    `any_left` says whether jobs are parked that no limit by key parks any more: it was lifted, or
    the jobs come from another queue.
    """

    lanes: Sequence[Lane]
    is_limited: bool = False
    limited_types: Sequence[str] = ()
    isolation: str = "read committed"
    any_left: bool = False

    @property
    def has_limits(self) -> bool:
        """Whether a claim has to count jobs."""
        return self.is_limited or bool(self.limited_types)


def waiting(queue: str, types: Sequence[str] | None) -> Statement[Waiting]:
    """The types and fingerprints that wait in a queue, of these types or of all."""
    check_name(queue, "queue")
    if types is not None:
        types = each(types, "types", str, "a text")

    def decode(rows: Rows, count: int) -> Waiting:
        rows = [row for row in rows if types is None or row[0] in types]
        if not rows:
            return Waiting(())
        limited_types = {row[0] for row in rows if row[3]}
        any_left = any(row[5] for row in rows)
        lanes = [row[:2] for row in rows]
        return Waiting(lanes, rows[0][2], sorted(limited_types), rows[0][4], any_left)

    return Statement("claim/waiting_lanes", {"queue": queue}, decode, {"queue": "%(queue)s"})


def dequeue(
    worker_id: str,
    queue: str,
    limit: int,
    waiting: Waiting,
    parked: ParkedKeys,
    *,
    apart: bool = False,
    alone: bool = True,
) -> Steps[list[Job]]:
    """Claim up to `limit` due jobs for `LEASE`, the most urgent first; their attempts begin.

    With limits, these are the statements of one transaction; a claim that finds too little looks
    for keys with room among the next `parked` ones. `apart` and `alone` are for jobs that
    Postgres refuses to claim: see `claim_apart`.
    """
    if waiting.any_left:
        yield from parked.release([queue], waiting.lanes)
    if waiting.has_limits:
        return (yield from _within(worker_id, queue, limit, waiting, parked, apart, alone))
    claiming = claim(_BY_LEASE, worker_id, {queue: limit}, waiting.lanes, limit)
    if apart:
        return (yield from claim_apart(claiming, alone=alone)).jobs
    jobs: list[Job] = yield claiming
    return jobs


def _within(
    worker_id: str,
    queue: str,
    limit: int,
    waiting: Waiting,
    parked: ParkedKeys,
    apart: bool,
    alone: bool,
) -> Steps[list[Job]]:
    """Claim within limits.

    Raises QueueError if the transaction is not READ COMMITTED: it would not see the claims of
    others.
    """
    if waiting.isolation != "read committed":
        raise QueueError(
            f"queue {queue} or a type in it has a limit: dequeue from it in a READ "
            f"COMMITTED transaction, not in a {waiting.isolation.upper()} one"
        )
    limited = [queue] if waiting.is_limited else []
    types = waiting.limited_types
    wanted = Wanted({queue: limit}, waiting.lanes, limit, limited, types, freed=parked)
    counted = yield from claim_within(
        _BY_LEASE, worker_id, wanted, waits=True, apart=apart, alone=alone
    )
    return counted.jobs


def complete(job: Job) -> Statement[None]:
    """Complete a job; decoding raises JobLost if the job is no longer held."""
    check_type(job, "job", Job, "a Job")
    return _if_held(job, attempts.complete([Attempt(job)]))


def fail(job: Job, error: BaseException | str) -> Statement[None]:
    """Record a failed attempt; decoding raises JobLost if the job is no longer held."""
    check_type(job, "job", Job, "a Job")
    check_type(error, "error", (BaseException, str), "an exception or a text")
    raised = Retry(reason=error) if isinstance(error, str) else error
    jitter = random.random()  # noqa: S311
    outcome = decide(job.attempts, job.max_attempts, raised, DEFAULT_POLICY, jitter)
    if isinstance(error, str) and outcome.detail is not None:
        del outcome.detail["traceback"]  # nothing was raised
    return _if_held(job, attempts.end([Attempt(job, outcome=outcome)]))


def touch(job: Job) -> Statement[None]:
    """Hold a job for another `LEASE`; decoding raises JobLost if the job is no longer held."""
    check_type(job, "job", Job, "a Job")
    parameters = {"id": job.id, "token": job.token, "lease": LEASE.total_seconds()}
    return _if_held(job, Statement("claim/touch", parameters, touched))


def _if_held(job: Job, statement: Statement[Any]) -> Statement[None]:
    def decode(rows: Rows, count: int) -> None:
        written = statement.decode(rows, count)
        if not (written.attempts if isinstance(written, Written) else written):
            raise JobLost(f"job {job.id} is no longer held")

    return replace(statement, decode=decode)
