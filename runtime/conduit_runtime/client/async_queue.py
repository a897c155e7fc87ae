"""The queue, for asynchronous code."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from ..model.arguments import check_text, check_type, listed
from ..model.flow import Flow
from ..model.job import Job, JobStatus
from ..model.metrics.job_metrics import JobMetrics
from ..model.queues.controls import RateLimit, TypeLimits
from ..model.queues.stats import QueueOverview, QueueStats
from ..model.workers.worker_info import WorkerInfo
from ..postgres.statement import Statement
from ..statements import jobs as store
from ..statements import leases, results
from ..statements import metrics as metrics_store
from ..statements.flows import advance_watched, insert_flow, unstored
from ..statements.limits import controls, type_limits
from ..statements.limits.type_limits import Limit
from ..statements.many import bulk
from ..statements.many.bulk import Filter, OnProgress, Status
from ..statements.many.purge import purge
from ..statements.unique_keys import Duplicate, note_stored, with_existing
from ..statements.worker_registry import rescue_orphans
from ..statements.worker_registry import workers as registered
from .async_connections import AsyncConnections, Pool
from .ends import SOON, AsyncSignal, Deadline, EndListener
from .given_connections import AsyncGiven
from .sweep import clear

Conn = AsyncGiven | None
Jobs = list[Job]  # inside the class, `list` is the method
Overviews = list[QueueOverview]
AllMetrics = list[JobMetrics]
RateLimits = list[RateLimit]
AllTypeLimits = list[TypeLimits]
Workers = list[WorkerInfo]
Inserts = Sequence[Statement[list[Duplicate]]]


class AsyncQueue:
    """Jobs on Postgres, for asynchronous code.

    Takes a connection string or a `psycopg_pool.AsyncConnectionPool` of yours. Use it as
    `async with AsyncQueue(dsn) as queue:`, or call `close` at the end. `schema` names the Postgres
    schema of the tables; without it, the search path finds them. Every operation takes `conn=` to
    be part of that connection's transaction; otherwise it is a transaction of its own.
    """

    def __init__(self, dsn: str | Pool, schema: str | None = None) -> None:
        check_text(schema, "schema")
        self.schema = schema
        self.connections = AsyncConnections(dsn, schema)
        self._run = self.connections.run
        self._run_steps = self.connections.run_steps
        self._ends = EndListener(self.dsn, schema)

    @property
    def dsn(self) -> str:
        """Where the queue connects to."""
        return self.connections.dsn

    async def close(self) -> None:
        """Close the connections that the queue opened; a pool of yours stays open."""
        self._ends.close()
        await self.connections.close()
        self._ends.wake_all()  # who still waits learns that it is closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def enqueue(self, job: Job, *, conn: Conn = None) -> Job:
        """Store a job, due at once unless its `run_at` or `delay` says otherwise.

        Returns the stored job, or the existing one with `duplicate=True`, which has its id alone
        when the role may not read it. Raises PayloadError, before any SQL, for a job that Postgres
        would refuse.
        """
        job = store.unstored(job)
        stored = await self._store([job], [store.insert_job(job, alone=conn is None)], conn)
        return stored[0]

    async def enqueue_many(self, jobs: Sequence[Job], *, conn: Conn = None) -> Jobs:
        """Store any number of jobs, all or none; returns those or the existing ones."""
        jobs = [store.unstored(job) for job in listed(jobs, "jobs")]
        if not jobs:
            return jobs
        return await self._store(jobs, store.insert_jobs(jobs, alone=conn is None), conn)

    async def _store(self, jobs: Jobs, inserts: Inserts, conn: Conn) -> Jobs:
        """Insert the jobs and return those or the existing ones."""
        if len(inserts) == 1:
            duplicates = await self._run(inserts[0], conn)
        else:
            duplicates = []
            async with self.connections.transaction(conn) as connection:
                for insert in inserts:
                    found = await self._run(insert, connection)
                    duplicates += found
        note_stored(jobs, duplicates)
        if not duplicates:
            return jobs
        readable = [duplicate.existing for duplicate in duplicates if duplicate.readable]
        stored = await self._run(store.get_jobs(readable), conn) if readable else []
        return with_existing(jobs, duplicates, stored)

    async def enqueue_flow(self, flow: Flow, *, conn: Conn = None) -> Jobs:
        """Store a chain or a group; returns its jobs, or the existing ones.

        Jobs that wait for others are blocked: `list` and `stats` leave them out until those have
        ended, `get` and `cancel` find them.
        """
        flow = unstored(flow)
        insert = insert_flow(flow)
        return await self._store(flow.members(), insert, conn)

    async def enqueue_with_priority(self, job: Job, priority: int, *, conn: Conn = None) -> Job:
        """Store a job with this priority, 0 to 100."""
        check_type(job, "job", Job, "a Job")
        job.priority = priority
        return await self.enqueue(job, conn=conn)

    async def schedule(self, job: Job, run_at: datetime | timedelta, *, conn: Conn = None) -> Job:
        """Store a job that is due at `run_at`, an aware time or a delay from now."""
        return await self.enqueue(store.due(job, run_at), conn=conn)

    async def cancel(self, id: UUID | str, *, conn: Conn = None) -> bool:
        """Cancel a waiting, pending or running job; False when it had ended or is gone."""
        return await self._run(store.cancel_job(store.job_id(id)), conn)

    async def retry(self, id: UUID | str, *, conn: Conn = None) -> bool:
        """Make a job due now with all its attempts, whatever its status; False when it is gone."""
        return await self._run(store.retry_job(store.job_id(id)), conn)

    async def get(self, id: UUID | str, *, conn: Conn = None) -> Job | None:
        """The job as it is now; None when there is none."""
        return await self._run(store.get_job(store.job_id(id)), conn)

    async def result(
        self,
        id: UUID | str,
        timeout: float | timedelta | None = None,  # noqa: ASYNC109
    ) -> Any:
        """Wait until a job has ended, and return what its handler returned, if that is kept.

        `timeout` is in seconds or a timedelta; None waits for ever. None is returned for a handler
        without `keep_result`. Raises JobFailed with the job's error, JobCancelled, UnknownJob for a
        job that is not committed or is purged, and TimeoutError.
        """
        wanted = store.job_id(id)
        waited = Deadline(timeout)
        signal = AsyncSignal()
        with self._ends.hearing(wanted, signal.set) as pauses:
            for pause in pauses:
                is_marked = await self._run(results.await_end(wanted), None)
                job = await self._run(store.get_job(wanted), None)
                has_ended, value = results.ended_value(job, wanted)
                if has_ended:
                    return value
                if not is_marked:  # it is locked, or has just moved from one table to the other
                    pause = SOON
                await signal.wait(min(pause, waited.left(f"job {wanted}")))
        raise AssertionError

    async def list(
        self,
        queue: str | None = None,
        status: Status | None = None,
        type: str | None = None,
        limit: int = 100,
        *,
        older_than: timedelta | None = None,
        conn: Conn = None,
    ) -> Jobs:
        """The newest jobs that match, at most `limit`.

        `status` is one or several; `older_than` is the time since they were enqueued.
        """
        wanted = Filter(queue, type, status, older_than)
        return await self._run(store.list_jobs(wanted, limit), conn)

    async def stats(self, queue: str | None = None, *, conn: Conn = None) -> QueueStats:
        """How many jobs of the queue, or of all queues, there are of each status."""
        return await self._run(store.stats(queue), conn)

    async def metrics(
        self,
        queue: str | None = None,
        type: str | None = None,
        last: timedelta = timedelta(hours=1),
        *,
        conn: Conn = None,
    ) -> AllMetrics:
        """Counts and durations of attempts in the `last` period, up to 30 days, by queue and type.

        Of all workers, by the minute for the recent past and by the hour before that. The newest
        few seconds may be missing.
        """
        return await self._run(metrics_store.read(last, queue, type), conn)

    async def queues(self, *, conn: Conn = None) -> Overviews:
        """The state of every queue that holds jobs, has workers, is paused or is limited."""
        return await self._run(store.queues(), conn)

    async def workers(self, *, conn: Conn = None) -> Workers:
        """The registered workers by name, each with what it runs; dead ones until their rescue."""
        return await self._run(registered(), conn)

    async def dequeue(
        self,
        worker_id: str,
        queue: str = "default",
        limit: int = 1,
        types: Sequence[str] | None = None,
        *,
        conn: Conn = None,
    ) -> Jobs:
        """Claim up to `limit` due jobs for 5 minutes, the most urgent first.

        For loops of your own; `WorkerPool` does better. End each with `complete` or `fail`, and
        call `touch` before the 5 minutes are over when it takes longer. A claim from a queue with a
        limit, or of a type with one, blocks other such claims until its transaction ends; in one
        that is not READ COMMITTED it raises QueueError.
        """
        check_type(worker_id, "worker_id", str, "a text")
        store.check_limit(limit)
        await self._run(rescue_orphans(), conn)
        await self._run_steps(advance_watched(), conn)
        waiting = await self._run(leases.waiting(queue, types), conn)
        if not waiting.has_limits:
            return await self._run(leases.dequeue(worker_id, queue, limit, waiting.lanes), conn)
        steps = leases.dequeue_within(worker_id, queue, limit, waiting)
        async with self.connections.transaction(conn) as connection:
            return await self._run_steps(steps, connection)

    async def complete(self, job: Job, *, conn: Conn = None) -> None:
        """Mark a claimed job completed. Raises JobLost when it is no longer held."""
        await self._run(leases.complete(job), conn)

    async def fail(self, job: Job, error: BaseException | str, *, conn: Conn = None) -> None:
        """Record a failed attempt: the job is retried later or, after its last one, failed.

        Raises JobLost when it is no longer held.
        """
        await self._run(leases.fail(job, error), conn)

    async def touch(self, job: Job, *, conn: Conn = None) -> None:
        """Hold a claimed job for 5 more minutes. Raises JobLost when it is no longer held."""
        await self._run(leases.touch(job), conn)

    async def pause(self, queue: str, *, conn: Conn = None) -> None:
        """Let no job of a queue start until it is resumed.

        Running jobs continue, and jobs can be enqueued. Workers notice within a second and release
        what they have claimed and not started.
        """
        await self._run(controls.pause(queue), conn)

    async def resume(self, queue: str, *, conn: Conn = None) -> None:
        """Let the jobs of a paused queue start again."""
        await self._run(controls.resume(queue), conn)

    async def limit(self, queue: str, concurrency: int | None, *, conn: Conn = None) -> None:
        """Let at most `concurrency` jobs of a queue be claimed at once, over all workers.

        None lifts the limit. Running jobs continue; workers apply it within a second.
        """
        await self._run(controls.limit(queue, concurrency), conn)

    async def retention(
        self,
        queue: str,
        *,
        keep_completed: timedelta | None = None,
        keep_failed: timedelta | None = None,
        conn: Conn = None,
    ) -> None:
        """Have workers delete the jobs of a queue so long after they ended.

        Cancelled jobs count as completed ones. This wins over what workers were started with; None
        leaves it to them. Any worker deletes, also one that does not serve the queue.
        """
        await self._run(controls.retention(queue, keep_completed, keep_failed), conn)

    async def limit_type(self, type: str, concurrency: Limit, *, conn: Conn = None) -> None:
        """Let at most `concurrency` jobs of a type be claimed at once, over all workers.

        None lifts the limit, also one of the source; "source" has the source decide again. Running
        jobs continue; workers apply it within a second.
        """
        steps = type_limits.limit_type(type, concurrency)
        async with self.connections.transaction(conn) as connection:
            await self._run_steps(steps, connection)

    async def type_limits(self, *, conn: Conn = None) -> AllTypeLimits:
        """The types that have limits, or whose limits a command has lifted."""
        return await self._run(type_limits.type_limits(), conn)

    async def rate_limit(
        self,
        type: str,
        starts: Limit,
        per: timedelta = timedelta(seconds=1),
        *,
        conn: Conn = None,
    ) -> None:
        """Let at most `starts` jobs of a type be claimed within any `per`, over all workers.

        None lifts the limit, also one of the source; "source" has the source decide again. The
        server's clock counts; other types of the queue are not delayed.
        """
        steps = type_limits.rate_limit(type, starts, per)
        async with self.connections.transaction(conn) as connection:
            await self._run_steps(steps, connection)

    async def rate_limits(self, *, conn: Conn = None) -> RateLimits:
        """The types that have a rate."""
        return await self._run(type_limits.rate_limits(), conn)

    async def purge(
        self,
        older_than: timedelta,
        status: Status = JobStatus.COMPLETED,
        *,
        queue: str | None = None,
        conn: Conn = None,
    ) -> int:
        """Delete jobs that ended longer ago than `older_than`, and return how many.

        `status` is one or several. Works in bounded batches, each a transaction of its own unless
        `conn` is given. A job that Postgres refuses to delete is logged and stays. Free
        keys and expired results are deleted as well. Raises ValueError for a negative `older_than`,
        and for a status of jobs that have not ended.
        """
        deleted = await self._run_steps(purge(older_than, status, queue), conn)
        await self._run_steps(clear(), conn)
        return deleted

    async def purge_completed(self, age: timedelta, *, conn: Conn = None) -> int:
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
        conn: Conn = None,
    ) -> int:
        """Cancel the pending and running jobs that match, and return how many.

        `status` is one or several of these two; `older_than` is the time since they were enqueued.
        Works in bounded batches, each a transaction of its own unless `conn` is given;
        `on_progress` is called after each with the count so far. A job whose change Postgres
        refuses is logged and stays as it is. Raises ValueError without any filter, unless `every`
        is true.
        """
        steps = bulk.cancel_many(Filter(queue, type, status, older_than), every, on_progress)
        return await self._run_steps(steps, conn)

    async def retry_many(
        self,
        queue: str | None = None,
        type: str | None = None,
        status: Status | None = None,
        older_than: timedelta | None = None,
        *,
        every: bool = False,
        on_progress: OnProgress | None = None,
        conn: Conn = None,
    ) -> int:
        """Make the failed jobs that match due now with all their attempts; returns how many.

        `status` names others than the failed ones, or several. The rest is as for `cancel_many`.
        """
        steps = bulk.retry_many(Filter(queue, type, status, older_than), every, on_progress)
        return await self._run_steps(steps, conn)
