"""Checks of the jobs that a worker has: are they still held, and are they those that it knows?"""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

import psycopg

from ..model.attempts.interruptions import TakenAway
from ..model.attempts.outcome import released
from ..model.claimed import Claimed
from ..model.errors import WorkerStuck
from ..model.job import Job
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..statements.outcomes import Attempt
from ..telemetry.attempt_counters import Recorder
from .acknowledge.acknowledger import Acknowledger
from .interfaces import AttemptRunner, OutcomeSink
from .run.execution import HeldJob
from .timing import Timing
from .worker_base import WorkerBase

_log = get_logger("conduit.worker")


class Watcher:
    """Writes the starts of long jobs, and stops the jobs that are lost.

    `is_stuck` is set once threads of stopped attempts have held every slot for long.
    """

    def __init__(
        self,
        runner: AttemptRunner,
        sink: OutcomeSink,
        recorder: Recorder,
        timing: Timing,
    ) -> None:
        self._runner = runner
        self._sink = sink
        self._recorder = recorder
        self._timing = timing
        self._stuck_since: float | None = None
        self.is_stuck = asyncio.Event()

    async def until_end(
        self, tasks: Iterable["asyncio.Task[None]"], stopping: asyncio.Event
    ) -> bool:
        """Wait until one of the tasks ends; returns False when `stopping` is set.

        Raises what the task raised, and WorkerStuck when no job can start any more.
        """
        stops = asyncio.create_task(stopping.wait())
        sticks = asyncio.create_task(self.is_stuck.wait())
        try:
            done, _ = await asyncio.wait(
                {*tasks, stops, sticks}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            stops.cancel()
            sticks.cancel()
        for task in done.difference((stops, sticks)):
            task.result()
        if sticks in done:
            raise WorkerStuck("threads of stopped attempts hold every slot")
        return stops not in done

    async def step(self) -> None:
        """Check once."""
        now = time.monotonic()
        self._check_slots(now)
        long = [
            job
            for running in self._runner.running
            if running.age(now) >= self._timing.long
            for job in running.held
        ]
        if long:
            await self._check(long)

    def _check_slots(self, now: float) -> None:
        if not self._runner.is_stuck:
            self._stuck_since = None
            self.is_stuck.clear()
            return
        if self._stuck_since is None:
            self._stuck_since = now
        if now - self._stuck_since >= self._timing.stuck and not self.is_stuck.is_set():
            self.is_stuck.set()
            _log.error(
                "no job could start for %g s: plain functions hold all %d slots after their "
                "attempts were stopped",
                self._timing.stuck,
                self._runner.concurrency,
            )

    async def _check(self, long: list[HeldJob]) -> None:
        """Write the starts of long jobs, and stop those that are no longer held."""
        for execution in await self._sink.lost_among(long):
            self._lose(execution)

    def lose(self, job: Claimed) -> None:
        for running in [*self._runner.running]:
            for execution in running.held:
                if execution.job is job:
                    self._lose(execution)

    def _lose(self, execution: HeldJob) -> None:
        if execution.is_over:
            return
        if execution.stopped_by is None:
            job = execution.job
            self._recorder.counters(job.queue, job.type).cancelled += 1
        execution.stop(TakenAway())


_MARGIN = 20.0
"""Seconds between a claim and its commit, at most: an audit may not have seen it yet."""


class Auditor:
    """Releases jobs of a claim whose result was lost with its connection.

    While another transaction holds a snapshot, a look at all claims reads the dead index entries of
    all jobs that ran since. So most audits look at the claims since the last audit but one: two in
    a row have to see an orphan. For the same reason, two audits in a row look at all claims.
    """

    def __init__(
        self, worker: WorkerBase, runner: AttemptRunner, acknowledger: Acknowledger
    ) -> None:
        self._worker = worker
        self._runner = runner
        self._acknowledger = acknowledger
        self._backoff = Backoff(_log, "orphaned claims cannot be read")
        self._orphans: set[tuple[UUID, UUID]] = set()
        now = time.monotonic()
        self._last_two = (now, now)
        self._all_at = now + worker.timing.audit_all
        self._saw_all = False

    async def step(self) -> None:
        """Compare the jobs that the worker holds with those that the database says it holds."""
        now = time.monotonic()
        before, last = self._last_two
        is_of_all = now >= self._all_at
        age = None if is_of_all else now - before + _MARGIN
        try:
            held = await self._acknowledger.held_jobs(self._worker.name, age)
        except psycopg.Error as error:
            self._backoff.next_delay(error)
            return
        self._last_two = (last, now)
        if self._saw_all:
            self._all_at = now + self._worker.timing.audit_all
        self._saw_all = is_of_all and not self._saw_all
        known = {(job.id, job.token) for job in self._runner.jobs()}
        orphans = held.difference(known, self._acknowledger.apart.held)
        # A job seen once may have ended just now, or its claim may still be under way.
        for id_, token in orphans & self._orphans:
            claimed = Job("", id=id_, token=token)  # its other fields do not matter
            self._acknowledger.add(Attempt(claimed, outcome=released))
        self._orphans = orphans
