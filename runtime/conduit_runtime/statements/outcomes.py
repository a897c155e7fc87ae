"""What a worker writes about the attempts of its jobs. Statements without IO."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import msgspec

from ..model.claimed import Claimed
from ..model.outcome import Outcome
from ..postgres.arrays import integers, uuids
from ..postgres.statement import Statement, sql, touched
from ..trace_context.headers import trace_fragments
from .columns import columns, enqueue_call
from .flows import RELEASED
from .results import Result

__all__ = [
    "Attempt",
    "HeldJob",
    "OrphanedClaim",
    "Written",
    "complete",
    "end",
    "held_jobs",
    "locked",
    "mark_started",
    "progress",
    "renew",
]

LARGE = 4_000_000
"""Bytes of results and child jobs from which an outcome is written apart."""
MOST = 256_000_000
"""Bytes of results and child jobs that one outcome may have: Postgres takes 1 GB in a statement."""
ROW = 100
"""Bytes of a child job beside its payload."""


class HeldJob(Protocol):
    """A job that was claimed, with the token of that claim."""

    @property
    def id(self) -> UUID: ...

    @property
    def token(self) -> UUID | None: ...

    @property
    def queue(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def attempts(self) -> int: ...

    @property
    def flow(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True)
class OrphanedClaim:
    """A claimed job of which only the claim is known."""

    id: UUID
    token: UUID
    queue: str = ""
    type: str = ""
    attempts: int = 0
    flow: UUID | None = None


class Attempt:
    """An attempt to be written: how long it took in seconds, and what came of it.

    Without an outcome it completed; `enqueued` are its child jobs, as
    `store.insert_parameters` gives them, and `result` is what is kept of its return value.
    `started` is the monotonic time at which it began; None when it did not.
    """

    # Most complete and leave nothing else behind: the rest has a dict only where it is needed.
    __slots__ = ("__dict__", "elapsed", "job", "started")

    outcome: Outcome | None = None
    enqueued: Sequence[Mapping[str, Any]] = ()
    result: Result | None = None

    def __init__(
        self,
        job: HeldJob,
        elapsed: float = 0.0,
        outcome: Outcome | None = None,
        enqueued: Sequence[Mapping[str, Any]] = (),
        result: Result | None = None,
        started: float | None = None,
    ) -> None:
        self.job = job
        self.elapsed = elapsed
        self.started = started
        if outcome is not None:
            self.outcome = outcome
        if enqueued:
            self.enqueued = enqueued
        if result is not None:
            self.result = result

    @property
    def weight(self) -> int:
        """Bytes that the outcome adds to those of a plain completion, roughly."""
        if self.outcome is None and self.result is None and not self.enqueued:
            return 0
        detail = (self.outcome and self.outcome.detail) or {}
        weight = sum(len(text) for text in detail.values() if isinstance(text, str))
        if self.result is not None:
            weight += len(self.result.text)
        return weight + sum(ROW + len(row["payload"]) for row in self.enqueued)

    @property
    def is_large(self) -> bool:
        """Whether other outcomes should not wait while this one is written."""
        return self.weight > LARGE


_NO_TOKEN = UUID(int=0)


def _held(attempts: Sequence[Attempt]) -> dict[str, Any]:
    """The claims that the attempts belong to, and how long they took, in microseconds."""
    # Written out here as arrays: several times quicker than value by value in the driver.
    return {
        "ids": uuids([attempt.job.id for attempt in attempts]),
        "tokens": uuids([attempt.job.token or _NO_TOKEN for attempt in attempts]),
        "elapsed": integers([int(attempt.elapsed * 1e6) for attempt in attempts]),
    }


class Written(NamedTuple):
    """The attempts whose jobs were still held, and the jobs whose flows have more to release."""

    attempts: Sequence[Attempt]
    advancing: Sequence[UUID] = ()


def complete(
    attempts: Sequence[Attempt], schema: str | None, *, defers: bool = False
) -> Statement[Written]:
    """Complete the jobs, with all that comes of it.

    Returns as many attempts as were still held, not which: that would cost every batch. When it
    `defers`, what waits for the jobs is left to the flow advancer.
    """
    held: dict[str, Any] = _held(attempts)
    completing = sql("outcome/complete", schema)
    more = [each for each in attempts if each.enqueued or each.result or each.job.flow is not None]
    if not more:
        return Statement(completing, held, lambda rows, count: Written(attempts[:count]))
    children, last = _children(more, held, schema)
    further = [*children, *_results(more, held, schema)]
    completing = sql(
        "outcome/complete_and",
        schema,
        complete=completing,
        further="".join(f", {part}" for part in further),
        advance=_advance(attempts, schema, defers),
        children=last,
    )
    return Statement(
        completing,
        held,
        lambda rows, count: Written(attempts[: int(rows[0][0])], rows[0][1] or ()),
    )


def _advance(attempts: Sequence[Attempt], schema: str | None, defers: bool) -> str:
    """How what waits for the jobs is released, in part."""
    if all(each.job.flow is None for each in attempts):
        return "NULL"
    return sql("outcome/advance_flows", schema, budget="0" if defers else str(RELEASED))


def _children(
    attempts: Sequence[Attempt], parameters: dict[str, Any], schema: str | None
) -> tuple[Sequence[str], str]:
    """How the jobs are stored that the attempts enqueued: as further parts, or by a last column."""
    parents = [attempt.job.id for attempt in attempts for _ in attempt.enqueued]
    rows = [row for attempt in attempts for row in attempt.enqueued]
    if not rows:
        return (), ""
    if any("flow" in row or "key" in row for row in rows):
        # One statement asks for a key once, so those outside of flows ask along with them.
        call, given = enqueue_call(rows, schema, parents)
        parameters |= given
        return (), f", {sql('enqueue/enqueue_children', schema, enqueue=call)}"
    parameters |= columns(rows)
    parameters["parent"] = uuids(parents)
    return [sql("outcome/child_jobs", schema, **trace_fragments(parameters))], ""


def _results(
    attempts: Sequence[Attempt], parameters: dict[str, Any], schema: str | None
) -> Iterator[str]:
    """How the results of the attempts are kept."""
    kept = [(attempt.job.id, *attempt.result) for attempt in attempts if attempt.result is not None]
    if not kept:
        return
    parameters["result_of"] = [id_ for id_, _, _ in kept]
    parameters["results"] = [text for _, text, _ in kept]
    parameters["kept_for"] = [seconds for _, _, seconds in kept]
    yield sql("outcome/keep_results", schema)


def end(
    attempts: Sequence[Attempt], schema: str | None, *, defers: bool = False
) -> Statement[Written]:
    """Write the outcomes of attempts that did not complete; `defers` is that of `complete`."""
    outcomes = [attempt.outcome for attempt in attempts if attempt.outcome is not None]
    encode = msgspec.json.encode
    ending = sql("outcome/end_attempt", schema)
    advance = _advance(attempts, schema, defers)
    return Statement(
        sql("outcome/end_and", schema, end_attempt=ending, advance=advance),
        {
            **_held(attempts),
            "statuses": [outcome.status.value for outcome in outcomes],
            "delays": [outcome.delay for outcome in outcomes],
            "counted": [outcome.counted for outcome in outcomes],
            "errors": [outcome.error for outcome in outcomes],
            "details": [
                encode(outcome.detail).decode() if outcome.detail else None for outcome in outcomes
            ],
        },
        lambda rows, count: Written(_held_among(attempts, rows[0][0]), rows[0][1] or ()),
    )


def _held_among(attempts: Sequence[Attempt], ids: Sequence[UUID] | None) -> Sequence[Attempt]:
    held = set(ids or ())
    return [attempt for attempt in attempts if attempt.job.id in held]


def mark_started(
    attempts: Sequence[Attempt], schema: str | None, *, waits: bool = False
) -> Statement[set[UUID]]:
    """Write the starts that are not written yet; returns which of the jobs are still held.

    Those that another session has locked are left out, unless it `waits` for them.
    """
    return Statement(
        sql("outcome/mark_started", schema, skip_locked="" if waits else " SKIP LOCKED"),
        _held(attempts),
        lambda rows, count: {id_ for (id_,) in rows},
    )


def locked(attempts: Sequence[Attempt], schema: str | None) -> Statement[set[UUID]]:
    """Which of the jobs are still held, but locked by another session."""
    return Statement(
        sql("outcome/locked", schema),
        {
            "ids": uuids([attempt.job.id for attempt in attempts]),
            "tokens": uuids([attempt.job.token or _NO_TOKEN for attempt in attempts]),
        },
        lambda rows, count: {id_ for (id_,) in rows},
    )


def held_jobs(worker: str, schema: str | None) -> Statement[set[tuple[UUID, UUID]]]:
    """Id and token of the jobs that the worker holds, as the database sees it."""
    return Statement(
        sql("claim/held_jobs", schema),
        {"worker": worker},
        lambda rows, count: {(id_, token) for id_, token in rows},
    )


def renew(
    jobs: Sequence[Claimed], token: UUID, worker: str, schema: str | None
) -> Statement[set[UUID]]:
    """Claim jobs once more that the worker may hold; returns which of them it held."""
    return Statement(
        sql("claim/renew_claim", schema),
        {
            "ids": uuids([job.id for job in jobs]),
            "tokens": uuids([job.token for job in jobs]),
            "renewed": token,
            "worker": worker,
        },
        lambda rows, count: {id_ for (id_,) in rows},
    )


def progress(job: Claimed, note: object, schema: str | None) -> Statement[bool]:
    """Note how far a job is; False when it is no longer held."""
    return Statement(
        sql("outcome/progress", schema),
        {
            "id": job.id,
            "token": job.token,
            "progress": msgspec.json.encode(note).decode(),
        },
        touched,
    )
