"""The attributes of a log record that identify its job."""

import re
from collections.abc import Mapping
from typing import Any

from ..attempts.failed_job import FailedJob
from ..claimed import Claimed, ClaimedBatch
from ..job import Job
from ..stored_headers import read_headers, read_trace

_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-")


def job_fields(
    job: Claimed | ClaimedBatch | Job | FailedJob, duration: float | None = None
) -> dict[str, Any]:
    """The `extra` of a record: the job with its attempt, headers and trace, and the seconds.

    For a batch: its type and queue, and the number of its `jobs`.
    """
    if isinstance(job, ClaimedBatch):
        return {"job_type": job.type, "queue": job.queue, "jobs": len(job.jobs)}
    fields: dict[str, Any] = {
        "job_id": str(job.id),
        "job_type": job.type,
        "queue": job.queue,
        "attempt": job.attempts,
    }
    if isinstance(job, Claimed | Job) and job.key is not None:
        fields["key"] = job.key
    if duration is not None:
        fields["duration"] = round(duration, 6)
    if not job.headers and not isinstance(job, Job):
        return fields
    trace: Mapping[str, str] | None = None
    if isinstance(job, Claimed):
        headers, trace = read_headers(job.headers), read_trace(job.headers)
    else:
        headers = {**job.headers}
        trace = job.trace if isinstance(job, Job) else None
    if headers:
        fields["headers"] = headers
    if trace and (found := _TRACE.search(str(trace))):
        fields["trace_id"] = found[1]
    return fields
