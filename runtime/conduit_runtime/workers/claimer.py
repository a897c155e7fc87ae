"""Claims jobs for a worker: as many as it can start, and a few more while it is fast."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence

import psycopg

from ..postgres.connection import Link
from ..postgres.trouble import Trouble
from .acknowledge import Acknowledger
from .claimed import Claimed
from .claims import BATCH, Claims, Lane, next_due
from .listener import POLL, Listener
from .runner import Runner

__all__ = ["Claimer"]

_log = logging.getLogger("conduit.worker")

PATIENCE = 0.25
"""Seconds that a claimed job may wait here for a place."""
WINDOW = 0.05
"""Seconds of work, at the present rate, that may wait in the worker."""


class Claimer:
    """One task that claims over one connection and hands the jobs to the runner."""

    def __init__(
        self,
        link: Link,
        schema: str | None,
        lanes: Callable[[], Sequence[Lane]],
        runner: Runner,
        acknowledger: Acknowledger,
        queues: Mapping[str, int | None],
        worker: Callable[[], str],
        drain: bool,
    ) -> None:
        self._link = link
        self._schema = schema
        self._lanes = lanes
        self._runner = runner
        self._acknowledger = acknowledger
        self._queues = dict(queues)
        self._worker = worker
        self._drain = drain
        self._claims = Claims()
        self._listener = Listener(link, schema)
        self._room = asyncio.Event()
        self._stopping = False
        self._prefetching = True
        self._found = 0
        self._trouble = Trouble(_log, "jobs cannot be claimed")
        self._finished = 0
        self._rate_since = time.monotonic()
        self._rate = 0.0
        self._taken = 0.0

    def on_room(self) -> None:
        """A job ended: there may be room for another."""
        self._room.set()
        if self._drain:
            self._listener.wake()

    def on_written(self, count: int) -> None:
        """Outcomes were written: nested jobs may be there, and the rate of work shows."""
        self._finished += count
        if self._drain:
            self._listener.wake()

    def on_postponed(self) -> None:
        """A job is to be run again later: it may be the next that is due."""
        self._listener.wake()

    def stop(self) -> None:
        """Claim no more."""
        self._stopping = True
        self._room.set()
        self._listener.wake()

    async def run(self) -> None:
        """Claim until stopped or, when draining, until nothing is left."""
        while not self._stopping:
            try:
                if await self._turn():
                    return
                self._trouble.over()
            except psycopg.Error as error:
                self._claims.forget()
                await asyncio.sleep(self._trouble.again_in(error))

    async def _turn(self) -> bool:
        """Claim once, or wait for a reason to; True when the queues are drained."""
        self._room.clear()
        limit = self._limit()
        sizes = self._sizes(limit)
        if not sizes:
            await self._listener.release_bell()
            await self._wait_for_room()
            return False
        # Asked before, since a job may end and give birth to others while the claim is under way.
        was_idle = self._runner.is_idle and self._acknowledger.is_idle
        jobs, is_full = await self._claim(sizes, limit)
        if jobs:
            self._found += 1
            if self._found == 2:
                await self._listener.release_bell()
        elif is_full:
            self._found = 0
            if self._runner.ready:
                await self._wait_for_room()
            elif self._drain:
                if was_idle:
                    return True
                await self._listener.wait()
            elif not await self._listener.take_bell(list(self._queues)):
                await self._wait_for_jobs()
        return False

    async def _wait_for_jobs(self) -> None:
        """Return when a claim may find something; the poll is but a glance at the index."""
        while True:
            due = await self._link.run(next_due(list(self._queues), self._lanes(), self._schema))
            if due is not None and due <= 0:
                # It came just now, or somebody's transaction holds it.
                await self._listener.wait(PATIENCE)
                return
            soon = due is not None and due <= POLL
            if await self._listener.wait(due if due is not None and soon else POLL) or soon:
                return

    async def _wait_for_room(self) -> None:
        """Wait until a job ended; jobs that wait here for too long go back, for others to take."""
        if not self._runner.ready:
            await self._room.wait()
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._room.wait(), PATIENCE)
        if time.monotonic() - self._taken >= PATIENCE:
            self._runner.hand_back()
            self._rate = 0.0

    async def _claim(self, sizes: Mapping[str, int], limit: int) -> tuple[list[Claimed], bool]:
        started = time.monotonic()
        claim = self._claims.next(
            self._worker(), sizes, self._lanes(), limit, started, self._schema
        )
        jobs = await self._link.run(claim)
        self._claims.learn(jobs, limit, started, time.monotonic())
        self._taken = time.monotonic()
        self._runner.take(jobs)
        if self._stopping:
            self._runner.hand_back()
        # A rescued job may have killed its worker: it never waits here beside others.
        rescued = any(job.rescues for job in jobs)
        self._prefetching = not (rescued and self._runner.hand_back_rescued())
        return jobs, self._claims.was_full

    def _limit(self) -> int:
        """How many jobs to claim now; none while enough of them wait."""
        prefetch = self._prefetch() if self._prefetching else 0
        wanted = self._runner.free + prefetch
        # Few large claims cost less than many small ones.
        return 0 if wanted < min(BATCH, prefetch) // 2 else min(BATCH, wanted)

    def _prefetch(self) -> int:
        """How many jobs end in the window at the present rate."""
        now = time.monotonic()
        span = now - self._rate_since
        if span >= WINDOW:
            self._rate = self._finished / span
            self._rate_since, self._finished = now, 0
        return min(3 * BATCH, int(self._rate * WINDOW))

    def _sizes(self, limit: int) -> dict[str, int]:
        """How many jobs to take from each queue at most; another queue is first each time."""
        if limit <= 0:
            return {}
        sizes = {}
        for queue, cap in self._queues.items():
            room = limit if cap is None else min(limit, cap - self._runner.by_queue[queue])
            if room > 0:
                sizes[queue] = room
        first = next(iter(self._queues))
        self._queues[first] = self._queues.pop(first)
        return sizes
