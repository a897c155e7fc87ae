"""The history of a run: what was promised, what happened to each job, what handlers did."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

SCHEMA = Path(__file__).with_name("history.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a job's status, holder or time; `before` is None for its birth.

    `payload` is told at its birth only; `failures` counts the failed attempts on record.
    `asked_at` is when the statement came in, `at` when it had changed the rows, `committed_at` when
    its transaction was committed.
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
    asked_at: datetime
    at: datetime
    committed_at: datetime

    @property
    def is_claim(self) -> bool:
        """Whether a worker took the job."""
        return self.before == "pending" and self.after == "running"

    @property
    def is_renewal(self) -> bool:
        """Whether a worker whose claim was answered late drew another token for it."""
        return self.before == self.after == "running" and self.token_after is not None

    @property
    def draws_token(self) -> bool:
        """Whether the job may run under a new token from then on."""
        return self.is_claim or self.is_renewal

    @property
    def urgency(self) -> tuple[int, datetime, int]:
        """Its place in the queue: the lowest comes first."""
        return -self.priority, self.run_at, self.seq


@dataclass(frozen=True, slots=True)
class Event:
    """What a handler wrote: it began or it ended."""

    id: int
    job: UUID
    token: UUID
    attempt: int
    what: str
    process: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A worker said that it lives, and looked whether the others do."""

    process: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that was done to a process (or, with "" for the process, to the server)."""

    process: str
    kind: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A queue was paused: from when that was committed to when it was about to be resumed."""

    queue: str
    began: datetime
    ended: datetime


@dataclass
class History:
    """Everything that is known of a run, to be checked.

    `confirmed` and `withdrawn` are what producers know: the jobs whose commit was answered, and
    those whose transaction was rolled back. `limits` are those of queues that held all the time.
    """

    promises: set[UUID] = field(default_factory=set)
    moves: list[Move] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    confirmed: set[UUID] = field(default_factory=set)
    withdrawn: set[UUID] = field(default_factory=set)
    heartbeats: list[Heartbeat] = field(default_factory=list)
    disturbances: list[Disturbance] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)
    operators: frozenset[str] = frozenset({"operator"})

    def by_job(self) -> Mapping[UUID, Sequence[Move]]:
        """The moves of each job, in order."""
        histories: defaultdict[UUID, list[Move]] = defaultdict(list)
        for move in sorted(self.moves, key=lambda move: move.id):
            histories[move.job].append(move)
        return histories

    def was_disturbed(
        self, process: str, since: datetime, until: datetime, kinds: Iterable[str] = ()
    ) -> bool:
        """Whether something (of these kinds) was done to the process, or the server, in a time."""
        return any(
            each.process in ("", process)
            and (not kinds or each.kind in kinds)
            and each.began <= until
            and each.ended >= since
            for each in self.disturbances
        )


def read(dsn: str, history: History) -> None:
    """Add what the database knows."""
    columns = [each.name for each in fields(Move) if each.name != "committed_at"]
    moves = (
        f"SELECT {', '.join(columns)}, pg_xact_commit_timestamp(xmin) AS committed_at FROM moves"
    )
    moves = moves.replace("transaction,", "transaction::text,")
    with psycopg.connect(dsn) as connection:
        history.promises |= {job for (job,) in connection.execute("SELECT job FROM promises")}
        with connection.cursor(row_factory=class_row(Move)) as cursor:
            history.moves += cursor.execute(moves)
        with connection.cursor(row_factory=class_row(Event)) as cursor:
            history.events += cursor.execute("SELECT * FROM events ORDER BY id")
        with connection.cursor(row_factory=class_row(Heartbeat)) as cursor:
            history.heartbeats += cursor.execute("SELECT * FROM heartbeats ORDER BY at")
