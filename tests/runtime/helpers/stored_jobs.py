"""Jobs as the database has them now."""

from conduit_runtime import Job, JobStatus, Queue


def reload(queue: Queue, job: Job) -> Job:
    """The job as it is stored; fails if it is gone."""
    stored = queue.get(job.id)
    assert stored is not None
    return stored


def status(queue: Queue, job: Job) -> JobStatus:
    """The status of the stored job; fails if it is gone."""
    return reload(queue, job).status
