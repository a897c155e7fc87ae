"""The queue for asynchronous code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from ..model.arguments import check_type, listed
from ..model.flow import Flow
from ..model.job import Job
from ..model.metrics.job_metrics import JobMetrics
from ..model.stats import QueueOverview, QueueStats
from ..postgres.execute import run_async
from ..postgres.statement import Statement
from ..postgres.steps import run_steps_async
from ..statements import jobs as store
from ..statements import leases
from ..statements import metrics as metrics_store
from ..statements.bulk import Filter, Status
from ..statements.flows import advance_watched, insert_flow, unstored
from ..statements.unique_keys import Duplicate, note_stored, standing
from ..statements.worker_registry import rescue_orphans
from .async_control import AsyncControl

__all__ = ["AsyncQueue"]

Connection = psycopg.AsyncConnection[Any]
Jobs = list[Job]  # inside the class, `list` is the method
Overviews = list[QueueOverview]
AllMetrics = list[JobMetrics]
Inserts = Sequence[Statement[list[Duplicate]]]


class AsyncQueue(AsyncControl):
    """`Queue` for asynchronous code: the same methods, to be awaited.

    Takes a connection string or a `psycopg_pool.AsyncConnectionPool` of yours. Use it as
    `async with AsyncQueue(dsn) as queue:`, or `await queue.close()` at the end.
    """

    async def enqueue(self, job: Job, *, conn: Connection | None = None) -> Job:
        """Store a job, due at once unless its `run_at` or `delay` says otherwise.

        Returns the job that stands: of a unique one perhaps an earlier one, a `duplicate`; with
        its id alone when the role may not read it. Raises PayloadError, before any SQL, for a job
        that Postgres would refuse.
        """
        job = store.unstored(job)
        insert = [store.insert_job(job, self.schema, alone=conn is None)]
        return (await self._store([job], insert, conn))[0]

    async def enqueue_many(self, jobs: Sequence[Job], *, conn: Connection | None = None) -> Jobs:
        """Store any number of jobs, all or none; returns those that stand."""
        jobs = [store.unstored(job) for job in listed(jobs, "jobs")]
        if not jobs:
            return jobs
        insert = store.insert_jobs(jobs, self.schema, alone=conn is None)
        return await self._store(jobs, insert, conn)

    async def _store(self, jobs: Jobs, inserts: Inserts, conn: Connection | None) -> Jobs:
        """Insert the jobs and return those that stand."""
        if len(inserts) == 1:
            duplicates = await self._run(inserts[0], conn)
        else:
            duplicates = []
            async with self._transaction(conn) as connection:
                for insert in inserts:
                    found = await run_async(connection, insert)
                    duplicates += found
        note_stored(jobs, duplicates)
        if not duplicates:
            return jobs
        readable = [duplicate.standing for duplicate in duplicates if duplicate.readable]
        stored = await self._run(store.get_jobs(readable, self.schema), conn) if readable else []
        return standing(jobs, duplicates, stored)

    async def enqueue_flow(self, flow: Flow, *, conn: Connection | None = None) -> Jobs:
        """Store a chain or a group; returns its jobs, or those that stand.

        Those that wait for others are no jobs until these have ended: `list` and `stats` leave them
        out, `get` and `cancel` find them.
        """
        flow = unstored(flow)
        insert = insert_flow(flow, self.schema)
        return await self._store(flow.members(), insert, conn)

    async def enqueue_with_priority(
        self, job: Job, priority: int, *, conn: Connection | None = None
    ) -> Job:
        """Store a job with this priority, 0 to 100."""
        check_type(job, "job", Job, "a Job")
        job.priority = priority
        return await self.enqueue(job, conn=conn)

    async def schedule(
        self, job: Job, run_at: datetime | timedelta, *, conn: Connection | None = None
    ) -> Job:
        """Store a job that is due at `run_at`, an aware time or a span from now."""
        return await self.enqueue(store.due(job, run_at), conn=conn)

    async def cancel(self, id: UUID | str, *, conn: Connection | None = None) -> bool:
        """Cancel a waiting, pending or running job; False when it had ended or is gone."""
        return await self._run(store.cancel_job(store.job_id(id), self.schema), conn)

    async def retry(self, id: UUID | str, *, conn: Connection | None = None) -> bool:
        """Make a job due now with all its attempts, whatever its status; False when it is gone."""
        return await self._run(store.retry_job(store.job_id(id), self.schema), conn)

    async def get(self, id: UUID | str, *, conn: Connection | None = None) -> Job | None:
        """The job as it stands now; None when there is none."""
        return await self._run(store.get_job(store.job_id(id), self.schema), conn)

    async def list(
        self,
        queue: str | None = None,
        status: Status | None = None,
        type: str | None = None,
        limit: int = 100,
        *,
        older_than: timedelta | None = None,
        conn: Connection | None = None,
    ) -> Jobs:
        """The newest jobs that match, at most `limit`.

        `status` is one or several; `older_than` is the time since they were enqueued.
        """
        wanted = Filter(queue, type, status, older_than)
        return await self._run(store.list_jobs(wanted, limit, self.schema), conn)

    async def stats(
        self, queue: str | None = None, *, conn: Connection | None = None
    ) -> QueueStats:
        """How many jobs of the queue, or of all queues, there are of each status."""
        return await self._run(store.stats(queue, self.schema), conn)

    async def metrics(
        self,
        queue: str | None = None,
        type: str | None = None,
        last: timedelta = timedelta(hours=1),
        *,
        conn: Connection | None = None,
    ) -> AllMetrics:
        """What became of attempts in the `last` span, up to 30 days, by queue and type.

        As all workers counted them, in minutes of late and in hours before that; the newest few
        seconds may be missing.
        """
        return await self._run(metrics_store.read(last, queue, type, self.schema), conn)

    async def queues(self, *, conn: Connection | None = None) -> Overviews:
        """How every queue that holds jobs, has workers, is paused or limited stands."""
        return await self._run(store.queues(self.schema), conn)

    async def dequeue(
        self,
        worker_id: str,
        queue: str = "default",
        limit: int = 1,
        types: Sequence[str] | None = None,
        *,
        conn: Connection | None = None,
    ) -> Jobs:
        """Claim up to `limit` due jobs for 5 minutes, the most urgent first.

        For loops of your own; `WorkerPool` does better. End each with `complete` or `fail`, and
        call `touch` before the 5 minutes are over when it takes longer. From a queue with a limit,
        or of a type with a rate, it claims in a READ COMMITTED transaction only, and holds others
        up who claim the same until that ends; raises QueueError in any other.
        """
        check_type(worker_id, "worker_id", str, "a text")
        store.check_limit(limit)
        await self._run(rescue_orphans(self.schema), conn)
        await run_steps_async(
            advance_watched(self.schema), lambda statement: self._run(statement, conn)
        )
        waiting = await self._run(leases.waiting(queue, types, self.schema), conn)
        if not waiting.has_limits:
            claim = leases.dequeue(worker_id, queue, limit, waiting.lanes, self.schema)
            return await self._run(claim, conn)
        steps = leases.dequeue_within(worker_id, queue, limit, waiting, self.schema)
        async with self._transaction(conn) as connection:
            return await run_steps_async(steps, lambda statement: run_async(connection, statement))

    async def complete(self, job: Job, *, conn: Connection | None = None) -> None:
        """Mark a claimed job completed. Raises JobLost when it is no longer held."""
        await self._run(leases.complete(job, self.schema), conn)

    async def fail(
        self, job: Job, error: BaseException | str, *, conn: Connection | None = None
    ) -> None:
        """Record a failed attempt: the job is retried later or, after its last one, failed.

        Raises JobLost when it is no longer held.
        """
        await self._run(leases.fail(job, error, self.schema), conn)

    async def touch(self, job: Job, *, conn: Connection | None = None) -> None:
        """Hold a claimed job for 5 more minutes. Raises JobLost when it is no longer held."""
        await self._run(leases.touch(job, self.schema), conn)
