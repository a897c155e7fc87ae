"""How many jobs a claim takes: as many as can start, and those that start soon."""

import time
from collections.abc import Iterable, Sequence

from ...model.claimed import Claimed
from ...statements.claims import BATCH, most_of_a_claim
from ...statements.outcomes import Attempt
from ..interfaces import AttemptRunner
from ..worker_base import WorkerBase

WINDOW = 0.05
"""Seconds of work, at the present rate, that may wait in the worker; more if a claim takes long."""


class ClaimSizes:
    """The sizes of the next claim, by the jobs that the runner holds and how fast they end."""

    def __init__(self, worker: WorkerBase, runner: AttemptRunner) -> None:
        self._worker = worker
        self._runner = runner
        self._queues = dict(worker.queues)
        self._prefetching = True
        self._met_rescued = False
        self._finished = 0
        self._rate_since = time.monotonic()
        self._rate = 0.0
        self._took = 0.0

    def on_written(self, attempts: Sequence[Attempt]) -> None:
        """Count ended attempts for the rate of work."""
        self._finished += len(attempts)
        if batched := self._worker.registry.batched:  # the room in batches bounds their claims
            self._finished -= sum(attempt.job.type in batched for attempt in attempts)

    def on_claimed(
        self, jobs: Sequence[Claimed], took: float, *, met_rescued: bool, released_rescued: bool
    ) -> None:
        """Note a claim: its seconds, whether rescued jobs came, and whether some found no slot.

        Of the queues that it took `jobs` from, the first goes last.
        """
        if len(self._queues) > 1:
            taken_from = {job.queue for job in jobs}
            if first := next((queue for queue in self._queues if queue in taken_from), None):
                self._queues[first] = self._queues.pop(first)
        self._took = took
        self._met_rescued = met_rescued
        self._prefetching = not released_rescued

    def forget_rate(self) -> None:
        """Prefetch no jobs until the rate is known again: some waited for too long."""
        self._rate = 0.0

    def limit(self) -> int:
        """How many jobs to claim now; none while enough of them wait."""
        prefetch = self._prefetch() if self._prefetching else 0
        wanted = self._runner.free + prefetch
        most = most_of_a_claim(len(self._worker.lanes()), len(self._queues))
        # Few large claims cost less than many small ones.
        return 0 if wanted < min(most, prefetch) // 2 else min(most, wanted)

    def _prefetch(self) -> int:
        """How many jobs end in the window at the present rate.

        The next claim has to begin and end before those of the last one have run.
        """
        now = time.monotonic()
        elapsed = now - self._rate_since
        if elapsed >= WINDOW:
            self._rate = self._finished / elapsed
            self._rate_since, self._finished = now, 0
        return min(3 * BATCH, int(self._rate * max(WINDOW, 2 * self._took)))

    def of_queues(self, limit: int) -> dict[str, int]:
        """How many jobs to take from each queue at most, in the order of their turns."""
        if limit <= 0:
            return {}
        sizes = {}
        for queue in self._queues:
            capacity = min(limit, self._runner.room_in(queue))
            if capacity > 0:
                sizes[queue] = capacity
        return sizes

    def of_limited(self, limit: int) -> int:
        """How many jobs with limits to claim: one for each free slot; if all are busy, for each."""
        free = self._runner.free
        return min(limit, free if free > 0 else self._runner.concurrency)

    def of_batches(self, queues: Iterable[str], taken: Sequence[Claimed]) -> dict[str, int]:
        """How many jobs of batch handlers to take from each queue at most, beside the `taken`.

        If the last claim had rescued jobs, which run alone, at most one for each free slot.
        """
        room = self._runner.free - len(taken) if self._met_rescued else BATCH
        room = min(room, self._runner.room_in_batches)
        sizes = {}
        for queue in queues:
            room_in_queue = self._runner.room_in(queue, of_batches=True)
            if (size := min(room, room_in_queue - sum(job.queue == queue for job in taken))) > 0:
                sizes[queue] = size
        return sizes
