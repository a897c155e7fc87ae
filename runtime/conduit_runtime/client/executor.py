"""The executor, which hooks that are written by hand call."""

from collections.abc import Awaitable
from typing import Any, Generic, TypeVar, overload

from ..model.arguments import check_type
from ..model.job import Job
from .async_queue import AsyncQueue
from .given_connections import AsyncGiven, Given
from .queue import Queue

Q = TypeVar("Q", Queue, AsyncQueue)


class AsyncExecutor(Generic[Q]):
    """Leaves work to a worker. Generated hooks do not need it: they enqueue by themselves.

    Pass the connection of your transaction as `conn=`, so that the job exists only if the
    transaction commits. With an AsyncQueue, await the methods.
    """

    def __init__(self, queue: Q) -> None:
        check_type(queue, "queue", (Queue, AsyncQueue), "a Queue or an AsyncQueue")
        self._queue: Any = queue

    @overload
    def execute(
        self: "AsyncExecutor[Queue]",
        queue: str,
        type: str,
        payload: Any,
        *,
        conn: Given | None = None,
    ) -> Job: ...
    @overload
    def execute(
        self: "AsyncExecutor[AsyncQueue]",
        queue: str,
        type: str,
        payload: Any,
        *,
        conn: AsyncGiven | None = None,
    ) -> Awaitable[Job]: ...
    def execute(
        self, queue: str, type: str, payload: Any, *, conn: Any = None
    ) -> Job | Awaitable[Job]:
        """Enqueue a job with the default priority."""
        stored: Job | Awaitable[Job] = self._queue.enqueue(Job(queue, type, payload), conn=conn)
        return stored

    @overload
    def execute_with_priority(
        self: "AsyncExecutor[Queue]",
        queue: str,
        type: str,
        payload: Any,
        priority: int,
        *,
        conn: Given | None = None,
    ) -> Job: ...
    @overload
    def execute_with_priority(
        self: "AsyncExecutor[AsyncQueue]",
        queue: str,
        type: str,
        payload: Any,
        priority: int,
        *,
        conn: AsyncGiven | None = None,
    ) -> Awaitable[Job]: ...
    def execute_with_priority(
        self, queue: str, type: str, payload: Any, priority: int, *, conn: Any = None
    ) -> Job | Awaitable[Job]:
        """Enqueue a job of this priority, 0 to 100."""
        job = Job(queue, type, payload, priority)
        stored: Job | Awaitable[Job] = self._queue.enqueue(job, conn=conn)
        return stored
