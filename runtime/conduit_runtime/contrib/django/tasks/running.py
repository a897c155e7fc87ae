"""Tasks as handlers of a worker."""

import os
import socket
from collections.abc import Callable
from functools import cache, partial
from inspect import iscoroutinefunction
from traceback import format_exception
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone

from ....job_types.context import JobContext
from ....model.attempts.outcome import Discard, Snooze
from ....model.calls import entered_job
from ....model.claimed import Claimed
from ....model.errors import PayloadError
from ....model.job import Job, JobStatus
from ....model.payload import encode
from ....worker.run.handler import HandlerOptions
from .. import jobs_database
from . import registry
from .api import (
    BaseTaskBackend,
    Task,
    TaskContext,
    TaskError,
    TaskResult,
    TaskResultStatus,
    normalize_json,
    signals,
)
from .results import change, local, stored_result

Payload = dict[str, Any]


def handler_of(task: Task) -> tuple[Callable[[Any, Any], Any], HandlerOptions]:
    """The handler of a task's jobs, and its options.

    A plain function runs in a thread of the worker, a coroutine function on its loop. Processes of
    isolated jobs find the task by its path.
    """
    run = _run_async if iscoroutinefunction(task.func) else _run
    return partial(run, task.module_path), task.get_backend().job_options.of_handlers


def _run(path: str, context: JobContext[Any], payload: Payload) -> Any:
    task: Task = registry.find(path)
    attempt = _Attempt(task, context, payload)
    attempt.start()
    try:
        returned = _returned(task.func(*attempt.arguments, **attempt.result.kwargs))
        if context.stopped_by is not None:
            raise context.stopped_by  # too late: the attempt has ended
    except BaseException as error:
        if (final := attempt.final_error(error)) is not None:
            attempt.fail(final)
        raise
    return attempt.succeed(returned)


async def _run_async(path: str, context: JobContext[Any], payload: Payload) -> Any:
    task: Task = registry.find(path)
    attempt = await sync_to_async(_Attempt)(task, context, payload)
    try:
        await sync_to_async(attempt.start)()
        returned = _returned(await task.func(*attempt.arguments, **attempt.result.kwargs))
    except BaseException as error:
        if (final := attempt.final_error(error)) is not None:
            await sync_to_async(attempt.fail)(final)
        raise
    return await sync_to_async(attempt.succeed)(returned)


class _Attempt:
    """One attempt of a task, with the result that its function and receivers of signals see."""

    def __init__(self, task: Task, context: JobContext[Any], payload: Payload) -> None:
        # What earlier attempts left is in the database.
        stored = jobs_database.queue().get(context.id) if context.attempt > 1 else None
        job = stored or Job(context.queue, context.type, payload, id=context.id)
        claimed = entered_job.get()
        assert isinstance(claimed, Claimed)
        job.key, job.priority, job.attempts = context.key, claimed.priority, context.attempt
        job.status, job.started_at, job.locked_by = JobStatus.RUNNING, timezone.now(), None
        job.result = {"worker": worker_id()}
        self._context = context
        self._is_last = context.attempt >= context.max_attempts
        self._backend: type[BaseTaskBackend] = type(task.get_backend())
        self.result: TaskResult = stored_result(task, job, payload.get("backend", task.backend))
        self.arguments: list[Any] = [*self.result.args]
        if task.takes_context:
            self.arguments.insert(0, TaskContext(task_result=self.result))

    def start(self) -> None:
        """Send the signal of the attempt's start."""
        signals.task_started.send_robust(self._backend, task_result=self.result)

    def final_error(self, error: BaseException) -> BaseException | None:
        """The error that ends the task as failed; None if it runs again, or was taken away."""
        stopped_by = self._context.stopped_by
        if stopped_by is not None:
            return stopped_by if self._is_last and isinstance(stopped_by, TimeoutError) else None
        if isinstance(error, Snooze | GeneratorExit):
            return None
        return error if self._is_last or isinstance(error, Discard) else None

    def fail(self, error: BaseException) -> None:
        """Send the signal of the end of a failed task."""
        kind = type(error.__cause__ or error) if isinstance(error, Discard) else type(error)
        self.result.errors.append(
            TaskError(
                exception_class_path=f"{kind.__module__}.{kind.__qualname__}",
                traceback="".join(format_exception(error)),
            )
        )
        self._end(TaskResultStatus.FAILED)

    def succeed(self, value: Any) -> Any:
        """Send the signal of the end, and return the value to keep."""
        change(self.result, _return_value=value)
        self._end(TaskResultStatus.SUCCESSFUL)
        return {"value": value, "worker": worker_id()}

    def _end(self, status: TaskResultStatus) -> None:
        change(self.result, status=status, finished_at=local(timezone.now()))
        signals.task_finished.send_robust(self._backend, task_result=self.result)


def _returned(value: object) -> Any:
    """The value as JSON has it. Raises Discard if it is no JSON: a retry would not help."""
    try:
        found = normalize_json(value)  # accepts NaN and U+0000; `encode` does not
        encode(found)
        return found
    except (TypeError, ValueError, PayloadError) as error:
        raise Discard(f"the task returned a value that JSON cannot hold: {error}") from error


@cache
def worker_id() -> str:
    """The id of this process among the workers of a task: the name of its worker, cut short."""
    return f"{socket.gethostname()[:100]}-{os.getpid()}"
