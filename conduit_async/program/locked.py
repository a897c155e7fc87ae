"""A checked job type as the lock has it."""

from ..job_options import locked_options
from ..lock.model import BlockIdentity, Fields, LockedJob, LockedStep
from .jobs import JobInfo, StepInfo


def locked_job(job: JobInfo) -> LockedJob:
    """Return a job type as the lock has it, with only its current shape."""
    return LockedJob(
        job.hook_name,
        job.fingerprint,
        {job.fingerprint: job.fields},
        locked_options(job.options),
        was=job.was,
        block=None if "name" in job.options else BlockIdentity(job.statements),
        calls=job.calls,
        steps=_locked_steps(job) if job.stores_steps else None,
    )


def _locked_steps(job: JobInfo) -> tuple[LockedStep, ...]:
    found: list[tuple[StepInfo, Fields | None]] = [(each, each.fields) for each in job.steps]
    found += [(each, None) for each in job.unrecorded]
    return tuple(
        LockedStep(each.name, each.hash, each.within, kept, each.pause)
        for each, kept in sorted(found, key=lambda pair: pair[0].place)
    )
