"""A worker claims jobs, runs them and writes their outcomes; a pool has one, in one event loop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from ..model.claimed import PLAIN, TRACED, Claimed
from ..model.controls import NOTICE, Controls
from ..model.errors import JobLost, WorkerStuck
from ..model.interruptions import Shutdown, TakenAway
from ..model.text.logs import get_logger
from ..postgres.async_execute import run_async
from ..postgres.connection import ReconnectingConnection
from ..postgres.response_reader import ResponseReader
from ..schedules.ticker import Ticker
from ..services.protocols import Prepared
from ..statements.idle_lock import LATE
from ..statements.outcomes import Attempt, progress
from ..statements.worker_registry import Rescued
from ..telemetry.attempt_counters import Recorder
from ..telemetry.flusher import Flusher
from .acknowledge.acknowledger import LOCK_TIMEOUT, STATEMENT_TIMEOUT, Acknowledger
from .acknowledge.flow_advancer import FlowAdvancer
from .claim.claimer import Claimer
from .heartbeat.failure_notices import FailureNotices
from .heartbeat.heartbeat_thread import HeartbeatThread
from .job_database import JobDatabase
from .metrics import Metrics
from .run.failures import FailureReporter, OnFailed, failed_among, failed_of
from .run.handlers import HandlerRegistry
from .run.runner import Runner
from .watch import Watch

if TYPE_CHECKING:
    from ..telemetry.spans import JobTracer

__all__ = ["Worker"]

_log = get_logger("conduit.worker")

CANCELLING = 5.0
"""Seconds that cancelled coroutines get to end."""


class Worker:
    """Runs the jobs of some queues until stopped or, when draining, until none is due."""

    def __init__(
        self,
        dsn: str,
        schema: str | None,
        queues: Mapping[str, int | None],
        registry: HandlerRegistry,
        services: Prepared,
        metrics: Metrics,
        recorder: Recorder,
        on_failed: Callable[[], OnFailed | None],
        concurrency: int,
        drain: bool,
        tracer: "JobTracer | None" = None,
    ) -> None:
        self._dsn = dsn
        self._queues = queues
        self._registry = registry
        self._services = services
        self._metrics = metrics
        self._recorder = recorder
        self._failures = FailureReporter(on_failed)
        self._concurrency = concurrency
        self._drain = drain
        self._tracer = tracer
        self._schema = schema
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._controls = Controls()

    async def start(self) -> None:
        """Register; from then on jobs are claimed. Raises when the database is not usable."""
        tracer = self._tracer
        schedules = ReconnectingConnection(self._dsn, "conduit schedules")
        traced_tick = None if tracer is None else tracer.tick
        self._ticker = Ticker(schedules, lambda: self._schema, traced_tick)
        self._notices = FailureNotices(
            list(self._queues),
            lambda: self._failures.is_wanted and not self._stopping.is_set(),
            lambda *taken: self._loop.call_soon_threadsafe(self._report_failed, *taken),
        )
        self._heartbeat = HeartbeatThread(
            self._dsn,
            self._schema,
            list(self._queues),
            self._registry.lanes,
            lambda: self._loop.call_soon_threadsafe(self._abandon_all),
            lambda due: self._loop.call_soon_threadsafe(self._ticker.expect, due),
            lambda controls: self._loop.call_soon_threadsafe(self._apply, controls),
            lambda jobs: self._loop.call_soon_threadsafe(self._count_failed, jobs),
            self._notices,
            lambda jobs: self._loop.call_soon_threadsafe(self._advance, jobs),
            Flusher(self._recorder),
            tries_at_once=self._drain,
        )
        await asyncio.to_thread(self._heartbeat.announce)
        self._schema = self._heartbeat.schema
        self._registry.on_change(self._heartbeat.refresh)
        reader = ResponseReader()
        self._claim_connection = ReconnectingConnection(
            self._dsn, "conduit claims", self._on_notify, times_as_ints=True, reader=reader
        )
        self._outcome_connection = ReconnectingConnection(
            self._dsn,
            "conduit outcomes",
            lock_timeout=LOCK_TIMEOUT,
            statement_timeout=STATEMENT_TIMEOUT,
            reader=reader,
        )
        self._database = JobDatabase(self._dsn, self._concurrency)
        self._flows = FlowAdvancer(self._database.connection, self._schema)
        self._acknowledger = Acknowledger(
            self._outcome_connection,
            self._schema,
            lambda count: self._claimer.on_written(count),
            lambda: self._claimer.on_postponed(),
            self._on_ended,
            self._flows.add,
            self._metrics,
            self._database.connection,
        )
        self._runner = Runner(
            self._registry,
            self._acknowledger,
            self,
            self._services,
            self._metrics,
            self._concurrency,
            lambda: self._claimer.on_capacity(),
            reader.poll,
            None if tracer is None else tracer.attempt,
            capped=[queue for queue, cap in self._queues.items() if cap is not None],
        )
        self._claimer = Claimer(
            self._claim_connection,
            self._schema,
            lambda: [*self._registry.lanes(), *self._heartbeat.fallback_lanes],
            self._runner,
            self._acknowledger,
            self._queues,
            lambda: self._heartbeat.worker,
            self._drain,
            PLAIN if tracer is None else TRACED,
        )
        self._claimer.apply(self._controls)
        self._watch = Watch(
            self._runner, self._acknowledger, self._recorder, lambda: self._heartbeat.worker
        )
        _log.info("worker %s works on %s", self._heartbeat.worker, ", ".join(self._queues))
        if self._drain:
            await self._ticker.enqueue_due()
        self._ticking = asyncio.create_task(self._ticker.run(), name="conduit schedules")
        self._writing = asyncio.create_task(self._acknowledger.run(), name="conduit outcomes")
        self._claiming = asyncio.create_task(self._claimer.run(), name="conduit claims")
        self._watching = asyncio.create_task(self._watch.run(), name="conduit watch")
        self._advancing = asyncio.create_task(self._flows.run(), name="conduit flows")
        for task in (self._writing, self._claiming, self._watching, self._ticking, self._advancing):
            task.add_done_callback(_log_failure)

    async def run(self) -> None:
        """Return when the queues are drained, or when `stop` was called elsewhere.

        Raises WorkerStuck when no job can start any more.
        """
        stopping = asyncio.create_task(self._stopping.wait())
        stuck = asyncio.create_task(self._watch.is_stuck.wait())
        while True:
            tasks = {self._claiming, self._writing, self._watching, stopping, stuck}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping, stuck}:
                task.result()
            if stopping in done or stuck in done or not await self._flows.finish():
                break
            self._claiming = asyncio.create_task(self._claimer.run(), name="conduit claims")
        stopping.cancel()
        stuck.cancel()
        if stuck in done:
            raise WorkerStuck("threads of stopped attempts hold every slot")

    async def stop(self, grace: float) -> None:
        """End gently: claim no more, let running jobs end for `grace` seconds, release the rest."""
        self._stopping.set()
        self._ticking.cancel()
        self._claimer.stop()
        # A claim under way is awaited: otherwise this worker would not know its jobs.
        await asyncio.wait([self._claiming], timeout=CANCELLING)
        self._runner.release()
        await self._until_idle(grace)
        for execution in list(self._runner.running):
            execution.stop(Shutdown())
        await self._until_idle(CANCELLING)
        is_idle = self._runner.is_idle
        self._watching.cancel()
        self._claiming.cancel()
        self._acknowledger.close()
        await asyncio.wait([self._writing], timeout=CANCELLING)
        if not self._acknowledger.is_idle:
            is_idle = False
            _log.warning("not all outcomes could be written before the end: these jobs run again")
        self._writing.cancel()
        self._advancing.cancel()
        await self._acknowledger.cancel()
        tasks = (self._watching, self._claiming, self._writing, self._ticking, self._advancing)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._runner.threads.close()
        await self._claim_connection.close()
        await self._outcome_connection.close()
        await self._ticker.close()
        await self._database.close()
        await self._failures.finish(CANCELLING)
        with ThreadPoolExecutor(1) as thread:  # services may hold all of the loop's own
            await self._loop.run_in_executor(thread, self._heartbeat.stop, is_idle)

    async def _until_idle(self, seconds: float) -> None:
        tasks = [e.task for e in self._runner.running if e.task is not None]
        if tasks and seconds > 0:
            await asyncio.wait(tasks, timeout=seconds)

    def _apply(self, controls: Controls) -> None:
        """Apply what operators paused, resumed or limited."""
        self._controls = controls
        if hasattr(self, "_claimer"):
            self._claimer.apply(controls)

    def _on_notify(self, notification: psycopg.Notify) -> None:
        if notification.payload == NOTICE:
            if self._claimer.on_changed():
                self._heartbeat.wake()
        elif notification.payload == LATE:
            self._claimer.on_late()
        else:
            self._claimer.on_announced()

    def _advance(self, jobs: Sequence[UUID]) -> None:
        """Release what still waits for these jobs, which have ended."""
        if hasattr(self, "_flows"):
            self._flows.add(jobs)

    def _abandon_all(self) -> None:
        """Stop all jobs: others took this worker for dead and have its jobs."""
        if not hasattr(self, "_runner"):
            return  # it has claimed nothing yet
        for execution in list(self._runner.running):
            execution.stop(TakenAway())
        self._runner.release()

    def _on_ended(self, attempts: Sequence[Attempt]) -> None:
        """The outcomes of these attempts are committed."""
        self._recorder.record(attempts)
        self._claimer.on_ended(attempts)
        if self._failures.is_wanted and attempts[0].outcome is not None:
            self._failures.report(failed_among(attempts))

    def _count_failed(self, jobs: Sequence[Rescued]) -> None:
        """Count these jobs: the worker that they killed cannot."""
        for job in jobs:
            self._recorder.counters(job.queue, job.type).failed += 1

    def _report_failed(self, jobs: Sequence[Rescued], worker: str) -> None:
        """Report these jobs, which a rescue ended as failed."""
        self._failures.report(
            failed_of(jobs), lambda job: self._notices.on_reported(job.id, worker)
        )

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection for a job's own statements."""
        return self._database.connection()

    def linger(self, thread: "Future[None]", /) -> None:
        """Keep the slot of a stopped attempt, until its thread ends."""
        self._runner.threads.linger(thread)

    async def progress(self, job: Claimed, note: dict[str, Any], /) -> None:
        """Store how far a job is. Raises JobLost when it is no longer held."""
        async with self._database.connection() as connection:
            if not await run_async(connection, progress(job, note, self._schema)):
                raise JobLost(f"job {job.id} is no longer held")


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s ended with an error", task.get_name(), exc_info=error)
