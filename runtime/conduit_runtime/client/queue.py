# Generated from async_queue.py by .ci/unasync.py; do not edit.
"""The queue, for synchronous code."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import psycopg

from ..model.arguments import check_text, check_type, listed
from ..model.flow import Flow
from ..model.job import Job, JobStatus, new_id
from ..model.job_step import JobStep
from ..model.metrics.job_metrics import JobMetrics
from ..model.queues.controls import RateLimit, TypeLimits
from ..model.queues.stats import QueueDepth, QueueOverview, QueueStats
from ..model.workers.worker_info import WorkerInfo
from ..postgres.refusals import may_concern_a_row
from ..postgres.statement import Statement
from ..statements import jobs as store
from ..statements import leases, results
from ..statements import metrics as metrics_store
from ..statements import steps as step_store
from ..statements.flows import advance_watched, insert_flow, unstored
from ..statements.limits import controls, type_limits
from ..statements.limits.keys import ParkedKeys
from ..statements.limits.type_limits import Limit
from ..statements.many import bulk
from ..statements.many.bulk import Filter, OnProgress, Status
from ..statements.many.expiry import KeptJobs, expire
from ..statements.many.purge import purge
from ..statements.unique_keys import Duplicate, note_stored, with_existing
from ..statements.worker_registry import rescue_orphans
from ..statements.worker_registry import workers as registered
from .connections import Connections, Pool
from .ends import SOON, Deadline, EndListener, Signal
from .from_step import fork_from, retry_from
from .given_connections import Given
from .sweep import clear

Conn = Given | None
Jobs = list[Job]  # inside the class, `list` is the method
JobSteps = list[JobStep]
Overviews = list[QueueOverview]
AllMetrics = list[JobMetrics]
RateLimits = list[RateLimit]
AllTypeLimits = list[TypeLimits]
Workers = list[WorkerInfo]
Target = UUID | str | tuple[str, Any]
Inserts = Sequence[Statement[list[Duplicate]]]


class Queue:
    """A queue of jobs on Postgres, for synchronous code.

    `dsn` is a connection string, or a `psycopg_pool.ConnectionPool` of yours. Use the queue as
    `with Queue(dsn) as queue:`, or call `close` at the end. `schema` names the Postgres
    schema of the tables; without it, the search path finds them. Each operation runs in a
    transaction of its own. With `conn=`, it runs in the transaction of that connection instead.
    """

    def __init__(self, dsn: str | Pool, schema: str | None = None) -> None:
        check_text(schema, "schema")
        self.schema = schema
        self.connections: Connections = Connections(dsn, schema)
        self._run = self.connections.run
        self._run_steps = self.connections.run_steps
        self._run_within = self.connections.run_within
        self._ends = EndListener(self.dsn, schema)
        self._parked = ParkedKeys()

    @property
    def dsn(self) -> str:
        """The connection string of the queue, or that of its pool."""
        return self.connections.dsn

    def close(self) -> None:
        """Close the connections that the queue opened; a pool of yours stays open."""
        self._ends.close()
        self.connections.close()
        self._ends.wake_all()  # so that waiting calls of `result` notice that the queue is closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def enqueue(self, job: Job, *, conn: Conn = None) -> Job:
        """Store a job. It is due at once, unless its `run_at` or `delay` says otherwise.

        Returns the stored job. If another job holds the unique key, returns that existing job with
        `duplicate=True`; if the role may not read it, only its id is known. Raises PayloadError,
        before any SQL, for a job that Postgres would refuse.
        """
        job = store.unstored(job)
        stored = self._store([job], [store.insert_job(job, alone=conn is None)], conn)
        return stored[0]

    def enqueue_many(self, jobs: Sequence[Job], *, conn: Conn = None) -> Jobs:
        """Store any number of jobs, all or none.

        Returns the jobs in the same order, with the existing job in place of each duplicate.
        """
        jobs = [store.unstored(job) for job in listed(jobs, "jobs")]
        if not jobs:
            return jobs
        return self._store(jobs, store.insert_jobs(jobs, alone=conn is None), conn)

    def _store(self, jobs: Jobs, inserts: Inserts, conn: Conn) -> Jobs:
        if len(inserts) == 1:
            duplicates = self._run(inserts[0], conn)
        else:
            duplicates = []
            with self.connections.transaction(conn) as connection:
                for insert in inserts:
                    found = self._run(insert, connection)
                    duplicates += found
        note_stored(jobs, duplicates)
        if not duplicates:
            return jobs
        readable = [duplicate.existing for duplicate in duplicates if duplicate.readable]
        stored = self._run(store.get_jobs(readable), conn) if readable else []
        return with_existing(jobs, duplicates, stored)

    def enqueue_flow(self, flow: Flow, *, conn: Conn = None) -> Jobs:
        """Store a chain or a group; returns its jobs, with the existing job for each duplicate.

        A job that waits for others of its flow is blocked. `list` and `stats` leave blocked jobs
        out; `get` and `cancel` find them.
        """
        flow = unstored(flow)
        insert = insert_flow(flow)
        return self._store(flow.members(), insert, conn)

    def enqueue_with_priority(self, job: Job, priority: int, *, conn: Conn = None) -> Job:
        """Store a job with this priority, 0 to 100."""
        check_type(job, "job", Job, "a Job")
        job.priority = priority
        return self.enqueue(job, conn=conn)

    def schedule(self, job: Job, run_at: datetime | timedelta, *, conn: Conn = None) -> Job:
        """Store a job that is due at `run_at`: an aware time, or a delay from now."""
        return self.enqueue(store.due(job, run_at), conn=conn)

    def cancel(self, id: UUID | str, *, conn: Conn = None) -> bool:
        """Cancel a blocked, pending or running job; False if it has ended or does not exist."""
        return self._run(store.cancel_job(store.job_id(id)), conn)

    def retry(self, id: UUID | str, *, from_step: str | None = None, conn: Conn = None) -> bool:
        """Make a job due now with all its attempts, whatever its status.

        Returns False if the job does not exist or is blocked. With `from_step`, the job runs again
        from this finished step: what is stored of it and of later ones is deleted, in the order of
        their ends. Then raises NotRepeatable if the job runs, is blocked or has no such step, and
        UnknownJob.
        """
        wanted = store.job_id(id)
        if from_step is None:
            return self._run(store.retry_job(wanted), conn)
        self._run_within(retry_from(wanted, from_step), conn)
        return True

    def fork(self, id: UUID | str, *, from_step: str, conn: Conn = None) -> Job:
        """Enqueue a job like this one that goes on from a step, and return it.

        It has the same queue, type, payload and options, and what the steps before this one have
        stored. The job itself does not change. Raises NotRepeatable if the job runs, is blocked,
        has no such step, is in a flow or holds a unique key, and UnknownJob.
        """
        with self.connections.transaction(conn) as connection:
            fork = new_id()
            self._run_steps(fork_from(store.job_id(id), from_step, fork), connection)
            [job] = self._run(store.get_jobs([fork]), connection)
        return job

    def signal(self, job: Target, name: str, value: Any = None, *, conn: Conn = None) -> bool:
        """Send a job a signal, which `job.wait(name, …)` of its handler waits for.

        `job` is an id, or `(type, unique value)` of the job that holds this key. A signal that
        comes before the wait is kept, and the first one of a name counts. Returns False if the job
        does not get it: it does not exist, has ended, has a signal of this name, or waits for it no
        longer. `value` is what a payload may be, up to 16 MiB of JSON; `wait` returns its JSON.

        Raises PayloadError, before any SQL, for a `value` or `name` that Postgres would refuse.
        """
        return self._run(step_store.signal(job, name, value), conn)

    def get(self, id: UUID | str, *, conn: Conn = None) -> Job | None:
        """Return the job as it is now; None if it does not exist."""
        return self._run(store.get_job(store.job_id(id)), conn)

    def steps(self, id: UUID | str, *, conn: Conn = None) -> JobSteps:
        """Return the steps of a job in the order of their ends, then what it still waits for.

        The steps of a completed job are deleted, unless the retention of its queue keeps them.
        """
        return self._run(step_store.steps_of(store.job_id(id)), conn)

    def result(self, id: UUID | str, timeout: float | timedelta | None = None) -> Any:
        """Wait until a job has ended, and return what its handler returned.

        `timeout` is in seconds or a timedelta; None waits for ever. Returns None if the result is
        not stored: a job type needs `keep_result` for that. Raises JobFailed with the job's error,
        JobCancelled, UnknownJob for a job that is not committed or was purged, and TimeoutError.
        """
        wanted = store.job_id(id)
        waited = Deadline(timeout)
        signal = Signal()
        with self._ends.hearing(wanted, signal.set) as pauses:
            for pause in pauses:
                is_marked = self._run(results.await_end(wanted), None)
                job = self._run(store.get_job(wanted), None)
                has_ended, value = results.ended_value(job, wanted)
                if has_ended:
                    return value
                if not is_marked:  # another transaction locks it, or it has just changed tables
                    pause = SOON
                signal.wait(min(pause, waited.left(f"job {wanted}")))
        raise AssertionError

    def list(
        self,
        queue: str | None = None,
        status: Status | None = None,
        type: str | None = None,
        limit: int = 100,
        *,
        older_than: timedelta | None = None,
        key: object = None,
        conn: Conn = None,
    ) -> Jobs:
        """Return the newest jobs that match, at most `limit`.

        `status` is one status or several. With `older_than`, only jobs that were enqueued longer
        ago match.
        """
        wanted = Filter(queue, type, status, older_than, key)
        return self._run(store.list_jobs(wanted, limit), conn)

    def stats(self, queue: str | None = None, *, conn: Conn = None) -> QueueStats:
        """Count the jobs of the queue, or of all queues, by status: this reads every job."""
        return self._run(store.stats(queue), conn)

    def depth(self, queue: str = "default", *, conn: Conn = None) -> QueueDepth:
        """Count the jobs of the queue that are due, that run, or that are unreadable or refused.

        This reads no ended jobs, and no other jobs of later. It counts at most 100,000 due jobs,
        and as many unreadable and refused ones. Raises TypeError for a name that is not text.
        """
        check_type(queue, "queue", str, "the name of a queue")
        [depth] = self._run(metrics_store.queue_gauges([queue], metrics_store.DEEPEST), conn)
        return depth

    def metrics(
        self,
        queue: str | None = None,
        type: str | None = None,
        last: timedelta = timedelta(hours=1),
        *,
        conn: Conn = None,
    ) -> AllMetrics:
        """Return counts and durations of the attempts in the `last` period, by queue and type.

        The metrics cover all workers. The period is at most 30 days. Its start is rounded down: to
        the minute for up to two hours, to the hour for up to two days, else to the day. The newest
        few seconds may be missing.
        """
        return self._run(metrics_store.read(last, queue, type), conn)

    def queues(self, *, conn: Conn = None) -> Overviews:
        """Return the state of every queue that has jobs, workers, or a setting such as a limit."""
        return self._run(store.queues(), conn)

    def workers(self, *, conn: Conn = None) -> Workers:
        """Return the registered workers by name, each with the jobs that it runs.

        A dead worker is listed until its jobs are rescued.
        """
        return self._run(registered(), conn)

    def dequeue(
        self,
        worker_id: str,
        queue: str = "default",
        limit: int = 1,
        types: Sequence[str] | None = None,
        *,
        conn: Conn = None,
    ) -> Jobs:
        """Claim up to `limit` due jobs for 5 minutes, the most urgent first.

        This is for worker loops of your own; prefer a `WorkerPool`. End each job with `complete` or
        `fail`. If that takes longer than 5 minutes, call `touch` in time. A claim that a limit of
        the queue or of a type applies to blocks other such claims until its transaction ends. In a
        transaction that is not READ COMMITTED, such a claim raises QueueError.
        """
        check_type(worker_id, "worker_id", str, "a text")
        store.check_limit(limit)
        self._run(rescue_orphans(alone=conn is None), conn)
        if conn is None:  # a refusal would abort the caller's transaction
            self._run_steps(expire(Counter(), KeptJobs()))
        self._run_steps(advance_watched(), conn)
        waiting = self._run(leases.waiting(queue, types), conn)
        run = self._run_within if waiting.has_limits else self._run_steps
        if conn is None:
            try:
                jobs = run(leases.dequeue(worker_id, queue, limit, waiting, self._parked))
                if jobs or not waiting.lanes:
                    return jobs
            except psycopg.Error as error:
                if not may_concern_a_row(error):
                    raise
        # A refused claim would abort the caller's transaction; a trigger may have dropped one.
        claim = leases.dequeue(
            worker_id, queue, limit, waiting, self._parked, apart=True, alone=conn is None
        )
        return run(claim, conn)

    def complete(self, job: Job, *, conn: Conn = None) -> None:
        """Mark a claimed job completed. Raises JobLost if the job is no longer held."""
        self._run(leases.complete(job), conn)

    def fail(self, job: Job, error: BaseException | str, *, conn: Conn = None) -> None:
        """Record a failed attempt. The job is retried later; after its last attempt, it is failed.

        Raises JobLost if the job is no longer held.
        """
        self._run(leases.fail(job, error), conn)

    def touch(self, job: Job, *, conn: Conn = None) -> None:
        """Hold a claimed job for 5 more minutes. Raises JobLost if the job is no longer held."""
        self._run(leases.touch(job), conn)

    def pause(self, queue: str, *, conn: Conn = None) -> None:
        """Keep the jobs of a queue from starting, until `resume` is called.

        Running jobs continue, and jobs can be enqueued. Workers notice within a second, and release
        the jobs that they have claimed but not started.
        """
        self._run(controls.pause(queue), conn)

    def resume(self, queue: str, *, conn: Conn = None) -> None:
        """Let the jobs of a paused queue start again."""
        self._run(controls.resume(queue), conn)

    def limit(
        self, queue: str, concurrency: int | None, *, per_key: bool = False, conn: Conn = None
    ) -> None:
        """Let at most `concurrency` jobs of a queue be claimed at once, over all workers.

        With `per_key`, so many jobs of each key; jobs without a key do not count. None lifts the
        limit. Running jobs continue; workers apply the change within a second.
        """
        self._run(controls.limit(queue, concurrency, per_key=per_key), conn)

    def share(self, queue: str, fair: controls.Fair = True, *, conn: Conn = None) -> None:
        """Let the keys of a queue take turns, or not; "source" leaves it to its job types."""
        self._run_within(controls.share(queue, fair), conn)

    def retention(
        self,
        queue: str,
        *,
        keep_completed: timedelta | None = None,
        keep_failed: timedelta | None = None,
        keep_steps: timedelta | None = None,
        conn: Conn = None,
    ) -> None:
        """Set how long after their end workers delete the jobs of a queue, and their steps.

        `keep_completed` applies to completed and cancelled jobs, `keep_failed` to failed ones. They
        override what workers were started with; None leaves the choice to the workers. Any worker
        deletes the jobs, even one that does not serve the queue. `keep_steps` is how long the steps
        of a completed job are kept, at most as long as the job; None deletes them at its end.
        """
        setting = controls.retention(queue, keep_completed, keep_failed, keep_steps)
        self._run(setting, conn)

    def limit_type(
        self, type: str, concurrency: Limit, *, per_key: bool = False, conn: Conn = None
    ) -> None:
        """Let at most `concurrency` jobs of a type be claimed at once, over all workers.

        With `per_key`, so many jobs of each key; jobs without a key do not count. None lifts the
        limit, even one in the source; "source" restores the limit of the source.
        Running jobs continue; workers apply the change within a second.
        """
        self._run_within(type_limits.limit_type(type, concurrency, per_key=per_key), conn)

    def type_limits(self, *, conn: Conn = None) -> AllTypeLimits:
        """Return the types that have limits, or whose limits a command has lifted."""
        return self._run(type_limits.type_limits(), conn)

    def rate_limit(
        self,
        type: str,
        starts: Limit,
        per: timedelta = timedelta(seconds=1),
        *,
        per_key: bool = False,
        conn: Conn = None,
    ) -> None:
        """Let at most `starts` jobs of a type be claimed within any `per`, over all workers.

        With `per_key`, so many jobs of each key. None lifts the limit, even one in the source;
        "source" restores the limit of the source. The server's clock measures the period. Other
        types of the queue are not delayed.
        """
        self._run_within(type_limits.rate_limit(type, starts, per, per_key=per_key), conn)

    def rate_limits(self, *, conn: Conn = None) -> RateLimits:
        """Return the types that have a rate limit."""
        return self._run(type_limits.rate_limits(), conn)

    def purge(
        self,
        older_than: timedelta,
        status: Status = JobStatus.COMPLETED,
        *,
        queue: str | None = None,
        conn: Conn = None,
    ) -> int:
        """Delete jobs that ended longer ago than `older_than`, and return how many.

        `status` is one status or several. The purge works in bounded batches, each a transaction of
        its own unless `conn` is given. It also deletes unique keys that are free, and expired
        results. A job that Postgres refuses to delete is logged and stays. Raises ValueError for a
        negative `older_than`, and for a status of jobs that have not ended.
        """
        deleted = self._run_steps(purge(older_than, status, queue), conn)
        self._run_steps(clear(), conn)
        return deleted

    def purge_completed(self, age: timedelta, *, conn: Conn = None) -> int:
        """Delete jobs that completed longer ago than `age`, and return how many."""
        return self.purge(age, conn=conn)

    def cancel_many(
        self,
        queue: str | None = None,
        type: str | None = None,
        status: Status | None = None,
        older_than: timedelta | None = None,
        *,
        key: object = None,
        every: bool = False,
        on_progress: OnProgress | None = None,
        conn: Conn = None,
    ) -> int:
        """Cancel the pending and running jobs that match, and return how many.

        `status` is one of these two, or both. With `older_than`, only jobs that were enqueued
        longer ago match. The work is done in bounded batches, each a transaction of its own unless
        `conn` is given. After each batch, `on_progress` is called with the count so far. A job
        whose change Postgres refuses is logged and stays as it is. Raises ValueError if there is no
        filter, unless `every` is true.
        """
        steps = bulk.cancel_many(Filter(queue, type, status, older_than, key), every, on_progress)
        return self._run_steps(steps, conn)

    def retry_many(
        self,
        queue: str | None = None,
        type: str | None = None,
        status: Status | None = None,
        older_than: timedelta | None = None,
        *,
        key: object = None,
        every: bool = False,
        on_progress: OnProgress | None = None,
        conn: Conn = None,
    ) -> int:
        """Make the failed jobs that match due now with all their attempts; returns how many.

        With `status`, jobs of that status, or of several, match instead of the failed ones. The
        other arguments are those of `cancel_many`.
        """
        steps = bulk.retry_many(Filter(queue, type, status, older_than, key), every, on_progress)
        return self._run_steps(steps, conn)
