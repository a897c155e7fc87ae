"""The thread that says that a worker lives, and looks after those that do not."""

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
from ...postgres.connection import BROKEN, checked_at_once, connect, is_pooled
from ...postgres.execute import run
from ...statements import worker_registry as fleet
from ...statements.claims import Lane
from ...telemetry.flusher import Flusher
from .failure_detector import FailureDetector
from .failure_notices import FailureNotices

__all__ = ["HeartbeatThread"]

_log = get_logger("conduit.worker")

BEAT = 1.0
"""Seconds between beats. Each also looks at the others, so the dead are found within seconds."""
ARRIVAL = 10.0
"""Seconds for which a worker that starts opens a connection again that broke under it."""
LOOK = 10.0
"""Seconds between looks for jobs that nobody holds any more and types that nobody knows."""
_SHARE = 0.02
"""Of the time that these looks may take: dead rows that vacuum may not remove make them slow."""


class HeartbeatThread(threading.Thread):
    """Registers a worker, holds its session lock, beats, and rescues the jobs of dead workers.

    A thread with a connection of its own, so that neither a handler that blocks the loop nor a
    large batch delays it. `on_lost` is called, in this thread, when others took the worker for
    dead: its jobs are theirs now, and it goes on under a new name. After `announce`, `schema` is
    the one that the tables were found in.

    `adopted` are the fingerprints of its types that no live worker knows: these jobs are tried.
    With `hurry` at once, otherwise when they were seen twice. `on_schedule` is called, in this
    thread, with the seconds until the next schedule is due; `on_controls` with what operators say
    of its queues and of types, whenever that changed; `on_rescued` with the jobs that a rescue
    of its own ended as failed. `notices` are of those that this worker is to report,
    whichever rescued them. `on_ended` is called with jobs that have ended without what waits for
    them.
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
        on_rescued: Callable[[Sequence[fleet.Rescued]], object],
        notices: FailureNotices,
        on_ended: Callable[[Sequence[UUID]], object],
        flusher: Flusher,
        hurry: bool = False,
    ) -> None:
        super().__init__(name="conduit-keeper", daemon=True)
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
        self._hurry = hurry
        self._ending = threading.Event()
        self._ready = threading.Event()
        self._wakened = threading.Event()
        self._failure: BaseException | None = None
        self._announced = self._beaten = False
        self._outdated = True
        self._gone = self._left = False
        self._next_look = 0.0
        self._controls = Controls()
        self._unknown: set[Lane] = set()
        self._told: set[str] = set()
        self._sweep = Sweep(on_ended)
        self._refusals = Backoff(_log, "not all that is left behind could be seen to")
        self.adopted: Sequence[Lane] = ()
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
        """Tell the others soon what the worker knows now."""
        self._outdated = True
        self._wakened.set()

    def hurry(self) -> None:
        """Beat now: operators have changed something."""
        self._wakened.set()

    def end(self, gone: bool) -> None:
        """Stop beating; `gone` tells that nothing is held, so that the worker can be struck off."""
        self._gone = gone
        self._ending.set()
        self._wakened.set()
        if self.is_alive():
            self.join(timeout=10)

    def run(self) -> None:
        # Again soon enough that others do not take us for dead meanwhile.
        backoff = Backoff(_log, "the keeper's connection failed", longest=1.0)
        give_up = time.monotonic() + ARRIVAL
        while not self._ending.is_set():
            try:
                with connect(self._dsn, "conduit keeper", lock_timeout="2s") as connection:
                    self._keep(connection)
            except Exception as error:
                broken = isinstance(error, BROKEN) and time.monotonic() < give_up
                if not (self._announced or broken):
                    self._failure = error
                    self._ready.set()
                    return
                if self._beaten:
                    backoff.reset()
                self._beaten = False
                self._ending.wait(backoff.next_delay(error))
        self._ready.set()
        if self._gone and not self._left:
            self._leave()

    def _leave(self) -> None:
        """Strike the worker off over a new connection, since the old one broke just then."""
        try:
            with connect(self._dsn, "conduit keeper", lock_timeout="2s") as connection:
                self._notices.delete_reported(connection, self.schema)
                run(connection, fleet.leave(self.worker, self.schema))
        except psycopg.Error as error:
            _log.warning("worker %s could not say that it leaves: %s", self.worker, error)

    def _keep(self, connection: psycopg.Connection[Any]) -> None:
        if self.schema is None:
            self.schema = run(connection, fleet.home())
        pooled = is_pooled(connection)
        detector = FailureDetector()
        held = False
        while not self._ending.is_set():
            if self._outdated:
                # Whoever changes something while this is under way has it done once more.
                self._outdated = False
                try:
                    self._register(connection, None if pooled else self._lock_key)
                except BaseException:
                    self._outdated = True
                    raise
            held = held or pooled or run(connection, fleet.lock(self._lock_key))
            beat = self._beat(connection)
            self._beaten = self._announced = True
            if beat.due is not None:
                self._on_schedule(beat.due)
            if all(state.name != self.worker for state in beat.states):
                held = False
                self._lose()
                continue
            others = [state for state in beat.states if state.name != self.worker]
            for dead in detector.look(others, time.monotonic()):
                with self._refusable(connection), checked_at_once(connection):
                    self._report(run(connection, fleet.rescue(dead, self.schema)), dead.name)
                # What somebody held just then is nobody's now: looked for with the next beat.
                self._next_look = min(self._next_look, time.monotonic() + BEAT / 2)
            if beat.is_awaited:
                with self._refusable(connection):
                    self._sweep.watch(connection, self.schema)
            with self._refusable(connection):
                self._notices.delete_reported(connection, self.schema)
            self._look_around(connection)
            self._flusher.step(connection, self.schema)
            self._ready.set()
            self._wakened.wait(min(BEAT, detector.patience))
            self._wakened.clear()
        self._flusher.finish(connection, self.schema)
        self._notices.delete_reported(connection, self.schema)
        if self._gone:
            run(connection, fleet.leave(self.worker, self.schema))
            self._left = True

    @contextmanager
    def _refusable(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """For what Postgres may refuse, for want of a lock say: beats and detector go on."""
        try:
            yield
        except psycopg.Error as error:
            if connection.closed:
                raise
            self._refusals.next_delay(error)

    def _beat(self, connection: psycopg.Connection[Any]) -> fleet.Beat:
        beat = run(connection, fleet.beat(self.worker, self._queues, self.schema))
        if beat.clock is not None:
            self._flusher.set_clock(beat.clock)
        if beat.controls is not None and beat.controls != self._controls:
            self._controls = beat.controls
            self._on_controls(beat.controls)
        return beat

    def _register(self, connection: psycopg.Connection[Any], lock_key: int | None) -> None:
        statement = fleet.register(
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
        _log.error("worker %s was taken for dead: its jobs are given up", self.worker)
        self._outdated = True
        self._rename()
        self._on_lost()

    def _look_around(self, connection: psycopg.Connection[Any]) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK
        with self._refusable(connection), checked_at_once(connection):
            self._report(run(connection, fleet.rescue_orphans(self.schema)), "an unknown worker")
        with self._refusable(connection):
            self._notices.take(connection, self.worker, self.schema)
        with self._refusable(connection):
            self._sweep.step(connection, self.schema)
        with self._refusable(connection):
            self._look_for_strangers(connection)
        ended = time.monotonic()
        self._next_look = max(self._next_look, ended + (ended - now) / _SHARE)

    def _look_for_strangers(self, connection: psycopg.Connection[Any]) -> None:
        strangers = run(connection, fleet.strangers(self._queues, self.schema))
        known = {type_ for type_, _ in self._lanes()}
        unknown = {lane for _, lane in strangers}
        # A deployment may start what enqueues before what works: another look, then it is tried.
        adopted = unknown if self._hurry else unknown & self._unknown
        self.adopted = sorted(lane for lane in adopted if lane[0] in known)
        self._unknown = unknown
        for queue, (type_, _) in strangers:
            if type_ not in known and type_ not in self._told:
                self._told.add(type_)
                _log.warning("no worker knows the type %s, which waits in %s", type_, queue)

    def _report(self, rescued: list[fleet.Rescued], worker: str) -> None:
        if rescued:
            failed = [job for job in rescued if job.status == "failed"]
            for job in rescued:
                if job.status == "running":
                    _log.error("job %s (%s): Postgres refuses to take it back", job.id, job.type)
            jobs = "1 job" if len(rescued) == 1 else f"{len(rescued)} jobs"
            _log.warning("rescued %s of %s, %d of them failed", jobs, worker, len(failed))
            if failed:
                self._on_rescued(failed)
