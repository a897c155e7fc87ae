"""A worker that gets its jobs over a broker; a pool has one, in one event loop."""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import psycopg

from ...job_types.description.database_uses import upcast_uses_database, uses_database
from ...job_types.steps import StepStore
from ...model.attempts.interruptions import Shutdown, TakenAway
from ...model.claimed import Claimed
from ...model.errors import JobLost, QueueError
from ...model.text.logs import get_logger
from ...services.protocols import Prepared
from ...telemetry.tracing import job_tracer
from ...worker.every import every
from ...worker.interfaces import RunnerHost
from ...worker.job_database import NO_DATABASE, JobDatabase
from ...worker.pool_settings import PoolSettings
from ...worker.run.failures import FailureReporter
from ...worker.run.runner import Runner
from ...worker.watcher import Watcher
from ..broker_connection import without_password
from ..messages import (
    VERSION,
    Claim,
    Control,
    Failed,
    Progress,
    Release,
    Reply,
    Results,
    Stop,
    Used,
)
from ..topology import DECLARED, to_one
from .consumer import Consumer
from .deliveries import Deliveries, Delivery
from .hello import Hellos
from .outcome_publisher import OutcomePublisher
from .requests import Requests
from .sessions import Lost, Session, Sessions
from .step_store import RemoteSteps

_log = get_logger("conduit.worker")

ARRIVAL = 2.0
"""Seconds for which a worker that starts waits until it can take jobs."""


