"""How far back a claim scans, so that dead index entries cost little."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import Any

_CHEAP = 0.01
"""Seconds that a scan may take to be repeated whenever a claim comes back short."""
_COSTLY = 0.005
"""Seconds from which on, three times in a row, full scans are rare."""
_SHORTEST, _LONGEST = 0.05, 1.0
_SHARE = 0.04
_RECENT = 10.0
"""Seconds that a recent scan goes back before the scan that found everything."""
_SHARE_OF_RARE, _RAREST = 0.005, 60.0
_IDLE = 0.25
"""Seconds until a recent scan that found nothing is repeated."""


class Scan(Enum):
    """What a claim scans."""

    CURSOR = "what lies behind the last claim of its priority"
    RECENT = "what became due recently"
    FULL = "everything"


class ScanPolicy:
    """How far back the claims of a worker scan. Times are monotonic seconds.

    Claimed rows leave dead entries at the head of the index until they are vacuumed. Most claims
    skip them; a full scan, which finds what appeared behind the last claim, follows at most every
    50 ms and at least every second, depending on its cost. While it costs little, it follows
    whenever a claim comes back short, too.

    While another transaction holds a snapshot, vacuum removes nothing and full scans cost more
    and more. Then recent scans replace them, and full scans become rare
    (`is_full_scan_rare`). A statement that makes a job due further back sends a notification to the
    workers that listen (`hears_notices`).
    """

    def __init__(self) -> None:
        self._full_at = self._rare_at = self._recent_at = 0.0
        self._costs: deque[float] = deque([0.0], maxlen=3)
        self._recent_cost = 0.0
        self._all_seen: dict[str, float] = {}
        self._scope: tuple[Any, ...] = ()
        self._hears_notices = self.is_full_scan_rare = self._is_outdated = False

    def choose(
        self, scope: tuple[Any, ...], queues: Collection[str], hears_notices: bool, now: float
    ) -> Scan:
        """What a claim from these queues scans.

        What is known of the past holds for one `scope`: a worker, its connection and its lanes.
        """
        self._is_outdated = False
        if scope != self._scope:
            self._scope = scope
            self._all_seen.clear()
        self._hears_notices = hears_notices
        self.is_full_scan_rare = (
            hears_notices and min(self._costs) >= _COSTLY and self._all_seen.keys() >= set(queues)
        )
        if self.is_full_due(now):
            return Scan.FULL
        return Scan.RECENT if self.is_full_scan_rare and now >= self._recent_at else Scan.CURSOR

    def ages(self, queues: Iterable[str], now: float) -> list[float]:
        """How many seconds a recent scan goes back in each of the queues."""
        return [now - self._all_seen[queue] + _RECENT for queue in queues]

    def is_full_due(self, now: float) -> bool:
        """Whether a claim scans everything."""
        return now >= (self._rare_at if self.is_full_scan_rare else self._full_at)

    def due_in(self, now: float) -> float:
        """In how many seconds a claim scans further back than behind the last one."""
        due = min(self._rare_at, self._recent_at) if self.is_full_scan_rare else self._full_at
        return max(0.0, due - now)

    def learn(
        self, scan: Scan, started: float, now: float, gave: int, is_short: bool, seen: Iterable[str]
    ) -> None:
        """Take note of a scan: sent at `started`, received at `now`, with so many jobs.

        In the queues that it has `seen` whole, nothing is left that was due when it started.
        """
        cost = now - started
        if scan is Scan.FULL:
            self._costs.append(cost)
            self._full_at = now + _pause(cost)
            self._rare_at = now + min(min(self._costs) / _SHARE_OF_RARE, _RAREST)
        elif scan is Scan.RECENT:
            self._recent_cost = cost
        if scan is not Scan.CURSOR:
            self._recent_at = now + max(_pause(self._recent_cost), 0.0 if gave else _IDLE)
            if self._hears_notices and not self._is_outdated:
                self._all_seen.update(dict.fromkeys(seen, started))
        if not is_short:
            return
        # Further back there may be more.
        if self._costs[-1] < _CHEAP:
            self._full_at = now
        if self._recent_cost < _CHEAP and (gave or scan is Scan.CURSOR):
            self._recent_at = now

    def forget(self) -> None:
        """Scan everything with the next claim."""
        self._full_at = self._rare_at = 0.0
        self.invalidate()

    def invalidate(self) -> None:
        """A notice says: something is due further back than recent scans, or one under way, saw."""
        self._all_seen.clear()
        self.is_full_scan_rare = False
        self._is_outdated = True


def _pause(cost: float) -> float:
    return min(max(cost / _SHARE, _SHORTEST), _LONGEST)


def seen(taken: Mapping[str, int], sizes: Mapping[str, int], depth: int) -> list[str]:
    """The queues of which a claim that came back short has taken all that it may see.

    A lane that gave `depth` jobs may hide more, and so may a queue that gave as many as asked for.
    """
    if any(taken[queue] >= min(size, depth) for queue, size in sizes.items()):
        return []
    return [*sizes]
