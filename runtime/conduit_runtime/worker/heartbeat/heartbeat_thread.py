"""The thread that proves that a worker lives, and rescues the jobs of those that died."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from ...client.sweep import Sweep
from ...model.queues.controls import Controls
from ...model.text.logs import get_logger
from ...model.workers.worker_state import WorkerState
from ...postgres.backoff import Backoff
from ...postgres.connection import BROKEN, checked_at_once, connect
from ...postgres.execute import run
from ...postgres.host_settings import is_pooled
from ...postgres.servers import server_of
from ...postgres.statement import Statement
from ...postgres.steps import run_steps
from ...statements import worker_registry
from ...statements.limits.type_limits import apply_source
from ...telemetry.flusher import Flusher
from ..interfaces import WorkerInterface
from .failure_detector import FailureDetector
from .failure_notices import FailureNotices
from .pruner import LATE, Pruner
from .registration import Registration
from .type_descriptions import TypeDescriptions
from .unhandled_types import UnhandledTypes
from .unserved_queues import UnservedQueues

T = TypeVar("T")

_log = get_logger("conduit.worker")

HEARTBEAT = 1.0
"""Seconds between heartbeats. Each also checks the other workers."""
ARRIVAL = 10.0
"""Seconds for which a worker that starts retries a connection that broke."""
MAINTENANCE = 10.0
"""Seconds between searches for orphans, failure notices, unhandled types and unserved queues."""
_SHARE = 0.02
"""Share of the time that maintenance may take: dead rows that vacuum keeps make it slow."""


class HeartbeatThread(threading.Thread):
    """Registers a worker, holds its session lock, sends heartbeats, rescues jobs of dead workers.

    A thread with a connection of its own: neither a handler that blocks the loop nor a large batch
    delays it. It calls methods of the worker in the worker's loop. When others took the worker for
    dead, they have its jobs, and it goes on under a new name.
    """

    def __init__(self, worker: WorkerInterface, dsn: str, schema: str | None) -> None:
        super().__init__(name="conduit-heartbeat", daemon=True)
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._dsn = dsn
        self._schema = schema
        self._queues = list(worker.queues)
        self._flusher = Flusher(worker.recorder)
        self._ending = threading.Event()
        self._announced: Future[None] = Future()
        self._wakened = threading.Event()
        self._has_limits_applied = False
        self._is_idle = self._deregistered = False
        self._next_maintenance = 0.0
        self._server: float | None = None
        self._controls = Controls()
        self.registration = Registration(worker)
        self.unhandled = UnhandledTypes(
            worker.registry, self._queues, is_draining=worker.is_draining
        )
        self._notices = FailureNotices(worker)
        self._descriptions = TypeDescriptions(worker.registry)
        self._pruner = Pruner()
        self._sweep = Sweep(lambda jobs: self._call(worker.flows.add, jobs))
        self._parts_of_maintenance = (
            *(self._notices, self._sweep, self.unhandled),
            UnservedQueues(worker.registry),
        )
        # Soon enough that others do not take this worker for dead meanwhile.
        self._backoff = Backoff(_log, "the heartbeat's connection failed", longest=1.0)
        self._refusals = Backoff(_log, "part of the maintenance failed")
        self._sent_at: float | None = None

    @property
    def age(self) -> float | None:
        """Seconds since a heartbeat reached the database; None before the first."""
        return None if self._sent_at is None else time.monotonic() - self._sent_at

    def _call(self, method: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(method, *arguments)

    def _run(self, statement: Statement[T]) -> T:
        return run(self._connection, statement, self._schema)

    def _run_briefly(self, statement: Statement[T]) -> T:
        """Run it in a transaction; raises QueryCanceled when it takes `LATE`."""
        with self._connection.transaction():
            timeout = "SELECT pg_catalog.set_config('statement_timeout', %s, true)"
            self._connection.execute(timeout, [LATE])
            return self._run(statement)

    def announce(self) -> None:
        """Start, and return when the worker is registered; raises what went wrong."""
        self.start()
        self._announced.result()

    def wake(self) -> None:
        """Send a heartbeat now: operators have changed something."""
        self._wakened.set()

    def describe_again(self) -> None:
        """Write soon what the code says of its job types: it says more than before."""
        self._descriptions.changed = True

    def stop(self, is_idle: bool) -> None:
        """Send no more heartbeats; an idle worker, which holds no job, is deregistered."""
        self._is_idle = is_idle
        self._ending.set()
        self._wakened.set()
        if self.is_alive():
            self.join(timeout=10)

    def run(self) -> None:
        give_up = time.monotonic() + ARRIVAL
        while not self._ending.is_set():
            try:
                with self._connect() as self._connection:
                    self._work()
            except Exception as error:
                broken = isinstance(error, BROKEN) and time.monotonic() < give_up
                if not (self._announced.done() or broken):
                    self._announced.set_exception(error)
                    return
                self._ending.wait(self._backoff.next_delay(error))
        self._set_announced()
        if self._is_idle and not self._deregistered:
            # Over a new connection: the old one broke just then.
            try:
                with self._connect() as self._connection:
                    self._leave()
            except psycopg.Error as error:
                name = self.registration.name
                _log.warning("worker %s could not be deregistered: %s", name, error)

    def _connect(self) -> psycopg.Connection[Any]:
        return connect(self._dsn, "conduit heartbeat", lock_timeout="2s")

    def _work(self) -> None:
        pooled = is_pooled(self._connection)
        server = server_of(self._connection)
        if server is not None and server != self._server:
            self._call(self._worker.on_server, server)
            self._server = server
        detector = FailureDetector()
        held = False
        while not self._ending.is_set():
            if not self.registration.is_current:
                self.registration.write(self._run, has_lock=not pooled)
                self._has_limits_applied = False
            if not self._has_limits_applied:
                self._apply_limits()
            held = held or pooled or self._run(worker_registry.lock(self.registration.lock_key))
            heartbeat = self._send()
            self._backoff.reset()
            if heartbeat.due is not None:
                self._call(self._worker.ticker.expect, heartbeat.due)
            name = self.registration.name
            others = [state for state in heartbeat.states if state.name != name]
            if len(others) == len(heartbeat.states):
                held = False
                self._lose()
                continue
            for dead in detector.find_dead(others, time.monotonic()):
                self._rescue(worker_registry.rescue(dead), dead.name)
                # Rows that were locked just then are orphans now: the next heartbeat finds them.
                soon = time.monotonic() + HEARTBEAT / 2
                self._next_maintenance = min(self._next_maintenance, soon)
                self._has_limits_applied = False  # perhaps its limits were the ones in force
            if heartbeat.is_awaited:
                with self._refusable():
                    self._sweep.watch(self._run)
            with self._refusable():
                self._notices.delete(self._run)
            self._maintain()
            self._flusher.step(self._run)
            if self._has_limits_applied:
                self._set_announced()
            with self._refusable():
                self._descriptions.step(self._run)
            self._prune(heartbeat.states)
            self._wakened.wait(min(HEARTBEAT, detector.patience))
            self._wakened.clear()
        self._flusher.finish(self._run)
        self._leave()

    def _set_announced(self) -> None:
        if not self._announced.done():
            self._announced.set_result(None)

    def _leave(self) -> None:
        self._notices.delete(self._run)
        if self._is_idle:
            self._run(worker_registry.deregister(self.registration.name))
            self._deregistered = True
            self._apply_limits()

    @contextmanager
    def _refusable(self) -> Iterator[None]:
        """For what Postgres may refuse, for want of a lock say: heartbeats go on."""
        try:
            yield
        except psycopg.Error as error:
            if self._connection.closed:
                raise
            self._refusals.next_delay(error)

    def _send(self) -> worker_registry.Heartbeat:
        heartbeat = self._run(worker_registry.heartbeat(self.registration.name, self._queues))
        self._sent_at = time.monotonic()
        if heartbeat.clock is not None:
            self._flusher.set_clock(heartbeat.clock)
        if heartbeat.controls is not None:
            controls = heartbeat.controls.of_types(self._worker.registry)
            if controls != self._controls:
                self._controls = controls
                self._call(self._worker.on_controls, controls)
        return heartbeat

    def _apply_limits(self) -> None:
        """Have the limits hold that the code of the live workers gives; again, if they are locked.

        A claim that froze keeps them locked for a few seconds.
        """
        try:
            with self._connection.transaction():
                run_steps(apply_source(), self._run)
            self._has_limits_applied = True
        except psycopg.errors.LockNotAvailable as error:
            self._refusals.next_delay(error)

    def _prune(self, states: Sequence[WorkerState]) -> None:
        with self._refusable():
            first = min(state.name for state in states)
            self._pruner.step(self._run_briefly, is_first=first == self.registration.name)

    def _lose(self) -> None:
        _log.error("worker %s was declared dead: it abandons its jobs", self.registration.name)
        self.registration.rename()
        self._call(self._worker.abandon_all)

    def _maintain(self) -> None:
        now = time.monotonic()
        if now < self._next_maintenance:
            return
        self._next_maintenance = now + MAINTENANCE
        self._rescue(worker_registry.rescue_orphans(), "an unknown worker")
        for part in self._parts_of_maintenance:
            with self._refusable():
                part.step(self._run)
        ended = time.monotonic()
        self._next_maintenance = max(self._next_maintenance, ended + (ended - now) / _SHARE)

    def _rescue(self, rescuing: Statement[list[worker_registry.Rescued]], of: str) -> None:
        with self._refusable(), checked_at_once(self._connection):
            rescued = self._run(rescuing)
            if not rescued:
                return
            failed = [job for job in rescued if job.status == "failed"]
            for job in rescued:
                if job.status == "running":
                    _log.error(
                        "job %s (%s): Postgres refuses to reclaim it",
                        *(job.id, job.type),
                        extra={"job_id": str(job.id), "job_type": job.type, "queue": job.queue},
                    )
            jobs = "1 job" if len(rescued) == 1 else f"{len(rescued)} jobs"
            _log.warning("rescued %s of %s, %d of them failed", jobs, of, len(failed))
            if failed:
                self._call(self._worker.count_failed, failed)
