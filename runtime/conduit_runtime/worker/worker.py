"""A worker claims jobs, runs them and writes their outcomes; a pool has one, in one event loop."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg

from ..job_types.steps import StepStore
from ..model.attempts.interruptions import Shutdown, TakenAway
from ..model.claimed import Claimed
from ..model.errors import JobLost
from ..model.lanes import Lane
from ..model.package import package_version
from ..model.queues.controls import NOTICE, Controls
from ..model.text.logs import get_logger
from ..postgres.connection import ReconnectingConnection
from ..postgres.response_reader import ResponseReader
from ..schedules.ticker import Ticker
from ..services.protocols import Prepared
from ..statements.outcomes import Attempt, Written, progress, use
from ..statements.results import of_predecessors
from ..statements.worker_registry import Rescued
from ..telemetry.tracing import job_tracer
from .acknowledge.acknowledger import LOCK_TIMEOUT, STATEMENT_TIMEOUT, Acknowledger
from .acknowledge.flow_advancer import FlowAdvancer
from .acknowledge.step_writer import StepWriter
from .claim.claimer import Claimer
from .every import every
from .heartbeat.heartbeat_thread import HeartbeatThread
from .interfaces import AttemptRunner, OutcomeSink, Registry
from .job_database import JobDatabase
from .pool_settings import PoolSettings
from .run.failures import FailureReporter, OnFailed, failed_among
from .run.outcomes import log_ended
from .watcher import Auditor, Watcher
from .worker_base import WorkerBase

_log = get_logger("conduit.worker")

NewRunner = Callable[["Worker", OutcomeSink, Callable[[], bool]], AttemptRunner]
"""Makes the runner of a worker; the last argument is the runner's `poll`."""


