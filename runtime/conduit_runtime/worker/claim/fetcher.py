"""The claims that fetch due jobs for a worker, and how far back they scan."""

import time
from collections.abc import Mapping, Sequence

import psycopg

from ...model.claimed import Claimed
from ...model.lanes import Lane
from ...postgres.connection import ReconnectingConnection
from ...postgres.refusals import may_concern_a_row
from ...postgres.statement import Statement
from ...postgres.steps import run_steps_async
from ...statements.refused_claims import claim_apart, retry_refused, skipping
from ...statements.scan_policy import ScanPolicy
from ..worker_base import WorkerBase
from .claim_memory import ClaimMemory
from .claim_sizes import ClaimSizes
from .limiter import Limiter
from .listener import Listener
from .refused_claims import RETRIED, RefusedClaims


class Fetcher:
    """Fetches jobs by one claim or several: with limits, without, and of batch handlers.

    It prefetches few jobs with limits: each takes a slot from other workers. It claims types with a
    limit only in a full scan or after one of their jobs ended here, so that other claims need not
    count. A claim that Postgres refuses is made again around the rows that it refuses.
    """

    def __init__(
        self,
        worker: WorkerBase,
        connection: ReconnectingConnection,
        sizes: ClaimSizes,
        limiter: Limiter,
        listener: Listener,
        refused: RefusedClaims,
    ) -> None:
        self._worker = worker
        self._connection = connection
        self._sizes = sizes
        self._limiter = limiter
        self._listener = listener
        timing = worker.timing
        self._claims, self._batch_claims = (
            ClaimMemory(ScanPolicy(timing.costly, timing.share_of_rare)) for _ in range(2)
        )
        self._in_use = [self._claims]
        self._refused = refused
        self._is_cut = False

    @property
    def sees_everything(self) -> bool:
        """Whether the last claims scanned everything, and the next ones will."""
        return all(each.sees_everything for each in self._in_use)

    def scans_in(self) -> float:
        """Seconds until a claim scans further back than the last; 0 if that saw everything."""
        incomplete = (each for each in self._in_use if not each.sees_everything)
        return min(map(_scans_in, incomplete), default=0.0)

    def scan_everything(self) -> None:
        """Scan everything with the next claims."""
        for claims in self._in_use:
            claims.scan_policy.forget()

    def invalidate(self) -> None:
        """Note a notice that a job is due further back than the last claims scanned."""
        for claims in self._in_use:
            claims.scan_policy.invalidate()

    async def fetch(
        self, jobs: list[Claimed], queues: Mapping[str, int], limit: int, *, looks_back: bool
    ) -> bool:
        """Claim at most `limit` jobs, and at most `queues[queue]` of each queue.

        Adds them to `jobs`, even if a later claim fails; returns whether it scanned everything.
        With `looks_back`, leaves out a claim that need not scan further back now.
        """
        started = time.monotonic()
        await self._retry_refused()
        self._is_cut = False
        free, limited = self._limiter.split_queues(queues)
        lanes, of_limits = self._limiter.split_lanes(self._worker.lanes())
        is_due = self._limiter.has_more or self._claims.scan_policy.is_full_due(started)
        counted = queues if of_limits and is_due else limited
        is_first = next(iter(queues), None) in counted
        if is_first:
            jobs += await self._claim_counting(counted, [*lanes, *of_limits], limit, jobs)
        left = limit - len(jobs)
        is_full = left > 0
        if batched := self._worker.registry.batched:
            batch_lanes = [lane for lane in lanes if lane[0] in batched]
            lanes = [lane for lane in lanes if lane[0] not in batched]
            self._in_use = [self._batch_claims] if batch_lanes and not lanes else [self._claims]
        if free and left > 0 and (lanes or not batched):
            if not looks_back or _scans_in(self._claims) <= 0:
                jobs += await self._claim(self._claims, free, lanes, left)
            is_full = self._claims.was_full
        if not is_first:
            jobs += await self._claim_counting(counted, [*lanes, *of_limits], limit, jobs)
        if batched and batch_lanes and (fills := self._sizes.of_batches(free, jobs)):
            self._in_use = [*{*self._in_use, self._batch_claims}]
            if not looks_back or _scans_in(self._batch_claims) <= 0:
                room = max(fills.values())
                jobs += await self._claim(self._batch_claims, fills, batch_lanes, room)
            is_full = is_full and self._batch_claims.was_full
        return is_full and not self._is_cut

    async def _retry_refused(self) -> None:
        if not (queues := self._refused.take_freed()):
            return
        try:
            self._refused.retried = await self._connection.run(retry_refused(queues, RETRIED))
        except psycopg.Error as error:
            if not may_concern_a_row(error):
                raise

    async def _claim(
        self, claims: ClaimMemory, queues: Mapping[str, int], lanes: Sequence[Lane], limit: int
    ) -> list[Claimed]:
        started = time.monotonic()
        has_limits = self._limiter.controls.has_limits
        listens_on = None if has_limits else self._listener.hears(queues)
        claim = claims.next(self._worker.name, queues, lanes, limit, started, listens_on)
        claimed = await self._run(skipping(claim, self._refused.skipped()), claims)
        claims.learn(claimed, limit, started, time.monotonic())
        return claimed

    async def _run(self, claim: Statement[list[Claimed]], kind: object) -> list[Claimed]:
        try:
            jobs = await self._connection.run(claim)
            if jobs or not self._refused.looks_closer(kind):
                return jobs
        except psycopg.Error as error:
            if not may_concern_a_row(error):
                raise
        apart = await run_steps_async(claim_apart(claim, alone=True), self._connection.run)
        self._refused.note(apart.refused)
        return apart.jobs

    async def _claim_counting(
        self, queues: Mapping[str, int], lanes: Sequence[Lane], limit: int, taken: Sequence[Claimed]
    ) -> list[Claimed]:
        capacity, most = self._sizes.of_limited(limit) - len(taken), limit - len(taken)
        if not queues or capacity <= 0:
            return []
        jobs = await self._limiter.claim(
            self._connection, self._worker.name, queues, lanes, capacity, most, self._refused
        )
        self._is_cut = self._limiter.has_more
        return jobs


def _scans_in(claims: ClaimMemory) -> float:
    """Seconds until a claim with this memory scans further back; 0 if the last saw everything."""
    return 0.0 if claims.sees_everything else claims.scan_policy.due_in(time.monotonic())
