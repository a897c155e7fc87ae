"""What a log record says of a job, as attributes of the record."""

import re
from typing import Any

from ..attempts.failed_job import FailedJob
from ..claimed import Claimed, ClaimedBatch
from ..job import Job

_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-")


def job_fields(
    job: Claimed | ClaimedBatch | Job | FailedJob, duration: float | None = None
) -> dict[str, Any]:
    """The `extra` of a record: which job, which attempt, of which trace, and its seconds.

    Of a batch, which type and queue, and how many `jobs`.
    """
    if isinstance(job, ClaimedBatch):
        return {"job_type": job.type, "queue": job.queue, "jobs": len(job.jobs)}
    fields: dict[str, Any] = {
        "job_id": str(job.id),
        "job_type": job.type,
        "queue": job.queue,
        "attempt": job.attempts,
    }
    if duration is not None:
        fields["duration"] = round(duration, 6)
    trace = getattr(job, "trace", None)
    if trace and (found := _TRACE.search(str(trace))):
        fields["trace_id"] = found[1]
    return fields
