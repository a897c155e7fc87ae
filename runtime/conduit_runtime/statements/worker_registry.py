"""Workers in the database: registration, heartbeats, rescues, and notices of failed jobs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any, NamedTuple
from uuid import UUID

from ..model.attempts.failed_job import FailedJob
from ..model.errors import MigrationError
from ..model.lanes import Lane
from ..model.payload import decode as decode_json
from ..model.queues.controls import Controls, SourceLimits
from ..model.queues.retention import Retention, in_seconds
from ..model.stored_headers import read_headers
from ..model.workers.child_counts import ChildCounts
from ..model.workers.worker_info import RunningJob, WorkerInfo
from ..model.workers.worker_state import DeadWorker, WorkerState
from ..postgres.arrays import array, uuids
from ..postgres.statement import Rows, Statement, nothing

_KEEP_ALL = Retention()
_PAGE = 1_000
"""The most notices that a worker takes over at a time."""
_ALONE = {"alone": "true"}


class Rescued(NamedTuple):
    """A job that was reclaimed from a dead worker."""

    id: UUID
    queue: str
    type: str
    status: str


def identity(schema: str) -> Statement[str]:
    """The identity of this database: 16 hex digits, the same for every host and path to it."""

    def decode(rows: Rows, count: int) -> str:
        name, migrated_at = rows[0]
        what = f"{name}\0{schema}\0{migrated_at}"
        return hashlib.sha256(what.encode()).hexdigest()[:16]

    return Statement("worker/identity", {}, decode)


def find_schema() -> Statement[str]:
    """The schema in which the search path finds our tables. Decoding raises MigrationError."""

    def decode(rows: Rows, count: int) -> str:
        if not rows:
            raise MigrationError(
                "there is no jobs table of conduit-jobs: run `conduit-jobs migrate` first"
            )
        return str(rows[0][0])

    return Statement("worker/find_schema", {}, decode)


def register(
    name: str,
    lock_key: int | None,
    host: str,
    pid: int,
    queues: Sequence[str],
    lanes: Sequence[Lane],
    version: str = "",
    retention: Retention = _KEEP_ALL,
    limits: Mapping[str, SourceLimits] = {},
    age: float = 0.0,
) -> Statement[None]:
    """Register a worker, or change what it handles.

    `limits` are the limits of job types in its code. The worker started `age` seconds ago.
    """
    parameters = {
        "name": name,
        "lock_key": lock_key,
        "host": host,
        "pid": pid,
        "queues": list(queues),
        "lanes": json.dumps([list(lane) for lane in lanes]),
        "version": version,
        "keep_completed": in_seconds(retention.keep_completed),
        "keep_failed": in_seconds(retention.keep_failed),
        "limits": json.dumps({type_: astuple(each) for type_, each in limits.items()}),
        "age": age,
    }
    return Statement("worker/register", parameters, nothing)


def workers() -> Statement[list[WorkerInfo]]:
    """The registered workers, each with the jobs that it runs."""
    return Statement("worker/workers", {}, lambda rows, count: [_worker(*row) for row in rows])


def _worker(*row: Any) -> WorkerInfo:
    running = [_running_job(**each) for each in json.loads(row[-2])]
    values: list[Any] = [*row[:-2], running, ChildCounts(**json.loads(row[-1]))]
    return WorkerInfo(*values)


def _running_job(id: str, **further: Any) -> RunningJob:
    return RunningJob(UUID(id), **further)


def lock(lock_key: int) -> Statement[bool]:
    """Take the session lock that shows that the worker lives; False if another session has it."""
    return Statement(
        "SELECT pg_catalog.pg_try_advisory_lock(%(key)s)",
        {"key": lock_key},
        lambda rows, count: bool(rows[0][0]),
    )


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The state of every worker, this one included, and other values that a worker polls for.

    `due` is the number of seconds until the next schedule is due; None if there is none. `clock` is
    the Unix time on the server's clock. `clock` and `controls` are None while no worker is
    registered. `is_awaited` is whether flows wait for jobs outside of them. `refused` are those of
    the worker's queues that have jobs whose claim Postgres refused. `has_expired` is whether jobs
    of any queue have expired. `has_parked` is whether jobs of any queue wait for their key.
    """

    states: list[WorkerState]
    due: float | None = None
    clock: float | None = None
    controls: Controls | None = None
    is_awaited: bool = False
    refused: Sequence[str] = ()
    has_expired: bool = False
    has_parked: bool = False


