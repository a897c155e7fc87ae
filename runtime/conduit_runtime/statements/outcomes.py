"""The outcomes that a worker writes for the attempts of its jobs. Statements without IO."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ..model.attempts.outcome import Outcome
from ..model.claimed import Claimed
from ..model.job import Job
from ..model.lanes import is_unreadable, original
from ..model.new_job import NewJob
from ..postgres.arrays import integers, uuids
from ..postgres.statement import Rows, Statement, touched
from .flows import RELEASED
from .new_jobs import ENQUEUING, enqueue_parameters, inserted
from .results import Result

LARGE = 4_000_000
"""Bytes of results and child jobs from which on an outcome is written apart from others."""
MOST = 256_000_000
"""The most bytes of results and child jobs of an outcome: Postgres takes 1 GB in a statement."""
ROW = 100
"""Bytes of a child job beside its payload."""


@dataclass(slots=True, eq=False)
class Attempt:
    """An attempt to be written: its duration in seconds, and its outcome.

    Without an outcome, it completed. `enqueued` are then its child jobs, and `result` is its
    stored return value. `started` is the monotonic time at which
    it began; None if it did not. With `has_steps`, the job may have records of steps. An attempt
    that `waits` has set when its job is due, or a signal has.
    """

    job: Claimed | Job
    elapsed: float = 0.0
    outcome: Outcome | None = None
    enqueued: Sequence[NewJob] = ()
    result: Result | None = None
    started: float | None = None
    has_steps: bool = False
    waits: bool = False

    @property
    def weight(self) -> int:
        """The bytes that the outcome adds to those of a plain completion, roughly."""
        if self.outcome is None and self.result is None and not self.enqueued:
            return 0
        detail = (self.outcome and self.outcome.detail) or {}
        weight = sum(len(text) for text in detail.values() if isinstance(text, str))
        if self.result is not None:
            weight += len(self.result.text)
        return weight + sum(ROW + len(row.payload) for row in self.enqueued)

    @property
    def is_large(self) -> bool:
        """Whether other outcomes should not wait while this one is written."""
        return self.weight > LARGE


_NO_TOKEN = UUID(int=0)


def _held(attempts: Sequence[Attempt]) -> dict[str, Any]:
    """The claims of the attempts, and the durations in microseconds."""
    # The arrays are written here: several times quicker than value by value in the driver.
    return {
        "ids": uuids([attempt.job.id for attempt in attempts]),
        "tokens": uuids([attempt.job.token or _NO_TOKEN for attempt in attempts]),
        "elapsed": integers([int(attempt.elapsed * 1e6) for attempt in attempts]),
    }


class Written(NamedTuple):
    """The attempts whose jobs were still held, and the jobs whose flows have more to release."""

    attempts: Sequence[Attempt]
    advancing: Sequence[UUID] = ()


def write(attempts: Sequence[Attempt], *, defers: bool = False) -> Statement[Written]:
    """`complete` if all attempts completed, `end` if none did."""
    if attempts[0].outcome is None:
        return complete(attempts, defers=defers)
    return end(attempts, defers=defers)


def complete(attempts: Sequence[Attempt], *, defers: bool = False) -> Statement[Written]:
    """Complete the jobs, store their child jobs and results, and release the jobs behind them.

    The records of their steps are deleted, if any of the jobs has some.

    The number of attempts in the result is right, but not which ones: that would cost every batch.
    If it `defers`, the flow advancer releases the waiting jobs.
    """
    parameters = _held(attempts)
    more = [
        each
        for each in attempts
        if each.enqueued or each.result or each.has_steps or each.job.flow is not None
    ]
    if not more:
        return Statement(
            "outcome/complete", parameters, lambda rows, count: Written(attempts[:count])
        )
    further, column = [], ""
    inserting = ENQUEUING
    parents = [attempt.job.id for attempt in more for _ in attempt.enqueued]
    rows = [row for attempt in more for row in attempt.enqueued]
    if any(row.flow is not None or row.digest is not None for row in rows):
        # One call locks all keys in one order, so it also stores the jobs outside of flows.
        parameters |= enqueue_parameters(rows, parents)
        column = ", (SELECT pg_catalog.count(*) FROM {enqueue/enqueue})"
    elif rows:
        columns, inserting = inserted(rows)
        parameters |= {**columns, "parent": uuids(parents)}
        further.append("{outcome/child_jobs}")
    kept = [(each.job.id, *each.result) for each in more if each.result is not None]
    if kept:
        names = ("result_of", "results", "kept_for")
        parameters |= dict(zip(names, map(list, zip(*kept, strict=True)), strict=True))
        further.append("{outcome/keep_results}")
    if any(each.has_steps for each in more):
        column += ", {conduit_drop_steps}(pg_catalog.array_agg(id))"
    fragments = {
        "further": "".join(f", {part}" for part in further),
        "children": column,
        "function": "{conduit_store}",
        "parents": "ARRAY(SELECT id FROM completed), %(parent)s::pg_catalog.uuid[], ",
        **inserting,
        **_advance(more, defers),
    }
    return Statement(
        "outcome/complete_and",
        parameters,
        lambda rows, count: Written(attempts[: int(rows[0][0])], rows[0][1] or ()),
        fragments,
    )


def lock(attempt: Attempt) -> Statement[bool | None]:
    """Lock the job of an attempt; False if it is not held, None if another session has locked it.

    It never waits: the other session may wait for what this transaction has written.
    """
    job = attempt.job
    return Statement(
        f"SELECT EXISTS ({_HELD} FOR UPDATE SKIP LOCKED), EXISTS ({_HELD})",
        {"id": job.id, "token": job.token},
        lambda rows, count: rows[0][0] or (None if rows[0][1] else False),
    )


_HELD = "SELECT FROM {jobs} WHERE id = %(id)s AND token = %(token)s AND status = 'running'"


def transaction() -> Statement[str]:
    """The id of the present transaction, which `has_committed` takes."""
    sql = "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text"
    return Statement(sql, {}, lambda rows, count: str(rows[0][0]))


def has_committed(transaction: str) -> Statement[bool | None]:
    """Whether a transaction has committed; None while it goes on."""
    return Statement(
        "SELECT pg_catalog.pg_xact_status(%(id)s::pg_catalog.xid8)",
        {"id": transaction},
        lambda rows, count: None if rows[0][0] == "in progress" else rows[0][0] == "committed",
    )


def _advance(attempts: Sequence[Attempt], defers: bool) -> dict[str, str]:
    """The fragments that release some of the waiting jobs."""
    if all(each.job.flow is None for each in attempts):
        return {"advance": "NULL"}
    return {"advance": "{outcome/advance_flows}", "budget": "0" if defers else str(RELEASED)}


def end(attempts: Sequence[Attempt], *, defers: bool = False) -> Statement[Written]:
    """Write the outcomes of attempts that did not complete; `defers` is that of `complete`."""
    ended = [(each, each.outcome) for each in attempts if each.outcome is not None]
    outcomes = [outcome for _, outcome in ended]
    encode = msgspec.json.encode
    parameters = {
        **_held(attempts),
        "statuses": [outcome.status.value for outcome in outcomes],
        "delays": [None if attempt.waits else outcome.delay for attempt, outcome in ended],
        "counted": [outcome.counted for outcome in outcomes],
        "errors": [outcome.error for outcome in outcomes],
        "fingerprints": [_new_fingerprint(attempt, outcome) for attempt, outcome in ended],
        "max_attempts": [outcome.max_attempts or 0 for outcome in outcomes],
        "details": [
            encode(outcome.detail).decode() if outcome.detail else None for outcome in outcomes
        ],
    }

    def decode(rows: Rows, count: int) -> Written:
        held = set(rows[0][0] or ())
        return Written([each for each in attempts if each.job.id in held], rows[0][1] or ())

    waits = any(attempt.waits for attempt in attempts)
    overdue = "clock_timestamp()" if waits else "now() - interval '5 seconds'"
    fragments = {**_advance(attempts, defers), "overdue": f"pg_catalog.{overdue}"}
    return Statement("outcome/end", parameters, decode, fragments)


def _new_fingerprint(attempt: Attempt, outcome: Outcome) -> str | None:
    """What the outcome says; a job that waits, and so was read, gets its old lane back."""
    if attempt.waits and is_unreadable(fingerprint := attempt.job.fingerprint or ""):
        return original(fingerprint)
    return outcome.fingerprint


def mark_started(attempts: Sequence[Attempt], *, waits: bool = False) -> Statement[set[UUID]]:
    """Write the starts that are not written yet; returns the jobs that are still held.

    Jobs that another session has locked are left out, unless it `waits` for them. These have not
    run yet: the ones that have expired are released.
    """
    how = {
        "skip_locked": " SKIP LOCKED",
        "is_wanted": "start_written IS NOT TRUE",
        "held": "held",
        "is_expired": "false",
        "release_expired": "",
    }
    if waits:  # only when all of them are locked, it is known which are held
        how = {
            "skip_locked": "",
            "is_wanted": "true",
            "held": "locked WHERE NOT is_expired",
            "is_expired": "coalesce(job.run_at <= pg_catalog.now() "
            "- pg_catalog.make_interval(secs => job.expires), false)",
            "release_expired": "{outcome/release_expired}",
        }
    return Statement("outcome/mark_started", _held(attempts), _ids, how)


def held_jobs(worker: str, age: float | None = None) -> Statement[set[tuple[UUID, UUID]]]:
    """The id and token of the jobs that the worker holds in the database.

    With an `age`, only those that it claimed within so many seconds: the statement then reads no
    dead index entries of earlier claims.
    """
    reading = "SELECT id, token FROM {jobs} WHERE locked_by = %(worker)s AND status = 'running'"
    if age is not None:
        reading += " AND locked_at > pg_catalog.now() - pg_catalog.make_interval(secs => %(age)s)"
    return Statement(reading, {"worker": worker, "age": age}, _claims)


def renew(jobs: Sequence[Claimed], token: UUID, worker: str) -> Statement[set[tuple[UUID, UUID]]]:
    """Claim again jobs that the worker may hold; returns the claims that it held."""
    parameters = {
        "ids": uuids([job.id for job in jobs]),
        "tokens": uuids([job.token for job in jobs]),
        "renewed": token,
        "worker": worker,
    }
    return Statement("claim/renew_claim", parameters, _claims)


def _claims(rows: Rows, count: int) -> set[tuple[UUID, UUID]]:
    return {(id_, token) for id_, token in rows}


def _ids(rows: Rows, count: int) -> set[UUID]:
    return {id_ for (id_,) in rows}


def progress(job: Claimed, note: object) -> Statement[bool]:
    """Store the progress of a job; returns False if the job is no longer held."""
    text = msgspec.json.encode(note).decode()
    parameters = {"id": job.id, "token": job.token, "progress": text}
    return Statement("outcome/progress", parameters, touched)


class Corrected(NamedTuple):
    """A running job, and how much its weight has grown."""

    queue: str
    type: str
    key: str | None
    more: int


def use(job: Claimed | Job, weight: int) -> Statement[Corrected | None]:
    """Correct the weight of a job; returns None if the job is no longer held."""
    parameters = {"id": job.id, "token": job.token, "weight": weight}
    return Statement(
        "outcome/use",
        parameters,
        lambda rows, count: Corrected(*rows[0][:4]) if rows else None,
        {"queue": "held.queue"},
    )
