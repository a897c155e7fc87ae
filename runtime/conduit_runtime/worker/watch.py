"""Checks, once a second, the jobs that run in a worker."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from ..model.attempts.interruptions import TakenAway
from ..model.errors import WorkerStuck
from ..model.text.logs import get_logger
from ..telemetry.attempt_counters import Recorder
from .interfaces import AttemptRunner, OutcomeSink
from .run.execution import HeldJob
from .run.lost import lost_among
from .timing import Timing

_log = get_logger("conduit.worker")


class Watch:
    """Writes the starts of long jobs, and stops the jobs that are lost.

    `then` is awaited after each check, with the monotonic time. `is_stuck` is set once threads of
    stopped attempts have held every slot for long.
    """

    def __init__(
        self,
        runner: AttemptRunner,
        sink: OutcomeSink,
        recorder: Recorder,
        timing: Timing,
        then: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._runner = runner
        self._sink = sink
        self._recorder = recorder
        self._timing = timing
        self._then = then
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

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await asyncio.sleep(self._timing.watch)
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
            if self._then is not None:
                await self._then(now)

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
        for execution in await lost_among(long, self._sink):
            if execution.stopped_by is None:
                job = execution.job
                self._recorder.counters(job.queue, job.type).cancelled += 1
            execution.stop(TakenAway())
