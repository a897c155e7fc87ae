"""Claims jobs for a worker: as many as it can start, and a few more while it is fast."""

import asyncio
import math
import random
import time
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter

import psycopg

from ...model.attempts.outcome import released
from ...model.claimed import Claimed
from ...model.queues.controls import Controls
from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.connection import ReconnectingConnection
from ...postgres.steps import run_steps_async
from ...statements.claims import next_due
from ...statements.idle_lock import LATE, RELEASED, ROOM
from ...statements.limits.keys import awaits_room
from ...statements.many.expiry import Expired, KeptJobs, expire
from ...statements.outcomes import Attempt, Corrected, renew
from ..acknowledge.acknowledger import Acknowledger
from ..interfaces import AttemptRunner
from ..worker_base import WorkerBase
from .claim_sizes import ClaimSizes
from .fetcher import Fetcher
from .limiter import Limiter
from .listener import Listener
from .refused_claims import RefusedClaims

_log = get_logger("conduit.worker")

VAIN, VAIN_AT_ONCE = 0.02, 20
"""Seconds between claims that find no announced job, and how many of them may come at once."""

BREATH = 0.001
"""Seconds that the jobs of an idle worker run undisturbed before it claims again."""

_rescues_of = attrgetter("rescues")


class Claimer:
    """One task that claims over one connection and hands the jobs to the runner."""

    def __init__(
        self,
        worker: WorkerBase,
        runner: AttemptRunner,
        acknowledger: Acknowledger,
        connection: ReconnectingConnection,
    ) -> None:
        self._worker = worker
        self._connection = connection
        self._runner = runner
        self._acknowledger = acknowledger
        self._drain = worker.is_draining
        self._timing = worker.timing
        self._queues = worker.queues
        self._sizes = ClaimSizes(worker, runner)
        self._limiter = Limiter(worker.timing)
        self._listener = Listener(connection, worker.timing.commits)
        self._refused = RefusedClaims(worker.timing.retries)
        self._fetcher = Fetcher(
            worker, connection, self._sizes, self._limiter, self._listener, self._refused
        )
        self._capacity = asyncio.Event()
        self._stopping = False
        self._found = 0
        self._has_full_queue = False
        self._backoff = Backoff(_log, "jobs cannot be claimed")
        self._taken = 0.0
        self._changed = -math.inf
        self._was_announced = self._looks_back = False
        self._paced_until = 0.0
        self._kept = KeptJobs()

    def on_capacity(self) -> None:
        """A job ended: there may be capacity for another, perhaps in a queue that had none."""
        self._capacity.set()
        if self._drain or self._has_full_queue:
            self._listener.wake()

    def on_idle(self) -> None:
        """The acknowledger has nothing left to write: the queues may be drained."""
        if self._drain:
            self._listener.wake()

    def on_written(self, attempts: Sequence[Attempt], held: Sequence[Attempt]) -> None:
        """Note that these attempts ended; the outcomes of those still `held` are written.

        A claim may find something now: a child job, a retried job, a job of a queue that was full.
        """
        self._sizes.on_written(attempts)
        left_full_queue = self._limiter.on_ended(attempts, held)
        has_freed = self._refused.on_ended(attempts)
        if self._drain or left_full_queue or has_freed or attempts[0].outcome is not None:
            self._listener.wake()

    def on_corrected(self, job: Corrected) -> None:
        """Claim again if this running job counts for less than it did."""
        if self._limiter.on_corrected(job):
            self._listener.wake()

    def on_refused(self, queues: Collection[str]) -> None:
        self._refused.queues = {*queues}

    def apply(self, controls: Controls) -> None:
        """Apply what operators paused, resumed or limited."""
        self._limiter.apply(controls)
        self._runner.release()
        self._capacity.set()
        self._listener.wake()

    def on_lanes(self) -> None:
        """Claim again: the worker has other lanes."""
        self._fetcher.scan_everything()
        self._capacity.set()
        self._listener.wake()

    def on_changed(self) -> bool:
        """Release what has not begun: a queue was paused or limited, or a held job was cancelled.

        Does nothing and returns False within `fresh` of the last such notice: any role can send
        notices, and jobs have to start in between. A job that was claimed before the notice does
        not start later than `fresh` after its claim anyway.
        """
        now = time.monotonic()
        if now - self._changed < self._timing.fresh:
            return False
        self._changed = now
        self._runner.release()
        self._capacity.set()
        return True

    def on_announced(self, payload: str) -> None:
        """Claim soon: a notification says that a job was committed. Every role can send one.

        A job that has been due for long may be further back than claims scan. When another worker
        has released an idle lock, this one may take it. Every idle worker hears of a new job, and
        the one with the idle lock starts it, unless it does not handle it or has no slot for it.
        """
        self._was_announced = True
        if payload == LATE:
            self._fetcher.invalidate()
        elif payload == ROOM:
            self._limiter.on_room()
        elif payload == RELEASED:
            self._listener.on_released()
        elif not self._listener.holds_idle_lock:
            # One after another on average, however many they are.
            turn = random.uniform(1.0, max(1.0, self._worker.others))  # noqa: S311
            self._listener.wake_in(min(turn * self._timing.head_start, self._timing.poll / 2))
            return
        self._listener.wake()

    def stop(self) -> None:
        """Claim no more."""
        self._stopping = True
        self._capacity.set()
        self._listener.wake()

    async def run(self) -> None:
        """Claim until stopped or, when draining, until nothing is left."""
        while not self._stopping:
            try:
                if await self._turn():
                    return
                self._backoff.reset()
            except psycopg.Error as error:
                self._fetcher.scan_everything()
                await asyncio.sleep(self._backoff.next_delay(error))

    async def _turn(self) -> bool:
        """Claim once, or wait for a reason to claim; True when the queues are drained."""
        looks_back, self._looks_back = self._looks_back, False
        self._capacity.clear()
        await self._listener.listen()
        limit = self._sizes.limit()
        sizes = self._sizes.of_queues(limit)
        self._has_full_queue = len(sizes) < len(self._queues)
        if not sizes:
            await self._listener.release_idle_lock()
            await self._wait_for_capacity()
            return False
        # Read before the claim: during the claim, a job may end and enqueue child jobs.
        was_idle = self._runner.is_idle and self._acknowledger.is_idle
        was_announced, self._was_announced = self._was_announced, False
        jobs, is_full = await self._claim(sizes, limit, looks_back=looks_back)
        if was_announced and not jobs:
            await self._pace()
        if jobs:
            self._found += 1
            if self._found == 2:
                await self._listener.release_idle_lock()
            if was_idle and len(jobs) < limit:
                # Most likely these are all. The next claim would slow their first step.
                await asyncio.sleep(BREATH)
        elif is_full or self._fetcher.scans_in() > 0:
            self._found = 0
            if self._runner.ready:
                await self._wait_for_capacity()
            elif self._drain:
                if not is_full:
                    self._fetcher.scan_everything()
                elif was_idle and not await self._is_held_back() and not await self._expire():
                    return True
                else:
                    await self._listener.wait(min(self._timing.poll, self._pause()))
            elif not await self._listener.take_idle_lock(self._limiter.claimable(self._queues)):
                if is_full and self._fetcher.sees_everything:
                    await self._wait_for_jobs()
                else:
                    # New jobs notify; the next full scan finds jobs behind a bound.
                    scans_in, pause = self._fetcher.scans_in(), self._pause()
                    is_woken = await self._listener.wait(min(scans_in, pause))
                    self._looks_back = not is_woken and scans_in < pause
            else:
                self._limiter.on_room()  # it did not hear of that before
        else:
            self._looks_back = not (self._drain or self._fetcher.sees_everything)
        return False

    def _pause(self) -> float:
        """Seconds until limits let a queue or type go on, or refused jobs are tried again."""
        return min(self._limiter.pause(), self._refused.pause())

    async def _pace(self) -> None:
        """Wait if many claims in a row found no announced job."""
        now = time.monotonic()
        self._paced_until = max(self._paced_until, now) + VAIN
        await asyncio.sleep(max(0.0, self._paced_until - now - VAIN * VAIN_AT_ONCE))

    async def _wait_for_jobs(self) -> None:
        """Return when a claim may find something; a poll reads only the head of the index.

        If a worker that held an idle lock has died, another one takes it at its next poll.
        """
        poll = self._timing.poll
        while True:
            lanes, of_limits = self._limiter.split_lanes(self._worker.lanes())
            claimable = self._limiter.claimable_now(self._queues)
            queues = [queue for queue in claimable if self._runner.room_in(queue) > 0]
            due, is_taken = await self._listener.poll(queues, [*lanes, *of_limits])
            if is_taken:
                return
            if due is not None and due <= 0:
                # The job came just now, or another transaction holds it.
                await self._listener.wait(self._timing.locked)
                return
            pause = min(self._pause(), poll if due is None else due)
            if await self._listener.wait(min(pause, poll)) or pause < poll:
                return

    async def _is_held_back(self) -> bool:
        """Whether limits alone keep jobs from being claimed now."""
        if not self._limiter.controls.has_limits:
            return False
        queues = [queue for queue in self._queues if queue not in self._limiter.controls.paused]
        lanes = self._worker.lanes()
        due = await self._connection.run(next_due(queues, lanes))
        if due is not None and due <= 0:
            return True
        return await self._connection.run(awaits_room(queues, {type_ for type_, _ in lanes}))

    async def _expire(self) -> bool:
        """Cancel the jobs that have expired; returns whether there were any."""
        expired: Expired = Counter()
        await run_steps_async(expire(expired, self._kept), self._connection.run)
        self._worker.count_expired(expired)
        return bool(expired)

    async def _wait_for_capacity(self) -> None:
        """Wait until a job ends; release jobs that wait here for too long."""
        if not self._runner.ready:
            await self._capacity.wait()
            return
        await self._listener.wait(self._timing.patience, self._capacity)
        if time.monotonic() - self._taken >= self._timing.patience:
            self._runner.release_ready()
            self._sizes.forget_rate()

    async def _claim(
        self, sizes: Mapping[str, int], limit: int, *, looks_back: bool
    ) -> tuple[list[Claimed], bool]:
        """Claim jobs and start them; returns them and whether the claim scanned everything.

        With `looks_back`, only claims that scan further back now: nothing came since the others.
        """
        fresh, started = self._timing.fresh, time.monotonic()
        worker = self._worker.name
        jobs: list[Claimed] = []
        try:
            claimable = self._limiter.claimable_now(sizes)
            is_full = await self._fetcher.fetch(jobs, claimable, limit, looks_back=looks_back)
        except BaseException:
            self._runner.take(jobs, started)  # jobs of the claim before the failed one
            raise
        while jobs and (time.monotonic() > started + fresh or self._worker.name != worker):
            started, worker = time.monotonic(), self._worker.name
            jobs = await self._renewed(jobs, worker)
        self._taken = time.monotonic()
        self._runner.take(jobs, started)
        if self._stopping or self._changed > started:
            self._runner.release()
        # A rescued job may have killed its worker, so it does not wait here beside others.
        rescued = any(map(_rescues_of, jobs))
        self._sizes.on_claimed(
            jobs,
            self._taken - started,
            met_rescued=rescued,
            released_rescued=rescued and self._runner.release_rescued(),
        )
        if len(jobs) < limit:
            # No more jobs are due: let these start before the next claim delays them.
            await asyncio.sleep(0)
        return jobs, is_full

    async def _renewed(self, jobs: Sequence[Claimed], worker: str) -> list[Claimed]:
        """Renew claims that took long; returns the jobs that are still held."""
        token = uuid.uuid4()
        held = await self._connection.run(renew(jobs, token, worker))
        renewed = []
        for job in jobs:
            if (job.id, job.token) in held:
                job.token = token
                if job.expires is not None:
                    job.expires = 0.0  # the claim that it counts from is long ago
                renewed.append(job)
            else:
                self._acknowledger.add(Attempt(job, outcome=released))
        return renewed
