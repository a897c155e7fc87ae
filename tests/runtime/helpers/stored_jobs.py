"""Jobs as they are stored."""

from conduit_runtime import Job, JobStatus, Queue


def reload(queue: Queue, job: Job) -> Job:
    """Return the stored job; fails if there is none."""
    stored = queue.get(job.id)
    assert stored is not None
    return stored


def status(queue: Queue, job: Job) -> JobStatus:
    """Return the status of the stored job; fails if there is none."""
    return reload(queue, job).status
