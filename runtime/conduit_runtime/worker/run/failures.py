"""Reports each job that ended failed to the application."""

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextvars import copy_context
from typing import cast

from ...model.attempts.failed_job import FailedJob
from ...model.claimed import Claimed
from ...model.job import JobStatus
from ...model.payload import decode
from ...model.stored_headers import read_headers
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger
from ...services.django_connections import call_plainly
from ...services.service_calls import is_coroutine_function
from ...statements.outcomes import Attempt

_log = get_logger("conduit.worker")

AT_ONCE = 5
"""Calls that run at the same time, so that a call that hangs does not delay all others."""
LONGEST = 60.0
"""Seconds that a call may take; after that, the thread of a plain function is left to itself."""


OnFailed = Callable[[FailedJob], object]


def failed_among(attempts: Iterable[Attempt]) -> list[FailedJob]:
    """The jobs that ended as failed, of attempts whose outcomes are written."""
    found = []
    for attempt in attempts:
        outcome = attempt.outcome
        if outcome is None or outcome.status is not JobStatus.FAILED:
            continue
        job = cast("Claimed", attempt.job)
        found.append(
            FailedJob(
                id=job.id,
                type=job.type,
                queue=job.queue,
                attempts=job.attempts,
                max_attempts=job.max_attempts,
                payload=decode(job.payload),
                error=outcome.error or "",
                traceback=(outcome.detail or {}).get("traceback"),
                discarded=outcome.discarded,
                headers=read_headers(job.headers),
            )
        )
    return found


class FailureReporter:
    """Calls a function for each failed job, beside the worker's own work, a few at a time.

    `hook` returns the function, or None while there is none. Exceptions of the function are logged.
    All methods belong to the worker's loop.
    """

    def __init__(self, hook: Callable[[], OnFailed | None]) -> None:
        self._hook = hook
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_wanted(self) -> bool:
        """Whether there is a function to call."""
        return self._hook() is not None

    def report(
        self, jobs: Iterable[FailedJob], then: Callable[[FailedJob], object] | None = None
    ) -> None:
        """Call the function for each of the jobs, and `then` after each call."""
        for job in jobs:
            task = asyncio.create_task(self._report(job, then), name="conduit failures")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self, seconds: float) -> None:
        """Wait at most `seconds` for the calls to end; logs how many remain, and cancels them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        if left := len(self._tasks):
            _log.warning("on_failed was not called for %d failed jobs: the worker stops", left)
        for task in self._tasks:
            task.cancel()

    async def _report(self, job: FailedJob, then: Callable[[FailedJob], object] | None) -> None:
        async with self._at_once:
            if (function := self._hook()) is None:
                return
            try:
                async with asyncio.timeout(LONGEST):
                    await _run(function, job)
            except BaseException as error:
                task = asyncio.current_task()
                is_cancelled = task is not None and task.cancelling() > 0
                if is_cancelled and isinstance(error, asyncio.CancelledError):
                    raise
                # No exception of the function, not even SystemExit, ends the worker.
                message = "on_failed failed for job %s (%s)"
                fields = job_fields(job)
                _log.error(message, job.id, job.type, exc_info=error, extra=fields)
            if then is not None:
                then(job)


async def _run(function: OnFailed, job: FailedJob) -> None:
    result = function(job) if is_coroutine_function(function) else await _in_thread(function, job)
    if inspect.isawaitable(result):
        await result


async def _in_thread(function: OnFailed, job: FailedJob) -> object:
    """Call a plain function in a thread of its own; a call that never ends is left behind."""
    result: Future[object] = Future()

    def call() -> None:
        result.set_running_or_notify_cancel()
        try:
            result.set_result(call_plainly(function, job))
        except BaseException as error:
            result.set_exception(error)

    context = copy_context()
    thread = threading.Thread(target=context.run, args=(call,), name="conduit-failed", daemon=True)
    thread.start()
    return await asyncio.wrap_future(result)
