"""What a worker remembers between its claims: how far each went, and how deep it has to look."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from operator import itemgetter

from ...model.claimed import Claimed
from ...model.lanes import Lane
from ...postgres.statement import Statement
from ...statements.claims import BY_WORKERS, MOST, claim
from ...statements.scan_policy import Scan, ScanPolicy, seen

_MOST_BOUNDS = 1_000
_MOST_LOOKS = 300
"""The most lanes of exhausted priorities that a claim scans for nothing."""
_MANY_QUEUES = 10
"""The number of queues above which the empty ones are skipped between full scans."""


class ClaimMemory:
    """The memory of one worker between its claims.

    A bound is where the last claim of a priority ended; with it, a claim skips the dead entries of
    the index. `scan_policy` decides when a claim scans further back. If there are many queues,
    those that a claim found empty are skipped until the next scan of everything.
    """

    def __init__(self, scan_policy: ScanPolicy | None = None) -> None:
        self._bounds: dict[tuple[str, int], tuple[int, int]] = {}
        self._depth = 0.0
        self._asked = 0
        self._kinds = 0
        self._lanes = 1
        self._queues: Mapping[str, int] = {}
        self._empty: set[str] = set()
        self._scan = Scan.FULL
        self.scan_policy = scan_policy or ScanPolicy()

    @property
    def was_full(self) -> bool:
        """Whether the last claim scanned everything."""
        return self._scan is Scan.FULL

    @property
    def sees_everything(self) -> bool:
        """Whether the last claim scanned everything, and the next ones will."""
        return self.was_full and not self.scan_policy.is_full_scan_rare

    def next(
        self,
        worker: str,
        queues: Mapping[str, int],
        lanes: Sequence[Lane],
        limit: int,
        now: float,
        listens_on: int | None = None,
    ) -> Statement[list[Claimed]]:
        """Return the next claim, at the monotonic time `now` in seconds.

        A worker that is no longer registered claims nothing. `listens_on` is the generation of the
        connection over which it gets notices of jobs that became due long ago.
        """
        scan = self.scan_policy.choose(
            (worker, listens_on, *lanes), queues, listens_on is not None, now
        )
        kinds = self._kinds or len({type_ for type_, _ in lanes})
        self._asked = depth = min(limit, max(int(self._depth), _least_depth(limit, kinds)))
        if self._empty and scan is Scan.CURSOR:
            queues = {q: queues[q] for q in queues if q not in self._empty} or queues
        if (
            scan is Scan.CURSOR
            and self.scan_policy.is_full_scan_rare
            and not {queue for queue, _ in self._bounds} >= queues.keys()
        ):
            scan = Scan.NARROW
        self._queues, self._scan = queues, scan
        self._lanes = max(1, len(lanes))
        behind = self._bounds.items() if scan is Scan.CURSOR else ()
        return claim(
            BY_WORKERS,
            worker,
            queues,
            lanes,
            limit,
            depth=depth,
            bounds=[(*key, *at) for key, at in behind],
            ages=self.scan_policy.ages(scan, queues, now),
        )

    def learn(self, jobs: Sequence[Claimed], limit: int, started: float, now: float) -> None:
        """Note the result of a claim of `limit` jobs, sent at `started` and received at `now`."""
        is_short = len(jobs) < limit
        taken_whole: Sequence[str] = ()
        if is_short:
            taken_whole = seen(Counter(job.queue for job in jobs), self._queues, self._asked)
            # Below this depth there may be more.
            wanted = self._asked * limit / max(1, len(jobs))
            self._depth = min(MOST, max(1.5 * self._asked, min(wanted, 4.0 * self._asked)))
        else:
            self._depth *= 7 / 8
            kinds = len({job.type for job in jobs})
            if kinds > self._kinds:
                self._depth = 0.0
            self._kinds = kinds
        self.scan_policy.learn(self._scan, started, now, is_short, taken_whole)
        if self.was_full and (not is_short or len(self._bounds) > _MOST_BOUNDS):
            # A bound that this scan did not reach would hide jobs that have appeared behind the
            # bound since.
            self._bounds.clear()
        if len(self._queues) > _MANY_QUEUES:
            self._pass_over({job.queue for job in jobs}, is_short)
        if len(self._queues) == 1 and jobs and jobs[0].priority == jobs[-1].priority:
            jobs = jobs[-1:]  # in order, so all of them have this priority
        last = {(job.queue, job.priority): job for job in jobs}
        for key, job in last.items():
            at = (job.run_at, job.seq)
            self._bounds[key] = max(at, self._bounds.get(key, at))
        self._forget_exhausted(last)

    def _forget_exhausted(self, gave: Collection[tuple[str, int]]) -> None:
        """Forget the bounds of most priorities that a claim found exhausted.

        A priority is exhausted if it is above the least urgent job that its queue returned. A bound
        costs a scan of every lane. The most urgent priorities keep theirs; a full scan finds new
        jobs of the others.
        """
        most = max(1, _MOST_LOOKS // self._lanes)
        if len(self._bounds) <= most:
            return
        lowest: dict[str, int] = {}
        for queue, priority in gave:
            lowest[queue] = min(priority, lowest.get(queue, priority))
        exhausted = [key for key in self._bounds if key[1] > lowest.get(key[0], key[1])]
        exhausted.sort(key=itemgetter(1), reverse=True)
        for key in exhausted[most:]:
            del self._bounds[key]

    def _pass_over(self, gave: set[str], is_short: bool) -> None:
        """Note which of the queues that the claim reached are empty; it goes in their order."""
        if self._scan is not Scan.CURSOR:
            self._empty.clear()
        came_to = [*self._queues]
        if not is_short:
            came_to = came_to[: max(came_to.index(queue) for queue in gave)]
        self._empty.update(queue for queue in came_to if queue not in gave)


def _least_depth(limit: int, kinds: int) -> int:
    """How many heads of each lane nearly always suffice, for evenly spread jobs of so many types.

    Every scanned head is locked, so a larger depth costs time and WAL. With a smaller one, claims
    come back short.
    """
    share = limit / max(1, kinds)
    return limit if kinds <= 1 else math.ceil(share + 3 * math.sqrt(share)) + 1