def heartbeat(
    name: str, queues: Sequence[str], children: ChildCounts | None = None
) -> Statement[Heartbeat]:
    """Send a heartbeat; read the workers, the controls of these queues, and the rates.

    `children` are the counts to be shown, if there are any.
    """
    shown = json.dumps(asdict(children)) if children is not None and children.in_words else None
    return Statement(
        "worker/heartbeat",
        {"name": name, "queues": list(queues), "children": shown},
        lambda rows, count: Heartbeat(
            [WorkerState(*row[:3]) for row in rows],
            *((*rows[0][3:5], Controls.of(*rows[0][5:8]), *rows[0][8:]) if rows else ()),
        ),
    )


def rescue(dead: DeadWorker) -> Statement[list[Rescued]]:
    """Reclaim the jobs of a dead worker and deregister it, unless its heartbeat has moved."""
    parameters = {"name": dead.name, "heartbeat": dead.heartbeat, "silent": dead.silent}
    return Statement("worker/rescue", parameters, _rescued, _ALONE)


def has_orphans() -> Statement[bool]:
    """Whether there are jobs of unregistered workers, or jobs whose lease has lapsed."""
    return Statement("SELECT EXISTS ({orphans})", {}, lambda rows, count: bool(rows[0][0]))


def rescue_orphans(*, alone: bool = True) -> Statement[list[Rescued]]:
    """Reclaim jobs of unregistered workers, and jobs whose lease has lapsed.

    `alone` is whether the statement is its own transaction.
    """
    how = _ALONE if alone else {"alone": "false"}
    return Statement("worker/rescue_orphans", {}, _rescued, how)


def reclaim(claims: Sequence[tuple[UUID, UUID]]) -> Statement[list[Rescued]]:
    """Reclaim jobs whose worker died, by id and token, if they are still held."""
    parameters = {
        "ids": uuids([id_ for id_, _ in claims]),
        "tokens": uuids([token for _, token in claims]),
    }
    return Statement("worker/reclaim_lost", parameters, _rescued, _ALONE)


class WaitingLane(NamedTuple):
    """A lane that waits in a queue, and whether a live worker of the queue handles it.

    Only the lane of unreadable jobs can be handled here.
    """

    queue: str
    lane: Lane
    is_handled: bool


def unhandled_types(queues: Sequence[str]) -> Statement[list[WaitingLane]]:
    """The waiting lanes of these queues that no live worker handles, and the unreadable ones."""
    return Statement(
        "worker/unhandled_types",
        {"queues": list(queues)},
        lambda rows, count: [
            WaitingLane(queue, (type_, shape), is_handled)
            for queue, type_, shape, is_handled in rows
        ],
        {"queue": "wanted.queue"},
    )


def unserved_queues(types: Sequence[str]) -> Statement[list[tuple[str, list[str]]]]:
    """The queues that have pending jobs of these types and that no worker serves.

    Each comes with those of the types that wait in it.
    """
    return Statement(
        "worker/unserved_queues",
        {"types": array(types)},
        lambda rows, count: [(queue, found) for queue, found in rows],
        {"queue": "unserved.queue"},
    )


def deregister(name: str) -> Statement[None]:
    """Delete the worker's row, when the worker ends normally."""
    deleting = "DELETE FROM {conduit_workers} WHERE name = %(name)s"
    return Statement(deleting, {"name": name}, nothing)


def _rescued(rows: Rows, count: int) -> list[Rescued]:
    return [Rescued(*row[:4]) for row in rows]


def take_failure_notices(queues: Sequence[str], worker: str) -> Statement[list[FailedJob]]:
    """Take over notices that no live worker has: those of these queues, and old ones of all."""
    return Statement(
        "worker/take_failure_notices",
        {"queues": list(queues), "worker": worker, "limit": _PAGE},
        lambda rows, count: [
            FailedJob(
                *(id_, type_, queue, attempts, most, decode_json(payload), error or ""),
                headers=read_headers(headers),
            )
            for id_, type_, queue, attempts, most, payload, error, headers in rows
        ],
    )


def delete_failure_notices(reported: Sequence[tuple[UUID, str]]) -> Statement[None]:
    """Delete the notices of these jobs that the named workers still have."""
    parameters = {
        "jobs": uuids([job for job, _ in reported]),
        "workers": array([worker for _, worker in reported]),
    }
    return Statement("worker/delete_failure_notices", parameters, nothing)


def sweep_failure_notices() -> Statement[None]:
    """Delete a page of the notices that are older than a day: no worker has an `on_failed`."""
    return Statement("worker/sweep_failure_notices", {"limit": _PAGE}, nothing)
