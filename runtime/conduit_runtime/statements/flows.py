"""Flows in the database. Statements without IO."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from ..model.arguments import check_type
from ..model.flow import Flow
from ..model.headers import NO_HEADERS
from ..model.job import Job
from ..model.new_job import NewJob
from ..postgres.statement import Statement
from ..postgres.steps import Steps
from .jobs import batches, enqueue, new_job
from .unique_keys import Duplicate, note_stored

SWEPT = 5_000
"""Dependencies that one sweep checks."""
WATCHED = 1_000
"""Watched jobs that one statement checks."""
RELEASED = 2_000
"""The most dependencies that one statement deletes; the flow advancer continues with the rest."""
_START = UUID(int=0)

Dependency = tuple[UUID, UUID]
K = TypeVar("K")


def unstored(flow: Flow) -> Flow:
    """The flow or, if one of its jobs is already stored, another one like it."""
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
    """Store a flow, in one statement unless it is large; jobs that wait for none can run at once.

    Each statement returns its duplicates. Raises PayloadError, before any SQL, for a job that
    Postgres would refuse, and for a flow that is too large for one statement and cannot be stored
    in parts.
    """
    check_type(flow, "flow", Flow, "the result of chain() or group()")
    return insert_flow_rows(flow, flow_rows(flow))


def insert_flow_rows(flow: Flow, rows: Sequence[NewJob]) -> list[Statement[list[Duplicate]]]:
    """`insert_flow` for a flow whose `flow_rows` are given."""
    parts = batches(rows)
    if len(parts) == 1 or not _is_in_order(flow) or any(row.digest is not None for row in rows):
        return [enqueue(flow.jobs, rows)]
    return [enqueue((), part) for part in parts]


def _is_in_order(flow: Flow) -> bool:
    """Whether each job comes after those that it waits for."""
    positions = {job.id: position for position, job in enumerate(flow.jobs)}
    return all(positions[before] < positions[after] for before, after in flow.dependencies)


def flow_rows(flow: Flow, parent: Mapping[str, str] | None = None) -> list[NewJob]:
    """The rows to insert for a flow; the `dependencies` of a row are those that its job waits for.

    `parent` are the headers of the job that enqueues it. Raises PayloadError for a job that
    Postgres would refuse.
    """
    dependencies: defaultdict[UUID, list[Dependency]] = defaultdict(list)
    for each in flow.dependencies:
        dependencies[each[1]].append(each)
    rows = [new_job(job, parent) for job in flow.jobs]
    for row in rows:
        row.flow = flow.id
        row.on_failure = flow.on_failure.get(row.id)
        row.dependencies = dependencies[row.id]
    return rows


class EndedJobs(NamedTuple, Generic[K]):
    """The position to continue from, None at the end; and the jobs that have ended."""

    next: K | None
    ended: Sequence[UUID]


def sweep(after: Dependency | None, limit: int = SWEPT) -> Statement[EndedJobs[Dependency]]:
    """Find jobs that a hand-typed statement ended, in the page of dependencies after this one."""
    job, following = after or (_START, _START)
    return Statement(
        "flow/sweep_dependencies",
        {"job": job, "next": following, "limit": limit},
        lambda rows, count: EndedJobs(
            (rows[-1][0], rows[-1][1]) if len(rows) == limit else None,
            [*dict.fromkeys(job for job, _, has_ended in rows if has_ended)],
        ),
    )


def watch(job: UUID | None, limit: int = WATCHED) -> Statement[EndedJobs[UUID]]:
    """Find jobs that have ended, in the page of watched jobs after this one."""
    return Statement(
        "flow/watched_jobs",
        {"job": job or _START, "limit": limit},
        lambda rows, count: EndedJobs(
            rows[-1][0] if len(rows) == limit else None,
            [job for job, has_ended in rows if has_ended],
        ),
    )


def advance(jobs: Sequence[UUID], budget: int = RELEASED) -> Statement[Sequence[UUID]]:
    """Release jobs that wait for these, which have ended; returns those that have more to release.

    It deletes at most `budget` dependencies.
    """
    return Statement(
        "SELECT {conduit_advance}(%(jobs)s::uuid[], '{}'::uuid[], %(budget)s::int, true)",
        {"jobs": list(jobs), "budget": budget},
        lambda rows, count: rows[0][0],
    )


def advance_watched() -> Steps[None]:
    """Continue flows whose jobs ended unnoticed, for a `dequeue` without a worker."""
    watched = yield watch(None)
    if watched.ended:
        yield advance(watched.ended)


class ChildJobs(list[Job]):
    """Child jobs, those of flows included, in the order in which they were enqueued.

    `headers` are those of their parent.
    """

    headers: Mapping[str, str] = NO_HEADERS
    _flow_rows: tuple[NewJob, ...] = ()

    def add_flow(self, flow: Flow) -> None:
        """Add a chain or a group as it is now.

        Raises PayloadError for a job that Postgres would refuse.
        """
        flow = unstored(flow)
        self._flow_rows += tuple(flow_rows(flow, self.headers))
        self.extend(flow.jobs)
        note_stored(flow.jobs, ())

    def rows(self) -> list[NewJob]:
        """The rows of the jobs, for the statement that completes their parent."""
        in_flows = {row.id for row in self._flow_rows}
        jobs = [job.unstored() for job in self if job.id not in in_flows]
        note_stored([job for job in self if job.id not in in_flows], ())
        return [*(new_job(job, self.headers) for job in jobs), *self._flow_rows]