class Worker(WorkerBase):
    """Runs the jobs of some queues until stopped or, when draining, until none is due.

    Its parts reach each other through it. All of them belong to the loop, except the heartbeat's
    thread, which calls the worker's methods in the loop.
    """

    STARTED = "worker %s works on %s"
    """What is logged at the start, of its name and its queues."""

    def __init__(
        self,
        pool: PoolSettings,
        services: Prepared,
        dsn: str,
        schema: str | None,
        new_runner: NewRunner,
        *,
        is_draining: bool,
        registry: Registry | None = None,
        failure_hook: Callable[[], OnFailed | None] | None = None,
    ) -> None:
        tracer = job_tracer(pool.tracer_provider)
        reader = ResponseReader()
        super().__init__(
            pool, services, pool.handlers if registry is None else registry, is_draining=is_draining
        )
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._claims = ReconnectingConnection(
            dsn, "conduit claims", schema, self._on_notify, times_as_ints=True, reader=reader
        )
        self._outcomes = ReconnectingConnection(
            dsn,
            "conduit outcomes",
            schema,
            lock_timeout=LOCK_TIMEOUT,
            statement_timeout=STATEMENT_TIMEOUT,
            reader=reader,
        )
        self._database = JobDatabase(dsn, schema, pool.workers)
        self.flows = FlowAdvancer(self._database)
        self.failures = FailureReporter(failure_hook or (lambda: pool.failure_hook))
        self._schedules = ReconnectingConnection(dsn, "conduit schedules", schema)
        self.ticker = Ticker(self._schedules, tracer.tick if tracer else None)
        self.acknowledger = Acknowledger(self, self._outcomes, self._database)
        self._steps = StepWriter(self._database, lambda job: self.watcher.lose(job))
        self.runner = new_runner(self, self.acknowledger, reader.poll)
        self.claimer = Claimer(self, self.runner, self.acknowledger, self._claims)
        self.watcher = Watcher(self.runner, self.acknowledger, self.recorder, self.timing)
        self._auditor = Auditor(self, self.runner, self.acknowledger)
        self.heartbeat = HeartbeatThread(self, dsn, schema)

    @property
    def name(self) -> str:
        return self.heartbeat.registration.name

    @property
    def version(self) -> str:
        return package_version()

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since a heartbeat reached the database; None before the first."""
        return self.heartbeat.age

    @property
    def reports_failures(self) -> bool:
        return self.failures.is_wanted and not self._stopping.is_set()

    def lanes(self) -> list[Lane]:
        return [*self.registry.lanes(), *self.heartbeat.unhandled.fallback_lanes]

    async def start(self) -> None:
        """Register; from then on jobs are claimed. Raises when the database is not usable."""
        await asyncio.to_thread(self.heartbeat.announce)
        _log.info(self.STARTED, self.name, ", ".join(self.queues))
        if self.is_draining:
            await self.ticker.enqueue_due()
        self._ticking = self._spawn(self.ticker.run(), "schedules")
        self._writing = self._spawn(self.acknowledger.run(), "outcomes")
        self._claiming = self._spawn(self.claimer.run(), "claims")
        self._watching = self._spawn(every(self.timing.watch, self.watcher.step), "watch")
        self._auditing = self._spawn(every(self.timing.audit, self._auditor.step), "audit")
        self._advancing = self._spawn(self.flows.run(), "flows")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=f"conduit {name}")
        task.add_done_callback(_log_failure)
        return task

    async def run(self) -> None:
        """Return when the queues are drained, or when `stop` was called elsewhere.

        Raises WorkerStuck when no job can start any more.
        """
        while (
            await self.watcher.until_end(
                (self._claiming, self._writing, self._watching, self._auditing), self._stopping
            )
            and await self.flows.finish()
        ):
            self._claiming = self._spawn(self.claimer.run(), "claims")

    async def stop(self, grace: float) -> None:
        """End gently: claim no more, let running jobs end for `grace` seconds, release the rest."""
        self._stopping.set()
        cancelling = self.timing.cancelling
        self._ticking.cancel()
        self.claimer.stop()
        # Await a claim under way: otherwise this worker would not know its jobs.
        await asyncio.wait([self._claiming], timeout=cancelling)
        self.runner.release()
        await self.runner.until_idle(grace)
        self.runner.stop(Shutdown)
        await self.runner.until_idle(cancelling)
        is_idle = self.runner.is_idle
        self._claiming.cancel()
        self.acknowledger.close()
        await asyncio.wait([self._writing], timeout=cancelling)
        if not self.acknowledger.is_idle:
            is_idle = False
            _log.warning(
                "the worker could not write all outcomes before its end: jobs without one run again"
            )
        # Not earlier: cutting off one of their queries breaks the connection for outcomes.
        checking = (self._watching, self._auditing)
        for task in (*checking, self._writing, self._advancing):
            task.cancel()
        await self.acknowledger.apart.cancel()
        await self._steps.cancel()
        tasks = (*checking, self._claiming, self._writing, self._ticking, self._advancing)
        await asyncio.gather(*tasks, return_exceptions=True)
        self.runner.close()
        for each in (self._claims, self._outcomes, self.ticker, self._database):
            await each.close()
        await self.failures.finish(cancelling)
        with ThreadPoolExecutor(1) as thread:  # services may hold all of the loop's own
            await self._loop.run_in_executor(thread, self.heartbeat.stop, is_idle)

    def _on_notify(self, notification: psycopg.Notify) -> None:
        if notification.payload != NOTICE:
            self.claimer.on_announced(notification.payload)
        elif self.claimer.on_changed():
            self.heartbeat.wake()

    def on_capacity(self) -> None:
        self.claimer.on_capacity()

    def on_idle(self) -> None:
        self.claimer.on_idle()

    def on_controls(self, controls: Controls) -> None:
        self.claimer.apply(controls)

    def on_limited(self) -> None:
        self.claimer.on_lanes()

    def on_refused(self, queues: Collection[str]) -> None:
        self.claimer.on_refused(queues)

    def on_server(self, server: float) -> None:
        for each in (self._claims, self._outcomes, self._schedules, self._database):
            each.leave(server)

    def abandon_all(self) -> None:
        self.runner.stop(TakenAway)
        self.runner.release()

    def on_written(self, attempts: Sequence[Attempt], written: Written) -> None:
        held = written.attempts
        if held:
            self.recorder.record(held)
            log_ended(held)
        self.claimer.on_written(attempts, held)
        if held and held[0].outcome is not None and self.failures.is_wanted:
            self.failures.report(failed_among(held))
        if written.advancing:
            self.flows.add(written.advancing)

    def count_failed(self, jobs: Sequence[Rescued]) -> None:
        for job in jobs:
            self.recorder.counters(job.queue, job.type).failed += 1

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        return self._database.connection()

    def linger(self, thread: "Future[None]", /) -> None:
        self.runner.linger(thread)

    async def results_before(self, job: Claimed, /) -> list[Any]:
        return await self._database.run(of_predecessors(job.id))

    stores_steps = True

    def steps(self, job: Claimed, /) -> StepStore:
        return self._steps

    async def progress(self, job: Claimed, note: dict[str, Any], /) -> None:
        if not await self._database.run(progress(job, note)):
            raise JobLost(f"job {job.id} is no longer held")

    async def used(self, job: Claimed, weight: int, /) -> None:
        corrected = await self._database.run(use(job, weight))
        if corrected is None:
            raise JobLost(f"job {job.id} is no longer held")
        self.claimer.on_corrected(corrected)


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s ended with an error", task.get_name(), exc_info=error)
