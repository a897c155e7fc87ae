"""The thread that proves that a worker lives, and rescues the jobs of those that died."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial

import psycopg

from ...client.sweep import Sweeper
from ...model.queues.controls import Controls
from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.connection import BROKEN, connect
from ...postgres.host_settings import is_pooled
from ...postgres.servers import server_of
from ...postgres.steps import run_steps
from ...statements import worker_registry
from ...statements.limits.turns import forget_turns
from ...statements.limits.type_limits import apply_source
from ...statements.many.expiry import IN_ORDER
from ...telemetry.flusher import Flusher
from ..every import Every
from ..worker_base import WorkerBase
from .pruner import Pruner
from .registration import HeartbeatConnection, Registration
from .rescue import FailureDetector, FailureNotices, Rescuer
from .upkeep import (
    ExpiredJobs,
    Maintainer,
    ParkedJobs,
    TypeDescriptions,
    UnhandledTypes,
    UnservedQueues,
)

_log = get_logger("conduit.worker")

ARRIVAL = 10.0
"""Seconds for which a worker that starts retries a connection that broke."""


class HeartbeatThread(threading.Thread):
    """Registers a worker, holds its session lock, sends heartbeats, rescues jobs of dead workers.

    A thread with a connection of its own: neither a handler that blocks the loop nor a large batch
    delays it. It calls methods of the worker in the worker's loop. If other workers took this one
    for dead, they have its jobs, and it goes on under a new name.

    `limited` are the types whose limits in the code have been applied.
    """

    def __init__(self, worker: WorkerBase, dsn: str, schema: str | None) -> None:
        super().__init__(name="conduit-heartbeat", daemon=True)
        self._worker = worker
        self._timing = worker.timing
        self._loop = asyncio.get_running_loop()
        self._dsn = dsn
        self._schema = schema
        self._queues = list(worker.queues)
        self._ending = threading.Event()
        self._announced: Future[None] = Future()
        self._wakened = threading.Event()
        self._has_limits_applied = False
        self.limited: Collection[str] = frozenset()
        self._is_idle = self._deregistered = False
        self._server: float | None = None
        self._controls = Controls()
        self._refused: Sequence[str] = ()
        self.registration = Registration(worker)
        self.unhandled = UnhandledTypes(
            worker.registry, self._queues, is_draining=worker.is_draining
        )
        self._notices = FailureNotices(worker)
        self._descriptions = TypeDescriptions(worker.registry, worker.timing.descriptions)
        self._pruner = Pruner(worker.timing)
        expired = ExpiredJobs(lambda counts: self._call(worker.count_expired, counts))
        self._expire = Every(0.0, expired.step, share=worker.timing.pruning_share)
        self._parked = Every(0.0, ParkedJobs().step, share=worker.timing.pruning_share)
        self._sweeper = Sweeper(lambda jobs: self._call(worker.flows.add, jobs))
        self._rescuer = Rescuer(worker)
        self._flusher = Flusher(worker.recorder, self._timing.compaction)
        self._flush = Every(self._timing.flush, self._flusher.step)
        unserved = Every(self._timing.unserved, UnservedQueues(worker.registry).step)
        turns = Every(self._timing.unserved, lambda run: run(forget_turns()))
        parts = (
            *(self._notices.step, self._sweeper.step, self.unhandled.step),
            *(unserved.if_due, turns.if_due),
        )
        self._maintenance = Every(
            self._timing.maintenance,
            Maintainer(self._rescuer, parts).step,
            share=self._timing.maintenance_share,
        )
        # Short enough that other workers do not take this one for dead.
        self._backoff = Backoff(_log, "the heartbeat failed", longest=1.0)
        self._refusals = Backoff(_log, "part of the maintenance failed")
        self._sent_at: float | None = None

    @property
    def age(self) -> float | None:
        return None if self._sent_at is None else time.monotonic() - self._sent_at

    def _call(self, method: Callable[..., object], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(method, *arguments)

    def announce(self) -> None:
        """Start, and return when the worker is registered; raises the error that prevents it."""
        self.start()
        self._announced.result()

    def wake(self) -> None:
        """Send a heartbeat now: operators have changed something."""
        self._wakened.set()

    def describe_again(self) -> None:
        """Write the descriptions of the job types again soon, since they have changed."""
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
                with self._connected() as connection:
                    self._work_despite_locks(connection)
            except Exception as error:
                broken = isinstance(error, BROKEN) and time.monotonic() < give_up
                if not (self._announced.done() or broken):
                    self._announced.set_exception(error)
                    return
                self._ending.wait(self._backoff.next_delay(error))
        self._set_announced()
        if self._is_idle and not self._deregistered:
            # Over a new connection: the old one broke.
            try:
                with self._connected() as connection:
                    self._leave(connection)
            except psycopg.Error as error:
                name = self.registration.name
                _log.warning("worker %s could not be deregistered: %s", name, error)

    @contextmanager
    def _connected(self) -> Iterator[HeartbeatConnection]:
        with connect(self._dsn, "conduit heartbeat", lock_timeout="2s") as connection:
            yield HeartbeatConnection(connection, self._schema, self._refusals)

    def _work_despite_locks(self, connection: HeartbeatConnection) -> None:
        """Work, also when a lock delays heartbeats: the session goes on, so the worker lives.

        Each delay ends the detector, as an outage does: the others are delayed, too.
        """
        while not self._ending.is_set():
            try:
                self._work(connection)
            except psycopg.errors.LockNotAvailable as error:
                if not self._announced.done():
                    raise
                self._ending.wait(self._backoff.next_delay(error))

    def _work(self, connection: HeartbeatConnection) -> None:
        pooled = is_pooled(connection.connection)
        server = server_of(connection.connection)
        if server is not None and server != self._server:
            self._call(self._worker.on_server, server)
            self._server = server
        detector = FailureDetector(self._timing)
        held = False
        while not self._ending.is_set():
            if not self.registration.is_current:
                self.registration.write(connection.run, has_lock=not pooled)
                self._has_limits_applied = False
            if not self._has_limits_applied:
                self._apply_limits(connection)
            lock = worker_registry.lock(self.registration.lock_key)
            held = held or pooled or connection.run(lock)
            heartbeat = self._send(connection)
            self._backoff.reset()
            if heartbeat.due is not None:
                self._call(self._worker.ticker.expect, heartbeat.due)
            name = self.registration.name
            others = [state for state in heartbeat.states if state.name != name]
            if len(others) == len(heartbeat.states):
                held = False
                self._lose()
                continue
            self._worker.others = len(others)
            for dead in detector.find_dead(others, time.monotonic()):
                self._rescuer.rescue(connection, worker_registry.rescue(dead), dead.name)
                # Jobs whose rows were locked are orphans now; the next heartbeat finds them.
                self._maintenance.soon(self._timing.heartbeat / 2)
                self._has_limits_applied = False  # perhaps its limits were the ones in force
            if heartbeat.is_awaited:
                with connection.refusable():
                    self._sweeper.watch(connection.run)
            with connection.refusable():
                self._notices.delete(connection.run)
            self._maintenance.if_due(connection)
            self._flush.if_due(connection.run)
            if self._has_limits_applied:
                self._set_announced()
            with connection.refusable():
                self._descriptions.step(connection.run)
            is_first = min(state.name for state in heartbeat.states) == name
            if heartbeat.has_expired and is_first:
                with connection.refusable():
                    self._expire.if_due(partial(connection.run_with, IN_ORDER))
            if heartbeat.has_parked and is_first:
                with connection.refusable():
                    self._parked.if_due(connection.run)
            self._prune(connection, is_first)
            self._wakened.wait(min(self._timing.heartbeat, detector.patience))
            self._wakened.clear()
        self._flusher.finish(connection.run)
        self._leave(connection)

    def _set_announced(self) -> None:
        if not self._announced.done():
            self._announced.set_result(None)

    def _leave(self, connection: HeartbeatConnection) -> None:
        self._notices.delete(connection.run)
        if self._is_idle:
            connection.run(worker_registry.deregister(self.registration.name))
            self._deregistered = True
            self._apply_limits(connection)

    def _send(self, connection: HeartbeatConnection) -> worker_registry.Heartbeat:
        name, children = self.registration.name, self._worker.metrics.children
        heartbeat = connection.run(worker_registry.heartbeat(name, self._queues, children))
        self._sent_at = time.monotonic()
        if heartbeat.clock is not None:
            self._flusher.set_clock(heartbeat.clock)
        if heartbeat.controls is not None:
            controls = heartbeat.controls.of_types(self._worker.registry)
            if controls != self._controls:
                self._controls = controls
                self._call(self._worker.on_controls, controls)
        if heartbeat.refused or self._refused:
            self._refused = heartbeat.refused
            self._call(self._worker.on_refused, heartbeat.refused)
        return heartbeat

    def _apply_limits(self, connection: HeartbeatConnection) -> None:
        """Apply the limits of the live workers' code; if locked, the next heartbeat tries again.

        A claim that froze keeps the limits locked for a few seconds.
        """
        try:
            with connection.connection.transaction():
                run_steps(apply_source(), connection.run)
            self._has_limits_applied = True
            if (limited := self.registration.limits.keys()) != self.limited:
                self.limited = frozenset(limited)
                self._call(self._worker.on_limited)
        except psycopg.errors.LockNotAvailable as error:
            self._refusals.next_delay(error)

    def _prune(self, connection: HeartbeatConnection, is_first: bool) -> None:
        with connection.refusable():
            limit = f"SET LOCAL statement_timeout = '{self._timing.pruning_statement:g}s'"
            run = partial(connection.run_with, limit)
            self._pruner.step(run, is_first=is_first)

    def _lose(self) -> None:
        _log.error("worker %s was declared dead: it abandons its jobs", self.registration.name)
        self.registration.rename()
        self._call(self._worker.abandon_all)
