"""What a worker knows of jobs whose claim Postgres refuses."""

import time
from collections.abc import Collection, Sequence
from uuid import UUID

from ...model.claimed import Claimed
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger
from ...statements.refused_claims import RefusedClaim

_log = get_logger("conduit.worker")

LONGEST = 60.0
"""The most seconds until a job that cannot even be put off is claimed again."""
_QUIET = 1.0
"""Seconds between two lines of the log."""
_LOOK = 2.0
"""Seconds between two closer looks at why claims find nothing."""


class RefusedClaims:
    """Logs refused claims, and remembers the jobs that Postgres does not let anyone put off.

    Claims skip those for 1, 2, 4 … seconds.
    """

    def __init__(self) -> None:
        self._pauses: dict[UUID, tuple[float, float]] = {}
        self._logged = -_QUIET
        self._looked: dict[object, float] = {}

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
        if refused and now >= self._logged + _QUIET:
            self._logged = now
            job, _, reason = refused[0]
            further = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
            _log.warning(
                "job %s (%s) waits%s: %s", job.id, job.type, further, reason, extra=job_fields(job)
            )
