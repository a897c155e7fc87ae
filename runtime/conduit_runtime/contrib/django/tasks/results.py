"""A job as the result of a task."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from ....model.job import Job, JobStatus
from .api import Task, TaskError, TaskResult, TaskResultStatus
from .task import ConduitTask

_STATUSES = {
    JobStatus.PENDING: TaskResultStatus.READY,
    JobStatus.RUNNING: TaskResultStatus.RUNNING,
    JobStatus.COMPLETED: TaskResultStatus.SUCCESSFUL,
    JobStatus.FAILED: TaskResultStatus.FAILED,
    JobStatus.CANCELLED: TaskResultStatus.FAILED,
}
_LOST = "conduit_runtime.JobLost"


def new_result(
    task: Task, job: Job, alias: str, args: Any, kwargs: Any, now: datetime
) -> TaskResult:
    """The result of a task whose job is not stored yet."""
    return TaskResult(
        task=task,
        id=str(job.id),
        status=TaskResultStatus.READY,
        enqueued_at=local(now),
        started_at=None,
        finished_at=None,
        last_attempted_at=None,
        args=args,
        kwargs=kwargs,
        backend=alias,
        errors=[],
        worker_ids=[],
    )


def stored_result(task: Task, job: Job, alias: str) -> TaskResult:
    """The result of a task whose job is stored."""
    kept = job.result or {}
    starts = [each["started_at"] for each in job.errors if each.get("started_at")]
    ended = job.status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
    result = TaskResult(
        task=_as_enqueued(task, job, alias),
        id=str(job.id),
        status=_STATUSES[job.status],
        enqueued_at=_moment(job.payload.get("enqueued_at")) or local(job.created_at),
        started_at=_moment(starts[0]) if starts else local(job.started_at),
        finished_at=local(job.completed_at) if ended else None,
        last_attempted_at=local(job.started_at),
        args=job.payload["args"],
        kwargs=job.payload["kwargs"],
        backend=alias,
        errors=[
            TaskError(
                exception_class_path=error.get("exception", _LOST),
                traceback=error.get("traceback") or error.get("error", ""),
            )
            for error in job.errors
        ],
        worker_ids=_worker_ids(job, kept.get("worker")),
    )
    if job.status is JobStatus.COMPLETED:
        change(result, _return_value=kept.get("value"))
    return result


def _worker_ids(job: Job, last: str | None) -> list[str]:
    """The worker of each attempt; "" for attempts whose errors are no longer kept."""
    ids = [""] * job.attempts
    for error in job.errors:
        if (name := error.get("worker")) and 0 < error.get("attempt", 0) <= len(ids):
            ids[error["attempt"] - 1] = name.rpartition("-")[0]
    if ids and (last or job.locked_by):
        ids[-1] = last or (job.locked_by or "").rpartition("-")[0]
    return ids


def _as_enqueued(task: Task, job: Job, alias: str) -> Task:
    """The task as it was enqueued. It is not checked again: the settings may have changed."""
    enqueued = object.__new__(type(task))
    change(enqueued, **{field.name: getattr(task, field.name) for field in fields(task)})
    change(
        enqueued,
        priority=job.payload.get("priority", job.priority * 2 - 100),
        queue_name=job.queue,
        run_after=_moment(job.payload.get("run_after")),
        backend=alias,
    )
    if isinstance(enqueued, ConduitTask):
        change(enqueued, **ConduitTask.stored_as(job.key, job.payload))
    return enqueued


def change(result: TaskResult | Task, **values: Any) -> None:
    """Set fields of an object that is frozen for applications."""
    for name, value in values.items():
        object.__setattr__(result, name, value)


def _moment(text: str | None) -> datetime | None:
    return local(datetime.fromisoformat(text)) if text else None


def local(moment: datetime | None) -> datetime | None:
    """A moment as the project uses them: without USE_TZ, naive and in its time zone."""
    if moment is None or settings.USE_TZ:
        return moment
    naive: datetime = timezone.make_naive(moment)
    return naive


def aware(moment: datetime | None) -> datetime | None:
    """A moment of the project with a time zone, as the queue takes it."""
    if moment is None or timezone.is_aware(moment):
        return moment
    made: datetime = timezone.make_aware(moment)
    return made
