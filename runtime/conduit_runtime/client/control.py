"""What operators do with queues and with many jobs at once: the part of a queue that does it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg

from ..model.arguments import check_callable
from ..model.job import JobStatus
from ..postgres.steps import Steps, run_steps
from ..statements import controls
from ..statements.bulk import Filter, OnProgress, Status, cancel_many, retry_many
from ..statements.controls import RateLimit
from ..statements.purge import purge
from .connected import Connected
from .sweep import clear

__all__ = ["Control"]

Connection = psycopg.Connection[Any]
Change = Callable[[Filter, bool, OnProgress | None, str | None], Steps[int]]


class Control(Connected):
    """Pausing, limiting, purging and changing many jobs, all of it while workers run."""

    def pause(self, queue: str, *, conn: Connection | None = None) -> None:
        """Have no job of a queue start until it is resumed.

        Jobs can be enqueued and those that run go on. Workers hear of it at once, or within a
        second; what they had claimed and not started goes back.
        """
        self._run(controls.pause(queue, self.schema), conn)

    def resume(self, queue: str, *, conn: Connection | None = None) -> None:
        """Let the jobs of a paused queue start again."""
        self._run(controls.resume(queue, self.schema), conn)

    def limit(self, queue: str, concurrency: int | None, *, conn: Connection | None = None) -> None:
        """Have at most `concurrency` jobs of a queue claimed at once, over all workers.

        None lifts the limit. What runs when it is set runs on; workers heed it within a second.
        """
        self._run(controls.limit(queue, concurrency, self.schema), conn)

    def rate_limit(
        self,
        type: str,
        starts: int | None,
        per: timedelta = timedelta(seconds=1),
        *,
        conn: Connection | None = None,
    ) -> None:
        """Have at most `starts` jobs of a type claimed in any span of `per`, over all workers.

        None lifts the limit. The server's clock counts; other types of the queue are not held up.
        """
        self._run(controls.rate_limit(type, starts, per, self.schema), conn)

    def rate_limits(self, *, conn: Connection | None = None) -> list[RateLimit]:
        """The types that have a rate."""
        return self._run(controls.rate_limits(self.schema), conn)

    def purge(
        self,
        older_than: timedelta,
        status: Status = JobStatus.COMPLETED,
        *,
        queue: str | None = None,
        conn: Connection | None = None,
    ) -> int:
        """Delete jobs that ended longer ago than `older_than`, and return how many.

        `status` is one or several. Works in bounded batches, each a transaction of its own unless
        `conn` is given. Keys that nobody holds and results whose time is over go as well. Raises
        ValueError for a negative `older_than`, and for a status of jobs that have not ended.
        """
        run = partial(self._run, conn=conn)
        deleted = run_steps(purge(older_than, status, queue, self.schema), run)
        run_steps(clear(self.schema), run)
        return deleted

    def purge_completed(self, age: timedelta, *, conn: Connection | None = None) -> int:
        """Delete jobs that completed longer ago than `age`, and return how many."""
        return self.purge(age, conn=conn)

    def cancel_many(
        self,
        queue: str | None = None,
        type: str | None = None,
        status: Status | None = None,
        older_than: timedelta | None = None,
        *,
        every: bool = False,
        on_progress: OnProgress | None = None,
        conn: Connection | None = None,
    ) -> int:
        """Cancel the pending and running jobs that match, and return how many.

        `status` is one or several of these two; `older_than` is the time since they were enqueued.
        Works in bounded batches, each a transaction of its own unless `conn` is given;
        `on_progress` is called after each with the count so far. Raises ValueError without any
        filter, unless `every` is true.
        """
        wanted = Filter(queue, type, status, older_than)
        return self._change(cancel_many, wanted, every, on_progress, conn)

    def retry_many(
        self,
        queue: str | None = None,
        type: str | None = None,
        status: Status | None = None,
        older_than: timedelta | None = None,
        *,
        every: bool = False,
        on_progress: OnProgress | None = None,
        conn: Connection | None = None,
    ) -> int:
        """Make the failed jobs that match due now with all their attempts; returns how many.

        `status` names others than the failed ones, or several. The rest is as for `cancel_many`.
        """
        wanted = Filter(queue, type, status, older_than)
        return self._change(retry_many, wanted, every, on_progress, conn)

    def _change(
        self,
        change: Change,
        wanted: Filter,
        every: bool,
        on_progress: OnProgress | None,
        conn: Connection | None,
    ) -> int:
        check_callable(on_progress, "on_progress")
        steps = change(wanted, every, on_progress, self.schema)
        return run_steps(steps, lambda statement: self._run(statement, conn))
