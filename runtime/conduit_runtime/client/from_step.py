"""Runs a job again from one of its steps, or makes another job that goes on there."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from ..model.errors import NotRepeatable, UnknownJob
from ..model.job import JobStatus
from ..model.payload import check_name
from ..postgres.statement import Statement, nothing
from ..postgres.steps import Steps
from ..statements.jobs import retry_job
from ..statements.steps import fork_job

_NAMED = 20
"""The most steps that an error names."""


class _Job(NamedTuple):
    status: str
    type: str
    is_in_flow: bool


def retry_from(id: UUID, step: str) -> Steps[None]:
    """Delete the records of a job from a step on, and make it due now with all its attempts.

    All statements belong in one transaction. Raises UnknownJob, and NotRepeatable if the job cannot
    go on there.
    """
    job = yield from _locked(id)
    names = yield from _names(id)
    at = _place(id, job, step, names)
    deleting = "DELETE FROM {conduit_steps} WHERE job = %(id)s AND name = ANY (%(names)s::text[])"
    yield Statement(deleting, {"id": id, "names": names[at:]}, nothing)
    forgetting = "DELETE FROM {conduit_signals} WHERE job = %(id)s AND name = %(step)s"
    yield Statement(forgetting, {"id": id, "step": step}, nothing)
    yield retry_job(id, anew=False)


def fork_from(id: UUID, step: str, fork: UUID) -> Steps[None]:
    """Enqueue a job like this one with the id `fork`, with the records of the steps before a step.

    All statements belong in one transaction. Raises UnknownJob, and NotRepeatable if the job cannot
    go on there, is in a flow or holds a unique key.
    """
    job = yield from _locked(id)
    names = yield from _names(id)
    at = _place(id, job, step, names)
    if job.is_in_flow:
        raise NotRepeatable(
            f"job {id} belongs to a flow, where no other job can take its place: retry it from the "
            "step"
        )
    is_unique: bool = yield Statement(
        "SELECT EXISTS (SELECT FROM {conduit_unique_keys} WHERE type = %(type)s AND job = %(id)s "
        "AND {conduit_key_is_held}(job, expires_at))",
        {"id": id, "type": job.type},
        lambda rows, count: bool(rows[0][0]),
    )
    if is_unique:
        raise NotRepeatable(
            f"job {id} holds a unique key, so there can be no job like it: retry it from the step"
        )
    yield fork_job(id, fork, names[:at])


def _locked(id: UUID) -> Steps[_Job]:
    """Lock a job, so that no attempt of it begins or ends."""
    job: _Job | None = yield Statement(
        "SELECT status, type, flow IS NOT NULL FROM {jobs} WHERE id = %(id)s FOR UPDATE",
        {"id": id},
        lambda rows, count: _Job(*rows[0]) if rows else None,
    )
    if job is None:
        is_blocked: bool = yield Statement(
            "SELECT EXISTS (SELECT FROM {conduit_blocked_jobs} WHERE id = %(id)s)",
            {"id": id},
            lambda rows, count: bool(rows[0][0]),
        )
        if is_blocked:
            raise NotRepeatable(f"job {id} is blocked: it waits for other jobs, and has no steps")
        raise UnknownJob(f"there is no job {id}: it was never committed, or it was purged")
    if job.status == JobStatus.RUNNING:
        raise NotRepeatable(f"job {id} is running: cancel it first, or wait until its attempt ends")
    return job


def _names(id: UUID) -> Steps[list[str]]:
    """The names of the job's records in the order of their ends, those that it waits for last."""
    names: list[str] = yield Statement(
        "SELECT name FROM {conduit_steps} WHERE job = %(id)s ORDER BY ended_at, started_at, name",
        {"id": id},
        lambda rows, count: [name for (name,) in rows],
    )
    return names


def _place(id: UUID, job: _Job, step: str, names: Sequence[str]) -> int:
    check_name(step, "the name of the step")
    if step in names:
        return names.index(step)
    if names:
        shown = ", ".join(map(repr, names[:_NAMED])) + ", …" * (len(names) > _NAMED)
        raise NotRepeatable(f"job {id} has no finished step {step!r}; it has {shown}")
    why = (
        ": they are deleted when a job completes, unless `conduit-jobs queues retention` sets "
        "--keep-steps for its queue"
        if job.status == JobStatus.COMPLETED
        else ""
    )
    raise NotRepeatable(f"job {id} has no finished steps{why}")
