"""What a worker knows of jobs whose claim Postgres refuses."""

import time
from collections.abc import Collection, Sequence
from uuid import UUID

from ...model.claimed import Claimed
from ...model.text.logs import get_logger
from ...statements.outcomes import Attempt
from ...statements.refused_claims import RefusedClaim
from ..counted_log import CountedLog

_log = get_logger("conduit.worker")
_REASONS = 20
"""How many types and reasons have log lines of their own at a time."""

LONGEST = 60.0
"""The most seconds until a job that cannot even be put off is claimed again."""
RETRIED = 100
"""The most refused jobs of a queue that are tried again after jobs ended."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
"""Seconds between two such retries; the pause grows while they are in vain."""
_LOOK = 2.0
"""Seconds between two closer looks at why claims find nothing."""


class RefusedClaims:
    """Knows the `queues` with refused jobs, which may start when others end, and logs refusals.

    Remembers the jobs that Postgres does not let anyone put off; claims skip those for 1, 2, 4 …
    seconds. `retried` is how many jobs the last retry made due. Two lines about a type and a reason
    are `every` few seconds apart.
    """

    def __init__(self, every: float) -> None:
        self.queues: set[str] = set()
        self.retried = 0
        self._refused_again = 0
        self._freed: set[str] = set()
        self._next = 0.0
        self._pause = _SHORTEST_PAUSE
        self._pauses: dict[UUID, tuple[float, float]] = {}
        self._looked: dict[object, float] = {}
        self._lines = CountedLog(
            _log,
            every,
            "job %s (%s) waits: %s",
            "%d more jobs of %s wait, the last one is job %s: %s",
        )

    def on_ended(self, attempts: Sequence[Attempt]) -> bool:
        """Note that these jobs ended; returns whether refused jobs may start now."""
        if not self.queues:
            return False
        freed = self.queues.intersection(attempt.job.queue for attempt in attempts)
        is_new = not freed <= self._freed
        self._freed |= freed
        return is_new

    def pause(self) -> float:
        """Seconds until refused jobs are tried again; infinite if no job of theirs ended."""
        return max(0.0, self._next - time.monotonic()) if self._freed else float("inf")

    def take_freed(self) -> Collection[str]:
        """The queues whose refused jobs are to be tried again now."""
        if self.pause() > 0:
            return ()
        is_vain = 0 < self.retried <= self._refused_again
        self._pause = min(2 * self._pause, _LONGEST_PAUSE) if is_vain else _SHORTEST_PAUSE
        self._next = time.monotonic() + self._pause
        self.retried = self._refused_again = 0
        freed, self._freed = self._freed, set()
        return freed

    def skipped(self) -> Collection[UUID]:
        """The jobs that a claim has to skip now."""
        if not self._pauses:
            return ()
        now = time.monotonic()
        # A pause that ended long ago: the job has gone, or was claimed.
        self._pauses = {
            job: pause for job, pause in self._pauses.items() if now < pause[1] + LONGEST
        }
        return [job for job, (_, until) in self._pauses.items() if now < until]

    def looks_closer(self, kind: object) -> bool:
        """Whether a claim of this kind that found nothing has to be made apart.

        A trigger may drop claims without an error, and the same rows come first each time.
        """
        now = time.monotonic()
        if now < self._looked.get(kind, -_LOOK) + _LOOK:
            return False
        self._looked[kind] = now
        return True

    def note(self, refused: Sequence[RefusedClaim[Claimed]]) -> None:
        """Note what a claim met."""
        now = time.monotonic()
        for each in refused:
            if each.refusals is None:
                last, _ = self._pauses.get(each.job.id, (0.5, 0.0))
                pause = min(2 * last, LONGEST)
                self._pauses[each.job.id] = pause, now + pause
            else:
                self.queues.add(each.job.queue)
                self._refused_again += 1
            reason = each.reason if len(self._lines) < _REASONS else ""
            self._lines.add((each.job.type, reason), each.job, each.reason)
