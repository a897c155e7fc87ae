"""Checks, once a second, what a worker holds."""

import asyncio
import time
from uuid import UUID

import psycopg

from ..model.attempts.interruptions import TakenAway
from ..model.attempts.outcome import released
from ..model.job import Job
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..statements.outcomes import Attempt
from .acknowledge.acknowledger import Acknowledger
from .interfaces import WorkerInterface
from .run.execution import HeldJob
from .run.runner import Runner

_log = get_logger("conduit.worker")

WATCH = 1.0
"""Seconds between checks that long jobs are still held."""
LONG = 0.5
"""Seconds after which a running job's start is written."""
AUDIT = 10.0
"""Seconds between comparisons of what the worker holds with what the database says."""
STUCK = 60.0
"""Seconds for which threads of stopped attempts may hold every slot."""


class Watch:
    """Writes the starts of long jobs, stops those that are lost, and releases orphaned claims.

    `is_stuck` is set once threads of stopped attempts have held every slot for `STUCK` seconds.
    """

    def __init__(self, worker: WorkerInterface, runner: Runner, acknowledger: Acknowledger) -> None:
        self._worker = worker
        self._runner = runner
        self._acknowledger = acknowledger
        self._backoff = Backoff(_log, "orphaned claims cannot be read")
        self._stuck_since: float | None = None
        self._orphans: set[tuple[UUID, UUID]] = set()
        self.is_stuck = asyncio.Event()

    async def run(self) -> None:
        """Check until cancelled."""
        next_audit = time.monotonic() + AUDIT
        while True:
            await asyncio.sleep(WATCH)
            now = time.monotonic()
            self._check_slots(now)
            long = [
                job
                for running in self._runner.running
                if running.age(now) >= LONG
                for job in running.held
            ]
            if long:
                await self._check(long, now)
            if now >= next_audit:
                next_audit = now + AUDIT
                await self._audit()

    def _check_slots(self, now: float) -> None:
        if not self._runner.is_stuck:
            self._stuck_since = None
            self.is_stuck.clear()
            return
        if self._stuck_since is None:
            self._stuck_since = now
        if now - self._stuck_since >= STUCK and not self.is_stuck.is_set():
            self.is_stuck.set()
            _log.error(
                "no job could start for %g s: plain functions hold all %d slots after their "
                "attempts were stopped",
                STUCK,
                self._runner.concurrency,
            )

    async def _check(self, long: list[HeldJob], now: float) -> None:
        """Write the starts of long jobs, and stop those that are no longer held."""
        held = await self._acknowledger.mark_started([Attempt(e.job, e.age(now)) for e in long])
        for execution in long:
            if execution.job.id not in held:
                if execution.stopped_by is None:
                    self._worker.recorder.counters(
                        execution.job.queue, execution.job.type
                    ).cancelled += 1
                execution.stop(TakenAway())

    async def _audit(self) -> None:
        """Release jobs of a claim whose result was lost with its connection."""
        try:
            held = await self._acknowledger.held_jobs(self._worker.name)
        except psycopg.Error as error:
            self._backoff.next_delay(error)
            return
        known = {(job.id, job.token) for job in self._runner.jobs()}
        orphans = held.difference(known, self._acknowledger.apart.held)
        # Seen once, it may have ended meanwhile, or its claim may still be under way.
        for id_, token in orphans & self._orphans:
            claimed = Job("", id=id_, token=token)  # what else it is does not matter
            self._acknowledger.add(Attempt(claimed, outcome=released))
        self._orphans = orphans
