"""Flows in the database. Statements without IO."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from ..model.arguments import check_type
from ..model.flow import Flow
from ..model.job import Job
from ..postgres.statement import Statement
from ..postgres.steps import Steps
from .jobs import batches, enqueue, insert_parameters
from .unique_keys import Duplicate, note_stored

SWEPT = 5_000
"""Dependencies that one sweep checks."""
WATCHED = 1_000
"""Watched jobs that one statement checks."""
RELEASED = 2_000
"""Dependencies that one statement deletes at most; the flow advancer goes on with the rest."""
_START = UUID(int=0)

Dependency = tuple[UUID, UUID]
K = TypeVar("K")


def unstored(flow: Flow) -> Flow:
    """The flow or, when a job of it is stored already, another one like it."""
    check_type(flow, "flow", Flow, "the result of chain() or group()")
    if not any(job.is_stored for job in flow.jobs):
        return flow
    fresh = {job.id: job.unstored() for job in flow.jobs}
    return Flow(
        [*fresh.values()],
        [(fresh[before].id, fresh[after].id) for before, after in flow.dependencies],
        {fresh[id_].id: policy for id_, policy in flow.on_failure.items()},
    )


def insert_flow(flow: Flow) -> list[Statement[list[Duplicate]]]:
    """Store a flow, in one statement unless it is large: what waits for nothing can run at once.

    Each returns its duplicates. Raises PayloadError, before any SQL, for a job that Postgres would
    refuse, and for a flow that is too large for a statement and cannot be stored in parts.
    """
    check_type(flow, "flow", Flow, "the result of chain() or group()")
    return insert_flow_rows(flow, flow_rows(flow))


def insert_flow_rows(
    flow: Flow, rows: Sequence[dict[str, Any]]
) -> list[Statement[list[Duplicate]]]:
    """`insert_flow` for a flow as its `flow_rows` say."""
    parts = batches(rows)
    if len(parts) == 1 or not _is_in_order(flow) or any("key" in row for row in rows):
        return [enqueue(flow.jobs, rows)]
    return [enqueue((), part) for part in parts]


def _is_in_order(flow: Flow) -> bool:
    """Whether each job comes after those that it waits for."""
    positions = {job.id: position for position, job in enumerate(flow.jobs)}
    return all(positions[before] < positions[after] for before, after in flow.dependencies)


def flow_rows(flow: Flow) -> list[dict[str, Any]]:
    """What an insert says of each job of a flow, `dependencies` on what it waits for among it.

    Raises PayloadError for a job that Postgres would refuse.
    """
    dependencies: defaultdict[UUID, list[Dependency]] = defaultdict(list)
    for each in flow.dependencies:
        dependencies[each[1]].append(each)
    return [
        {
            **insert_parameters(job),
            "flow": flow.id,
            "on_failure": flow.on_failure.get(job.id),
            "dependencies": dependencies[job.id],
        }
        for job in flow.jobs
    ]


class EndedJobs(NamedTuple, Generic[K]):
    """Where to go on, None at the end; and which of the jobs have ended."""

    next: K | None
    ended: Sequence[UUID]


def sweep(after: Dependency | None) -> Statement[EndedJobs[Dependency]]:
    """Find jobs that ended by a hand-typed statement, among the dependencies after this one."""
    job, following = after or (_START, _START)
    return Statement(
        "flow/sweep_dependencies",
        {"job": job, "next": following, "limit": SWEPT},
        lambda rows, count: EndedJobs(
            (rows[-1][0], rows[-1][1]) if len(rows) == SWEPT else None,
            [*dict.fromkeys(job for job, _, has_ended in rows if has_ended)],
        ),
    )


def watch(job: UUID | None) -> Statement[EndedJobs[UUID]]:
    """Find jobs that have ended among the watched ones after this one, a page of them."""
    return Statement(
        "flow/watched_jobs",
        {"job": job or _START, "limit": WATCHED},
        lambda rows, count: EndedJobs(
            rows[-1][0] if len(rows) == WATCHED else None,
            [job for job, has_ended in rows if has_ended],
        ),
    )


def advance(jobs: Sequence[UUID], budget: int = RELEASED) -> Statement[Sequence[UUID]]:
    """Release some of what waits for these jobs, which have ended; returns those with more.

    It deletes at most `budget` dependencies.
    """
    return Statement(
        "SELECT {conduit_advance}(%(jobs)s::uuid[], '{}'::uuid[], %(budget)s::int, true)",
        {"jobs": list(jobs), "budget": budget},
        lambda rows, count: rows[0][0],
    )


def advance_watched() -> Steps[None]:
    """Go on with flows whose jobs ended unnoticed, for `dequeue` without a worker."""
    watched = yield watch(None)
    if watched.ended:
        yield advance(watched.ended)


class ChildJobs(list[Job]):
    """Jobs, those of flows among them, in the order in which they were enqueued."""

    _flow_rows: tuple[dict[str, Any], ...] = ()

    def add_flow(self, flow: Flow) -> None:
        """Add a chain or a group as it is now.

        Raises PayloadError for a job that Postgres would refuse.
        """
        flow = unstored(flow)
        self._flow_rows += tuple(flow_rows(flow))
        self.extend(flow.jobs)
        note_stored(flow.jobs, ())

    def rows(self) -> list[Mapping[str, Any]]:
        """What the statement that completes the job says of them."""
        in_flows = {row["id"] for row in self._flow_rows}
        jobs = [job.unstored() for job in self if job.id not in in_flows]
        note_stored([job for job in self if job.id not in in_flows], ())
        return [*map(insert_parameters, jobs), *self._flow_rows]
