"""`Control` for asynchronous code."""

from datetime import timedelta
from functools import partial
from typing import Any

import psycopg

from ..model.arguments import check_callable
from ..model.job import JobStatus
from ..postgres.steps import run_steps_async
from ..statements import controls
from ..statements.bulk import Filter, OnProgress, Status, cancel_many, retry_many
from ..statements.controls import RateLimit
from ..statements.purge import purge
from .async_connected import AsyncConnected
from .control import Change
from .sweep import clear

__all__ = ["AsyncControl"]

Connection = psycopg.AsyncConnection[Any]


class AsyncControl(AsyncConnected):
    """Pausing, limiting, purging and changing many jobs, all of it while workers run."""

    async def pause(self, queue: str, *, conn: Connection | None = None) -> None:
        """Have no job of a queue start until it is resumed; what runs goes on."""
        await self._run(controls.pause(queue, self.schema), conn)

    async def resume(self, queue: str, *, conn: Connection | None = None) -> None:
        """Let the jobs of a paused queue start again."""
        await self._run(controls.resume(queue, self.schema), conn)

    async def limit(
        self, queue: str, concurrency: int | None, *, conn: Connection | None = None
    ) -> None:
        """Have at most `concurrency` jobs of a queue claimed at once, over all workers."""
        await self._run(controls.limit(queue, concurrency, self.schema), conn)

    async def rate_limit(
        self,
        type: str,
        starts: int | None,
        per: timedelta = timedelta(seconds=1),
        *,
        conn: Connection | None = None,
    ) -> None:
        """Have at most `starts` jobs of a type claimed in any span of `per`; None: any number."""
        await self._run(controls.rate_limit(type, starts, per, self.schema), conn)

    async def rate_limits(self, *, conn: Connection | None = None) -> list[RateLimit]:
        """The types that have a rate."""
        return await self._run(controls.rate_limits(self.schema), conn)

    async def purge(
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
        deleted = await run_steps_async(purge(older_than, status, queue, self.schema), run)
        await run_steps_async(clear(self.schema), run)
        return deleted

    async def purge_completed(self, age: timedelta, *, conn: Connection | None = None) -> int:
        """Delete jobs that completed longer ago than `age`, and return how many."""
        return await self.purge(age, conn=conn)

    async def cancel_many(
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
        """Cancel the pending and running jobs that match, and return how many."""
        wanted = Filter(queue, type, status, older_than)
        return await self._change(cancel_many, wanted, every, on_progress, conn)

    async def retry_many(
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
        """Make the failed jobs that match due now with all their attempts; returns how many."""
        wanted = Filter(queue, type, status, older_than)
        return await self._change(retry_many, wanted, every, on_progress, conn)

    async def _change(
        self,
        change: Change,
        wanted: Filter,
        every: bool,
        on_progress: OnProgress | None,
        conn: Connection | None,
    ) -> int:
        check_callable(on_progress, "on_progress")
        steps = change(wanted, every, on_progress, self.schema)
        return await run_steps_async(steps, lambda statement: self._run(statement, conn))
