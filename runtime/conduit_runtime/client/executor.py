"""What a hook that is written by hand calls."""

from typing import TYPE_CHECKING, Any

import psycopg

from ..arguments import check_type
from ..job import Job, JobPriority

if TYPE_CHECKING:
    from .queue import Queue

__all__ = ["AsyncExecutor"]


class AsyncExecutor:
    """Puts work off to a worker. Generated hooks need none: they enqueue by themselves.

    Pass `conn=` the connection of your transaction, so that the job exists if it commits.
    """

    def __init__(self, queue: "Queue") -> None:
        from .queue import Queue

        check_type(queue, "queue", Queue, "a Queue")
        self._queue = queue

    def execute(
        self,
        queue: str,
        type: str,
        payload: Any,
        *,
        conn: psycopg.Connection[Any] | None = None,
    ) -> Job:
        """Enqueue a job of usual priority."""
        return self.execute_with_priority(queue, type, payload, JobPriority.NORMAL, conn=conn)

    def execute_with_priority(
        self,
        queue: str,
        type: str,
        payload: Any,
        priority: int,
        *,
        conn: psycopg.Connection[Any] | None = None,
    ) -> Job:
        """Enqueue a job of this priority, 0 to 100."""
        return self._queue.enqueue(Job(queue, type, payload, priority), conn=conn)
