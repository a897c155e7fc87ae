"""The backend that TASKS names, and its OPTIONS."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from ....job_types.rules import rules_of
from ....model.arguments import check_duration
from ....model.attempts.retry import BackoffKind
from ....model.errors import PayloadError
from ....model.job import Job, JobStatus
from ....model.payload import check_name
from ....model.queues.controls import OnFailure
from ....statements.jobs import check_options, job_id
from ....worker.run.handler import HandlerOptions
from .. import jobs_database
from . import registry
from .api import BaseTaskBackend, InvalidTask, Task, TaskResult, TaskResultDoesNotExist, signals
from .results import aware, new_result, stored_result
from .task import ConduitTask

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Options:
    """How the tasks of a backend run.

    `max_attempts` says how often a task is tried, `backoff` and `base` when it is tried again,
    `timeout` how long one attempt may take, `expires` how long after it is due a task may start,
    and `keep_result` how long a result is kept after the end of the task. `key_concurrency`,
    `ordered` and `on_failure` are those of a handler, for tasks with a key.
    """

    max_attempts: int = 3
    backoff: BackoffKind = "exponential"
    base: timedelta | None = None
    timeout: timedelta | None = None
    expires: timedelta | None = None
    keep_result: timedelta = KEPT
    key_concurrency: int | None = None
    ordered: bool = False
    on_failure: OnFailure | None = None

    @property
    def of_handlers(self) -> HandlerOptions:
        """The options of the tasks' handlers."""
        return {
            "keep_result": self.keep_result,
            "timeout": self.timeout,
            "backoff": self.backoff,
            "base": self.base,
            "key_concurrency": self.key_concurrency,
            "ordered": self.ordered,
            "on_failure": self.on_failure,
        }

    @classmethod
    def of(cls, alias: str, given: Mapping[str, Any]) -> "Options":
        """The options as TASKS gives them. Raises ImproperlyConfigured, naming the wrong one."""
        where = f"TASKS[{alias!r}]['OPTIONS']"
        known = [field.name for field in fields(cls)]
        if unknown := [key for key in given if key not in known]:
            raise ImproperlyConfigured(
                f"{where} has no {unknown[0]!r}: the options are {', '.join(known)}"
            )
        try:
            options = cls(**given)
            if options.expires is not None:
                check_duration(options.expires, "expires")
            if isinstance(options.max_attempts, bool) or not isinstance(options.max_attempts, int):
                raise TypeError(f"max_attempts is {options.max_attempts!r}: give a number")
            rules_of(options.of_handlers)
            if options.max_attempts < 1:
                raise ValueError(f"max_attempts is {options.max_attempts}: give 1 or more")
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"{where}: {error}") from error
        return options


class ConduitBackend(BaseTaskBackend):
    """Enqueues tasks as jobs, in the transaction of Django's connection to their database.

    The job's type is the path of the task's function. The task's priority, from -100 to 100, is
    scaled to the job's, from 0 to 100: two neighbouring priorities may become the same.
    """

    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True
    task_class = ConduitTask

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, params)
        self.job_options = Options.of(alias, self.options)

    def validate_task(self, task: Task) -> None:
        """Raise InvalidTask for a task that cannot be enqueued; remember any other task."""
        super().validate_task(task)
        try:
            check_name(task.module_path, "the path of the task's function")
            check_name(task.queue_name, "queue_name")
            check_options(_job(task, self.job_options))
        except (PayloadError, ValueError, TypeError) as error:
            raise InvalidTask(str(error)) from error
        registry.note(task)

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Store the task; it runs if the transaction commits.

        Raises TypeError or PayloadError for arguments that are no JSON.
        """
        self.validate_task(task)
        job = _job(task, self.job_options)
        now = timezone.now()
        result = new_result(task, job, self.alias, args, kwargs, now)
        job.payload = {
            "args": result.args,
            "kwargs": result.kwargs,
            "backend": self.alias,
            "enqueued_at": now.isoformat(),
        }
        if task.priority % 2:
            job.payload["priority"] = task.priority
        if job.run_at is not None:
            job.payload["run_after"] = job.run_at.isoformat()
        if isinstance(task, ConduitTask):
            job.payload |= task.stored
        jobs_database.queue().enqueue(job)
        signals.task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """The result of a task, as the present transaction sees it.

        Raises TaskResultDoesNotExist if there is none: the job was purged, its result is not kept
        any longer, or the task's function is gone.
        """
        try:
            id = job_id(result_id)
        except (TypeError, ValueError):
            raise TaskResultDoesNotExist(result_id) from None
        job = jobs_database.queue().get(id)
        if job is None or not _is_task(job) or (task := registry.find(job.type)) is None:
            raise TaskResultDoesNotExist(result_id)
        if job.status is JobStatus.COMPLETED and job.result is None:
            raise TaskResultDoesNotExist(f"{result_id}: its result is no longer stored")
        return stored_result(task, job, self.alias)

    def check(self, **given: Any) -> Iterator[CheckMessage]:
        """Check that the application with the tables and the workers is installed."""
        from django.apps import apps

        if not apps.is_installed("conduit_runtime.contrib.django"):
            yield Error(
                f"TASKS[{self.alias!r}] needs the tables of jobs.",
                hint="Add 'conduit_runtime.contrib.django' to INSTALLED_APPS.",
                id="conduit.E008",
            )


def _job(task: Task, options: Options) -> Job:
    job = Job(
        queue=task.queue_name,
        type=task.module_path,
        priority=(task.priority + 100) // 2,
        max_attempts=options.max_attempts,
        run_at=aware(task.run_after),
        expires=options.expires,
    )
    if isinstance(task, ConduitTask):
        job.key, job.weight = task.key, task.weight
        job.expires = options.expires if task.expires is None else task.expires
    return job


def _is_task(job: Job) -> bool:
    return isinstance(job.payload, dict) and {"args", "kwargs"} <= job.payload.keys()
