"""What a hook that is written by hand calls."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import psycopg

from ..model.arguments import check_type
from ..model.job import Job, JobPriority

if TYPE_CHECKING:
    from .async_queue import AsyncQueue
    from .queue import Queue

C = TypeVar("C")
J = TypeVar("J")


class AsyncExecutor(Generic[C, J]):
    """Puts work off to a worker. Generated hooks need none: they enqueue by themselves.

    Pass `conn=` the connection of your transaction, so that the job exists if it commits. What it
    does with an AsyncQueue is to be awaited.
    """

    @overload
    def __init__(self: "AsyncExecutor[psycopg.Connection[Any], Job]", queue: "Queue") -> None: ...
    @overload
    def __init__(
        self: "AsyncExecutor[psycopg.AsyncConnection[Any], Awaitable[Job]]", queue: "AsyncQueue"
    ) -> None: ...
    def __init__(self, queue: Any) -> None:
        from .async_queue import AsyncQueue
        from .queue import Queue

        check_type(queue, "queue", (Queue, AsyncQueue), "a Queue or an AsyncQueue")
        self._queue = queue

    def execute(self, queue: str, type: str, payload: Any, *, conn: C | None = None) -> J:
        """Enqueue a job of usual priority."""
        return self.execute_with_priority(queue, type, payload, JobPriority.NORMAL, conn=conn)

    def execute_with_priority(
        self, queue: str, type: str, payload: Any, priority: int, *, conn: C | None = None
    ) -> J:
        """Enqueue a job of this priority, 0 to 100."""
        stored: J = self._queue.enqueue(Job(queue, type, payload, priority), conn=conn)
        return stored
