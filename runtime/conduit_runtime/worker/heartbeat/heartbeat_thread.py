"""The thread that proves that a worker lives, and rescues the jobs of those that died."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from ...client.sweep import Sweep
from ...model.controls import Controls
from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.connection import BROKEN, checked_at_once, connect
from ...postgres.execute import is_pooled, run
from ...statements import worker_registry
from ...statements.claims import Lane
from ...telemetry.flusher import Flusher
from .failure_detector import FailureDetector
from .failure_notices import FailureNotices

__all__ = ["HeartbeatThread"]

_log = get_logger("conduit.worker")

HEARTBEAT = 1.0
"""Seconds between heartbeats. Each also checks the other workers."""
ARRIVAL = 10.0
"""Seconds for which a worker that starts retries a connection that broke."""
MAINTENANCE = 10.0
"""Seconds between searches for orphaned jobs, failure notices and unhandled types."""
_SHARE = 0.02
"""Share of the time that maintenance may take: dead rows that vacuum keeps make it slow."""


class HeartbeatThread(threading.Thread):
    """Registers a worker, holds its session lock, sends heartbeats, rescues jobs of dead workers.

    A thread with a connection of its own: neither a handler that blocks the loop nor a large batch
    delays it. After `announce`, `schema` is the one that holds the tables.

    `fallback_lanes` are the fingerprints of its types that no live worker knows: the worker tries
    these jobs, with `tries_at_once` as soon as it sees them, otherwise when it sees them twice.

    It calls, in this thread: `on_lost` when others took the worker for dead (they have its jobs
    now, and it goes on under a new name); `on_schedule` with the seconds until the next schedule is
    due; `on_controls` when operators changed the controls of its queues or of types; `on_rescued`
    with the jobs that its own rescue ended as failed; `on_ended` with jobs that have ended while
    others still wait for them. `notices` are the failures that this worker is to report.
    """

    def __init__(
        self,
        dsn: str,
        schema: str | None,
        queues: Sequence[str],
        lanes: Callable[[], Sequence[Lane]],
        on_lost: Callable[[], object],
        on_schedule: Callable[[float], object],
        on_controls: Callable[[Controls], object],
        on_rescued: Callable[[Sequence[worker_registry.Rescued]], object],
        notices: FailureNotices,
        on_ended: Callable[[Sequence[UUID]], object],
        flusher: Flusher,
        tries_at_once: bool = False,
    ) -> None:
        super().__init__(name="conduit-heartbeat", daemon=True)
        self._dsn = dsn
        self.schema = schema
        self._queues = queues
        self._lanes = lanes
        self._on_lost = on_lost
        self._on_schedule = on_schedule
        self._on_controls = on_controls
        self._on_rescued = on_rescued
        self._notices = notices
        self._flusher = flusher
        self._tries_at_once = tries_at_once
        self._ending = threading.Event()
        self._ready = threading.Event()
        self._wakened = threading.Event()
        self._failure: BaseException | None = None
        self._announced = self._is_connected = False
        self._outdated = True
        self._is_idle = self._deregistered = False
        self._next_maintenance = 0.0
        self._controls = Controls()
        self._unhandled: set[Lane] = set()
        self._reported: set[str] = set()
        self._sweep = Sweep(on_ended)
        self._refusals = Backoff(_log, "part of the maintenance failed")
        self.fallback_lanes: Sequence[Lane] = ()
        self._rename()

    def _rename(self) -> None:
        self._lock_key = secrets.randbits(63)
        self.worker = f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"

    def announce(self) -> None:
        """Start, and return when the worker is registered; raises what went wrong."""
        self.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def refresh(self) -> None:
        """Register soon which types the worker handles now."""
        self._outdated = True
        self._wakened.set()

    def wake(self) -> None:
        """Send a heartbeat now: operators have changed something."""
        self._wakened.set()

    def stop(self, is_idle: bool) -> None:
        """Send no more heartbeats; an idle worker, which holds no job, is deregistered."""
        self._is_idle = is_idle
        self._ending.set()
        self._wakened.set()
        if self.is_alive():
            self.join(timeout=10)

    def run(self) -> None:
        # Soon enough that others do not take this worker for dead meanwhile.
        backoff = Backoff(_log, "the heartbeat's connection failed", longest=1.0)
        give_up = time.monotonic() + ARRIVAL
        while not self._ending.is_set():
            try:
                with connect(self._dsn, "conduit heartbeat", lock_timeout="2s") as connection:
                    self._work(connection)
            except Exception as error:
                broken = isinstance(error, BROKEN) and time.monotonic() < give_up
                if not (self._announced or broken):
                    self._failure = error
                    self._ready.set()
                    return
                if self._is_connected:
                    backoff.reset()
                self._is_connected = False
                self._ending.wait(backoff.next_delay(error))
        self._ready.set()
        if self._is_idle and not self._deregistered:
            self._deregister()

    def _deregister(self) -> None:
        """Deregister over a new connection: the old one broke just then."""
        try:
            with connect(self._dsn, "conduit heartbeat", lock_timeout="2s") as connection:
                self._notices.delete_reported(connection, self.schema)
                run(connection, worker_registry.deregister(self.worker, self.schema))
        except psycopg.Error as error:
            _log.warning("worker %s could not be deregistered: %s", self.worker, error)

    def _work(self, connection: psycopg.Connection[Any]) -> None:
        if self.schema is None:
            self.schema = run(connection, worker_registry.find_schema())
        pooled = is_pooled(connection)
        detector = FailureDetector()
        held = False
        while not self._ending.is_set():
            if self._outdated:
                # A change while this is under way causes another registration.
                self._outdated = False
                try:
                    self._register(connection, None if pooled else self._lock_key)
                except BaseException:
                    self._outdated = True
                    raise
            held = held or pooled or run(connection, worker_registry.lock(self._lock_key))
            heartbeat = self._send(connection)
            self._is_connected = self._announced = True
            if heartbeat.due is not None:
                self._on_schedule(heartbeat.due)
            if all(state.name != self.worker for state in heartbeat.states):
                held = False
                self._lose()
                continue
            others = [state for state in heartbeat.states if state.name != self.worker]
            for dead in detector.find_dead(others, time.monotonic()):
                with self._refusable(connection), checked_at_once(connection):
                    self._report(
                        run(connection, worker_registry.rescue(dead, self.schema)), dead.name
                    )
                # Rows that were locked just then are orphans now: the next heartbeat finds them.
                self._next_maintenance = min(
                    self._next_maintenance, time.monotonic() + HEARTBEAT / 2
                )
            if heartbeat.is_awaited:
                with self._refusable(connection):
                    self._sweep.watch(connection, self.schema)
            with self._refusable(connection):
                self._notices.delete_reported(connection, self.schema)
            self._maintain(connection)
            self._flusher.step(connection, self.schema)
            self._ready.set()
            self._wakened.wait(min(HEARTBEAT, detector.patience))
            self._wakened.clear()
        self._flusher.finish(connection, self.schema)
        self._notices.delete_reported(connection, self.schema)
        if self._is_idle:
            run(connection, worker_registry.deregister(self.worker, self.schema))
            self._deregistered = True

    @contextmanager
    def _refusable(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """For what Postgres may refuse, for want of a lock say: heartbeats go on."""
        try:
            yield
        except psycopg.Error as error:
            if connection.closed:
                raise
            self._refusals.next_delay(error)

    def _send(self, connection: psycopg.Connection[Any]) -> worker_registry.Heartbeat:
        heartbeat = run(
            connection, worker_registry.heartbeat(self.worker, self._queues, self.schema)
        )
        if heartbeat.clock is not None:
            self._flusher.set_clock(heartbeat.clock)
        if heartbeat.controls is not None and heartbeat.controls != self._controls:
            self._controls = heartbeat.controls
            self._on_controls(heartbeat.controls)
        return heartbeat

    def _register(self, connection: psycopg.Connection[Any], lock_key: int | None) -> None:
        statement = worker_registry.register(
            self.worker,
            lock_key,
            socket.gethostname(),
            os.getpid(),
            self._queues,
            self._lanes(),
            self.schema,
        )
        run(connection, statement)

    def _lose(self) -> None:
        _log.error("worker %s was declared dead: it abandons its jobs", self.worker)
        self._outdated = True
        self._rename()
        self._on_lost()

    def _maintain(self, connection: psycopg.Connection[Any]) -> None:
        now = time.monotonic()
        if now < self._next_maintenance:
            return
        self._next_maintenance = now + MAINTENANCE
        with self._refusable(connection), checked_at_once(connection):
            self._report(
                run(connection, worker_registry.rescue_orphans(self.schema)), "an unknown worker"
            )
        with self._refusable(connection):
            self._notices.take(connection, self.worker, self.schema)
        with self._refusable(connection):
            self._sweep.step(connection, self.schema)
        with self._refusable(connection):
            self._find_unhandled(connection)
        ended = time.monotonic()
        self._next_maintenance = max(self._next_maintenance, ended + (ended - now) / _SHARE)

    def _find_unhandled(self, connection: psycopg.Connection[Any]) -> None:
        unhandled = run(connection, worker_registry.unhandled_types(self._queues, self.schema))
        known = {type_ for type_, _ in self._lanes()}
        lanes = {lane for _, lane in unhandled}
        # A deployment may start its web processes first: only a lane that was seen twice is tried.
        fallback = lanes if self._tries_at_once else lanes & self._unhandled
        self.fallback_lanes = sorted(lane for lane in fallback if lane[0] in known)
        self._unhandled = lanes
        for queue, (type_, _) in unhandled:
            if type_ not in known and type_ not in self._reported:
                self._reported.add(type_)
                _log.warning("no worker handles the type %s, which waits in %s", type_, queue)

    def _report(self, rescued: list[worker_registry.Rescued], worker: str) -> None:
        if rescued:
            failed = [job for job in rescued if job.status == "failed"]
            for job in rescued:
                if job.status == "running":
                    _log.error("job %s (%s): Postgres refuses to reclaim it", job.id, job.type)
            jobs = "1 job" if len(rescued) == 1 else f"{len(rescued)} jobs"
            _log.warning("rescued %s of %s, %d of them failed", jobs, worker, len(failed))
            if failed:
                self._on_rescued(failed)
