"""The statements for the pages of a job and of a flow."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from ...model.dashboard.job import Children, JobBrief, Neighbours, StartFacts, UniqueKey
from ...model.job import Job, JobStatus
from ...model.job_step import JobStep
from ...model.workers.worker_state import LEASE
from ...postgres.statement import Rows, Statement
from ..job_rows import COLUMNS
from ..jobs import read_whole_job
from ..steps import read_step
from .ids import LEAST, first_id
from .reach import USUAL, Reach

LISTED = 100
"""The most related jobs that a list shows."""
_SKEW = timedelta(seconds=0.5)
"""The most that a worker's clock, which makes ids, may differ from the server's."""
_SIZE = "pg_catalog.octet_length(payload::pg_catalog.text)"
_IS_SMALL = f"(pg_catalog.pg_column_size(payload) <= 10000 OR {_SIZE} <= %(most)s::integer)"
"""The first part is quick: it need not write a small payload as text to measure it."""
_COLUMNS = COLUMNS.replace(
    "payload::pg_catalog.text",
    f"CASE WHEN {_IS_SMALL} THEN payload::pg_catalog.text ELSE 'null' END",
)


def shown_job(id: UUID, reach: Reach = USUAL) -> Statement[tuple[Job, int] | None]:
    """Read one job with its result, and 0; None if there is no such job.

    A payload of too many characters is not read; its number of characters replaces the 0.
    """

    def decode(rows: Rows, count: int) -> tuple[Job, int] | None:
        return (read_whole_job(rows[0][:-1]), rows[0][-1]) if rows else None

    fragments = {"columns": _COLUMNS, "too_large": f"CASE WHEN {_IS_SMALL} THEN 0 ELSE {_SIZE} END"}
    return Statement("dashboard/job/job", {"ids": [id], "most": reach.payload}, decode, fragments)


def shown_steps(id: UUID, reach: Reach = USUAL) -> Statement[list[tuple[JobStep, int]]]:
    """The last steps of a job, in the order of their ends, each with 0.

    A value of too many characters is not read; its number of characters replaces the 0.
    """
    size = "pg_catalog.octet_length(value::pg_catalog.text)"
    is_small = f"(pg_catalog.pg_column_size(value) <= 10000 OR {size} <= %(most)s::integer)"
    fragments = {
        "value": f"CASE WHEN {is_small} THEN value::pg_catalog.text END",
        "further": f", CASE WHEN {is_small} THEN 0 ELSE {size} END",
    }
    return Statement(
        "job/steps",
        {"id": id, "limit": LISTED, "most": reach.step},
        lambda rows, count: [(read_step(row), row[-1] or 0) for row in reversed(rows)],
        fragments,
    )


def children(job: Job, reach: Reach = USUAL) -> Statement[Children]:
    """The jobs that the handler of a completed job enqueued.

    No index finds them. Their ids tell that they were enqueued while their parent ran, so the
    newest jobs of that time, a limited number, are read.
    """
    first = last = LEAST
    if job.status is JobStatus.COMPLETED and job.started_at and job.completed_at:
        first, last = first_id(job.started_at - _SKEW), first_id(job.completed_at + _SKEW)
    parameters = {
        "id": job.id,
        "first": first,
        "last": last,
        "scanned": reach.near,
        "listed": LISTED,
    }

    def decode(rows: Rows, count: int) -> Children:
        found = [_brief(row) for row in rows if row[1] is not None]
        return Children(found, len(found) >= LISTED or rows[0][0] >= reach.near)

    return Statement("dashboard/job/children", parameters, decode, {"follows": ""})


def neighbours(id: UUID) -> Statement[Neighbours]:
    """Read the neighbours of a job: `LISTED` on each side."""

    def decode(rows: Rows, count: int) -> Neighbours:
        before, after = (
            [_brief(row) for row in rows if row[0] == role] for role in ("before", "after")
        )
        return Neighbours(before, after)

    parameters = {"id": id, "listed": LISTED}
    return Statement("dashboard/job/neighbours", parameters, decode, {"follows": ""})


def unique_key(job: Job, reach: Reach = USUAL) -> Statement[UniqueKey | None]:
    """The unique key that a job holds, if it is among the first keys of its type."""
    reading = (
        "SELECT key, expires_at FROM (SELECT key, job, expires_at FROM {conduit_unique_keys} "
        "WHERE type = %(type)s LIMIT %(scanned)s::integer) AS keys WHERE job = %(id)s LIMIT 1"
    )
    parameters = {"id": job.id, "type": job.type, "scanned": reach.near}
    return Statement(reading, parameters, lambda rows, count: UniqueKey(*rows[0]) if rows else None)


def start_facts(ids: Sequence[UUID]) -> Statement[list[StartFacts]]:
    """The facts that decide when these jobs start, in no order; jobs that are gone are missing."""
    return Statement(
        "dashboard/job/start_facts",
        {"ids": [*ids], "lease": LEASE},
        lambda rows, count: [StartFacts(*row) for row in rows],
    )


def flow_jobs(
    flow: UUID, seed: UUID | None, limit: int, reach: Reach = USUAL
) -> Statement[list[JobBrief]]:
    """The jobs of a flow, at most `limit`.

    No index finds them. Jobs are made right before their flow, so `reach.near` jobs before the
    flow are read, and as many on both sides of `seed`, which is one of them. The lists of jobs
    that they follow end after `reach.followed` ids.
    """
    near = [(UUID(int=((flow.int >> 80) + 2) << 80), False)] if flow.version == 7 else []
    if seed is not None:
        near += [(seed, True), (seed, False)]
    return _of_flow({"flow": flow, "ids": [], "limit": limit}, near, reach)


def followed_jobs(ids: Sequence[UUID], reach: Reach = USUAL) -> Statement[list[JobBrief]]:
    """These jobs, which other jobs of their flow follow; jobs that are gone are missing."""
    return _of_flow({"flow": LEAST, "ids": [*ids], "limit": len(ids)}, [], reach)


def _of_flow(
    parameters: dict[str, Any], near: Sequence[tuple[UUID, bool]], reach: Reach
) -> Statement[list[JobBrief]]:
    def decode(rows: Rows, count: int) -> list[JobBrief]:
        follows: dict[Any, Sequence[UUID]] = {None: ()}
        follows |= {row[-2]: tuple(row[-1]) for row in rows if row[-1] is not None}
        return [_brief(row[:-2], follows.get(row[-2], ())) for row in rows]

    parameters |= {
        "near": [id_ for id_, _ in near],
        "ascending": [ascending for _, ascending in near],
        "scanned": reach.near,
        "followed": reach.followed,
    }
    return Statement(
        "dashboard/job/flow_jobs",
        parameters,
        decode,
        {"follows": ", follows[1:%(limit)s::integer] AS follows"},
    )


def _brief(row: Sequence[Any], follows: Sequence[UUID] = ()) -> JobBrief:
    values = [*row[1:], follows]
    return JobBrief(*values)