class RemoteWorker(RunnerHost):
    """Runs jobs that gateways publish, until stopped or, when draining, until none comes."""

    def __init__(
        self,
        url: str,
        ca_file: str | None,
        database: str | None,
        pool: PoolSettings,
        services: Prepared,
        *,
        is_draining: bool,
    ) -> None:
        tracer = job_tracer(pool.tracer_provider)
        self._address = without_password(url)
        self.registry = pool.handlers
        self.queues = pool.queues
        self.services = services
        self.concurrency = pool.workers
        self.is_draining = is_draining
        self.metrics = pool.metrics
        self.recorder = pool.recorder
        self.timing = pool.timing
        # By this machine's clock: the waits of jobs are only as right as this clock.
        self.recorder.server_offset = time.time() - time.monotonic()
        self._database = None
        if database is not None:
            self._database = JobDatabase(database, None, pool.workers)
        self._failures = FailureReporter(lambda: pool.failure_hook)
        self._stopping = asyncio.Event()
        self._sessions = Sessions(url, ca_file, self._work, self._on_control, self._on_lost)
        self._requests = Requests(self._sessions, self.timing)
        self._deliveries = Deliveries()
        self._sink = OutcomePublisher(
            self._sessions, self._requests, self._deliveries, self.metrics, self.recorder
        )
        self._steps = RemoteSteps(
            self._requests, self._gateway_of, lambda claim: self._stop_lost({claim})
        )
        self._runner = Runner(
            self, pool.handlers, self._sink, pool.hooks, tracer, children=pool.children
        )
        self._consumer = Consumer(self, pool.handlers, self._runner, self._sink, self._deliveries)
        self._watcher = Watcher(self._runner, self._sink, self.recorder, self.timing)
        self._hellos = Hellos(
            pool,
            lambda: self._failures.is_wanted and not self._stopping.is_set(),
            self._stopping.is_set,
        )

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since the broker last took something; None before the first time."""
        return self._hellos.age

    async def start(self) -> None:
        """Begin to take jobs, as soon as the broker and a gateway are there."""
        _log.info("worker at %s works on %s", self._address, ", ".join(self.queues))
        if self._database is None and (types := self._types_with_database()):
            _log.warning(
                "jobs of %s use the application's database, and this worker has none, so they will "
                "fail: give it one, as Broker(…, database=…) or by --dsn",
                ", ".join(types),
            )
        self._connecting = self._spawn(self._sessions.run(), "broker")
        self._publishing = self._spawn(self._sink.run(), "outcomes")
        self._consuming = self._spawn(self._consumer.run(), "jobs")
        self._watching = self._spawn(every(self.timing.watch, self._watcher.step), "watch")
        with suppress(TimeoutError):
            async with asyncio.timeout(ARRIVAL):
                await self._sessions.get()

    def _types_with_database(self) -> list[str]:
        return [
            handler.type
            for handler in self.registry
            if uses_database(handler.function)
            or any(map(upcast_uses_database, handler.upcasts.values()))
        ]

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        return asyncio.create_task(work, name=f"conduit {name}")

    async def run(self) -> None:
        """Return when no more jobs come to a worker that drains, or when `stop` was called.

        Raises WorkerStuck when no job can start any more.
        """
        tasks = (self._connecting, self._publishing, self._consuming, self._watching)
        await self._watcher.until_end(tasks, self._stopping)

    async def stop(self, grace: float) -> None:
        """End gently: take no more, let running jobs end for `grace` seconds, release the rest."""
        self._stopping.set()
        self._consumer.stop()
        session = self._sessions.current
        if session is not None:
            await self._leave(session)
        self._consumer.release()
        await self._runner.until_idle(grace)
        self._runner.stop(Shutdown)
        await self._runner.until_idle(self.timing.cancelling)
        self._sink.close()
        await asyncio.wait([self._publishing], timeout=self.timing.cancelling)
        if not self._sink.is_idle:
            _log.warning(
                "the worker could not send all outcomes before its end: jobs without one run again"
            )
        self._steps.cancel()
        tasks = (self._watching, self._consuming, self._publishing, self._connecting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._runner.close()
        if self._database is not None:
            await self._database.close()
        await self._failures.finish(self.timing.cancelling)

    async def _leave(self, session: Session) -> None:
        """Tell the broker to send no more jobs; the connection may be lost meanwhile."""
        with suppress(Lost, TimeoutError):
            async with asyncio.timeout(self.timing.cancelling):
                await self._consumer.cancel()
                await self._hellos.send(session)

    async def _work(self, session: Session) -> None:
        """Use a connection until cancelled. Raises Lost."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hellos.run(session))
                tasks.create_task(every(DECLARED, session.declare_again))
                tasks.create_task(self._consumer.consume(session))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    def _on_lost(self) -> None:
        """The connection is gone: running jobs go on, jobs that have not begun are released."""
        self._requests.on_lost()
        self._consumer.on_lost()

    def _on_control(self, message: Control) -> None:
        """A gateway sent something."""
        match message:
            case Reply():
                self._requests.on_reply(message)
            case Stop():
                self._stop_lost({*message.jobs})
            case Release():
                self._consumer.release_of(message.gateway, message.up_to)
            case Failed():
                self._failures.report([message.job])

    def _stop_lost(self, claims: set[Claim]) -> None:
        """Stop running jobs that are not held any more; release jobs that have not begun."""
        held = [each for running in self._runner.running for each in running.held]
        for each in held:
            job = each.job
            if (job.id, job.token) in claims and each.stopped_by is None:
                claims.discard((job.id, job.token))
                self.recorder.counters(job.queue, job.type).cancelled += 1
                each.stop(TakenAway())
                self._sink.drop([job])
        if self._consumer.holds(claims):
            self._consumer.release()

    def on_capacity(self) -> None:
        self._consumer.on_capacity()

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection for a job's own statements. Raises QueueError where there is no database."""
        if self._database is None:
            raise QueueError(NO_DATABASE)
        return self._database.connection()

    def linger(self, thread: "Future[None]", /) -> None:
        self._runner.linger(thread)

    async def results_before(self, job: Claimed, /) -> list[Any]:
        answer = await self._requests.insist(
            self._database_of(job), lambda worker, n: Results(VERSION, worker, n, job.id)
        )
        return list(answer)

    stores_steps = True

    def steps(self, job: Claimed, /) -> StepStore:
        return self._steps

    async def progress(self, job: Claimed, note: dict[str, Any], /) -> None:
        """Ask a gateway to store how far a job is. Raises JobLost if the job is no longer held."""
        claim = (job.id, job.token)
        answer = await self._requests.ask(
            self._database_of(job), lambda worker, n: Progress(VERSION, worker, n, claim, note)
        )
        if answer is False:
            raise JobLost(f"job {job.id} is no longer held")

    async def used(self, job: Claimed, weight: int, /) -> None:
        """Ask a gateway to store for how many a job counts. Raises JobLost as `progress` does."""
        claim = (job.id, job.token)
        answer = await self._requests.insist(
            self._database_of(job), lambda worker, n: Used(VERSION, worker, n, claim, weight)
        )
        if answer is False:
            raise JobLost(f"job {job.id} is no longer held")

    def _database_of(self, job: Claimed) -> str:
        return self._delivery_of(job).database

    def _gateway_of(self, job: Claimed) -> str:
        delivery = self._delivery_of(job)
        return to_one(delivery.database, delivery.gateway)

    def _delivery_of(self, job: Claimed) -> Delivery:
        if (delivery := self._deliveries.of(job)) is None:
            raise JobLost(f"job {job.id} is no longer held")
        return delivery
