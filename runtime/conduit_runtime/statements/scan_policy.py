"""How far back a claim scans, so that dead index entries cost little."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import Any

_CHEAP = 0.001
"""The most seconds above a cursor scan of a full scan that follows each short claim."""
COSTLY = 0.005
"""The seconds above a cursor scan that make full scans rare, if three in a row take that long."""
_SHORTEST, _LONGEST = 0.05, 1.0
"""The seconds between scans of everything or, when they are rare, of what is recent."""
_SHARE = 0.04
_NARROW, _SHARE_OF_NARROW = 0.25, 0.25
"""The seconds that a narrow scan goes back, and the most of the time that narrow scans take."""
_RECENT = 10.0
"""The seconds that a recent scan goes back before the last scan that saw everything."""
SHARE_OF_RARE, _RAREST = 0.005, 60.0


class Scan(Enum):
    """The part of the index that a claim scans."""

    CURSOR = "what lies behind the last claim of its priority"
    NARROW = "what became due just now"
    RECENT = "what became due recently"
    FULL = "everything"


class ScanPolicy:
    """Decides how far back the claims of a worker scan. Times are monotonic seconds.

    Claimed rows leave dead entries at the head of the index until a vacuum. Most claims skip them.
    A full scan finds the jobs that appeared before the end of the last claim. It follows at most
    every 50 ms and at least every second, depending on its cost. While it costs little, it also
    follows whenever a claim comes back short; otherwise a narrow scan follows a claim that left
    nothing.

    While another transaction holds a snapshot, vacuum removes nothing, and full scans cost more and
    more. Then a recent scan replaces them once a second, and full scans become rare
    (`is_full_scan_rare`). A statement that makes a job due further back sends a notification to the
    workers that listen (`hears_notices`).

    A cost is the time above that of a cursor scan: the network and other load do not count.
    """

    def __init__(self, costly: float = COSTLY, share_of_rare: float = SHARE_OF_RARE) -> None:
        self._costly, self._share_of_rare = costly, share_of_rare
        self._full_at = self._rare_at = self._recent_at = self._narrow_at = 0.0
        self._costs: deque[float] = deque([0.0], maxlen=3)
        self._cursor_costs: deque[float] = deque(maxlen=3)
        self._looks_back = False
        self._all_seen: dict[str, float] = {}
        self._scope: tuple[Any, ...] = ()
        self._hears_notices = self.is_full_scan_rare = self._is_outdated = False

    def choose(
        self, scope: tuple[Any, ...], queues: Collection[str], hears_notices: bool, now: float
    ) -> Scan:
        """Choose what a claim from these queues scans.

        Memory of earlier scans holds for one `scope`: a worker, its connection and its lanes.
        """
        self._is_outdated = False
        if scope != self._scope:
            self._scope = scope
            self._all_seen.clear()
        self._hears_notices = hears_notices
        self.is_full_scan_rare = (
            hears_notices
            and min(self._costs) >= self._costly
            and self._all_seen.keys() >= set(queues)
        )
        if self.is_full_due(now):
            return Scan.FULL
        if self.is_full_scan_rare and now >= self._recent_at:
            return Scan.RECENT
        return Scan.NARROW if self._looks_back and now >= self._narrow_at else Scan.CURSOR

    def ages(self, scan: Scan, queues: Collection[str], now: float) -> list[float] | None:
        """How many seconds a scan goes back in each of the queues; None if that is no limit."""
        if scan is Scan.NARROW:
            return [_NARROW] * len(queues)
        if scan is Scan.RECENT:
            return [now - self._all_seen[queue] + _RECENT for queue in queues]
        return None

    def is_full_due(self, now: float) -> bool:
        """Whether the next claim scans everything."""
        return now >= (self._rare_at if self.is_full_scan_rare else self._full_at)

    def due_in(self, now: float) -> float:
        """The seconds until a claim scans further back than behind the last one."""
        due = min(self._rare_at, self._recent_at) if self.is_full_scan_rare else self._full_at
        if self._looks_back:
            due = min(due, self._narrow_at)
        return max(0.0, due - now)

    def learn(
        self, scan: Scan, started: float, now: float, is_short: bool, seen: Iterable[str]
    ) -> None:
        """Note the result of a scan, sent at `started` and received at `now`.

        In the queues that it has `seen` whole, it left no job that was due when it started.
        """
        cost = now - started
        if scan is Scan.CURSOR or cost < min(self._cursor_costs, default=0.0):
            self._cursor_costs.append(cost)
        cost -= min(self._cursor_costs, default=0.0)
        if scan is Scan.FULL:
            self._costs.append(cost)
            self._full_at = now + min(max(cost / _SHARE, _SHORTEST), _LONGEST)
            self._rare_at = now + min(min(self._costs) / self._share_of_rare, _RAREST)
        elif scan is Scan.NARROW:
            self._narrow_at = now + min(cost / _SHARE_OF_NARROW, _LONGEST)
        if scan in (Scan.RECENT, Scan.FULL):
            self._recent_at = now + _LONGEST
            if self._hears_notices and not self._is_outdated:
                self._all_seen.update(dict.fromkeys(seen, started))
        # Further back there may be more.
        is_cheap = self._costs[-1] < _CHEAP
        if is_short and is_cheap:
            self._full_at = now
        if scan is not Scan.CURSOR:
            self._looks_back = False
        elif seen:
            # A narrow scan while jobs are left would take younger ones before them.
            self._looks_back = not is_cheap

    def forget(self) -> None:
        """Make the next claim scan everything."""
        self._full_at = self._rare_at = 0.0
        self.invalidate()

    def invalidate(self) -> None:
        """Note that a job is due further back than recent scans, or one in progress, saw."""
        self._all_seen.clear()
        self.is_full_scan_rare = False
        self._is_outdated = True


def seen(taken: Mapping[str, int], sizes: Mapping[str, int], depth: int) -> list[str]:
    """The queues from which a claim that came back short has taken all jobs that it could see.

    A lane that gave `depth` jobs may hide more, and so may a queue that gave as many as were asked
    for.
    """
    if any(taken[queue] >= min(size, depth) for queue, size in sizes.items()):
        return []
    return [*sizes]
