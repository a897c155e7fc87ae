"""The history of a run: the promises, the changes of each job, and the events of handlers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of a job: what it waits for, and what it does if a dependency fails."""

    waits_for: Sequence[UUID] = ()
    on_failure: str = "cancel"


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a job's status, holder or time; `before` is None for its insert.

    Only the insert has a `payload`; `failures` counts the failed attempts on record. `began_at` is
    when its transaction began, `asked_at` when the statement arrived, `at` when it had changed the
    rows, `committed_at` when its transaction was committed. `clock` is the server's clock, which
    may jump, at `asked_at`; `run_at` is by that clock, too.
    """

    id: int
    job: UUID
    before: str | None
    after: str
    token_before: UUID | None
    token_after: UUID | None
    rescued: bool
    queue: str
    priority: int
    run_at: datetime
    seq: int
    attempts: int
    max_attempts: int
    type: str
    payload: dict[str, Any] | None
    error: str | None
    failures: int
    process: str
    transaction: str
    began_at: datetime
    asked_at: datetime
    at: datetime
    committed_at: datetime
    clock: datetime
    key: str | None = None
    weight: int | None = None
    expires: float | None = None

    @property
    def due_at(self) -> datetime:
        """When the job may run, if the clock does not jump."""
        return self.run_at + (self.asked_at - self.clock)

    @property
    def is_claim(self) -> bool:
        """Whether a worker took the job."""
        return self.before == "pending" and self.after == "running"

    @property
    def is_renewal(self) -> bool:
        """Whether a worker whose claim returned late drew another token for the job."""
        return self.before == self.after == "running" and self.token_after is not None

    @property
    def draws_token(self) -> bool:
        """Whether the job may run under a new token after this change."""
        return self.is_claim or self.is_renewal

    @property
    def urgency(self) -> tuple[int, datetime, int]:
        """The place in the queue; the lowest comes first."""
        return -self.priority, self.run_at, self.seq


@dataclass(frozen=True, slots=True)
class Event:
    """An event that a handler wrote: it began, ended, or is about to raise an exception."""

    id: int
    job: UUID
    token: UUID
    attempt: int
    what: str
    process: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A worker reported that it is alive, and checked the other workers."""

    process: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that was done to a process, or to the server (with "" as the process)."""

    process: str
    kind: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A paused queue: from the commit of the pause to just before the queue is resumed."""

    queue: str
    began: datetime
    ended: datetime


@dataclass
class History:
    """Everything that is known of a run, for the checks.

    `confirmed` and `withdrawn` are known from producers: when the commit of each job was confirmed,
    and the jobs whose transaction was rolled back. `cancelled` are those that an operator may have
    cancelled while they were blocked. `limits` of queues and `rates` of types (how many starts in
    how many seconds) hold from start to end. `jumps` are the times when the server's clock jumped.

    `refused` are the blocked jobs that Postgres refused in every form, with the reason.
    `left_behind` describes rows of flows that should be gone at the end. `results` are the sizes of
    the stored results, in bytes.

    Jobs of the types `batched` are claimed apart from others, as many as fill a batch. `gateways`
    claim for `remote_workers`, and any gateway may write the outcome of a job.
    """

    promises: dict[UUID, Promise] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    confirmed: dict[UUID, datetime] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)
    heartbeats: list[Heartbeat] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    cancelled: set[UUID] = field(default_factory=set)
    limits: dict[str, int] = field(default_factory=dict)
    rates: dict[str, tuple[int, float]] = field(default_factory=dict)
    jumps: list[datetime] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)
    left_behind: list[str] = field(default_factory=list)
    results: dict[UUID, int] = field(default_factory=dict)
    operators: frozenset[str] = frozenset({"operator"})
    batched: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()
    remote_workers: frozenset[str] = frozenset()

    def by_job(self) -> Mapping[UUID, Sequence[Move]]:
        """The moves of each job, in order."""
        histories: defaultdict[UUID, list[Move]] = defaultdict(list)
        for move in sorted(self.moves, key=lambda move: move.id):
            histories[move.job].append(move)
        return histories

    def heartbeats_by_process(self) -> Mapping[str, Sequence[datetime]]:
        """When each worker sent a heartbeat, in order."""
        heartbeats: defaultdict[str, list[datetime]] = defaultdict(list)
        for heartbeat in sorted(self.heartbeats, key=lambda heartbeat: heartbeat.at):
            heartbeats[heartbeat.process].append(heartbeat.at)
        return heartbeats

    def runners(self, claim: Move) -> frozenset[str]:
        """The processes that may run a job of a claim."""
        is_remote = claim.process in self.gateways
        return self.remote_workers if is_remote else frozenset({claim.process})

    @cached_property
    def _began_in(self) -> Mapping[tuple[UUID, UUID | None], frozenset[str]]:
        """The workers in which a job began, for each claim of it."""
        workers: defaultdict[tuple[UUID, UUID | None], frozenset[str]]
        workers = defaultdict(frozenset)
        for event in self.events:
            workers[event.job, event.token] |= {event.process}
        return workers

    def holders(self, claim: Move) -> frozenset[str]:
        """The processes that may have held a job by a claim.

        If a gateway made the claim, these are also the worker that began the job or, if none did,
        all workers.
        """
        began_in = self._began_in.get((claim.job, claim.token_after)) or self.runners(claim)
        return began_in | {claim.process}

    def was_disturbed(
        self,
        processes: frozenset[str],
        since: datetime,
        until: datetime,
        kinds: Iterable[str] = (),
    ) -> bool:
        """Whether something (of `kinds`, if any are given) was done to a process or the server."""
        return any(
            (not each.process or each.process in processes)
            and (not kinds or each.kind in kinds)
            and each.began <= until
            and each.ended >= since
            for each in self.disturbances
        )
