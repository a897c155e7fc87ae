"""Which workers are dead, judged on one's own clock."""

import math
from collections.abc import Sequence

from ...model.worker_state import Dead, Sighting

__all__ = ["LEASE", "Vigil"]

SILENCE = 3.0
"""Seconds without a beat after which a worker whose session is gone is dead."""
LEASE = 30.0
"""Seconds without a beat after which any worker is dead."""


class Vigil:
    """Watches the beats of the other workers over one unbroken connection.

    Only the watcher's own monotonic clock counts, so neither clocks that differ nor an outage of
    the database, which ends the connection and with it the vigil, kill the living.

    `patience` is in how many seconds the next worker is dead if it stays as it is: infinite when
    there is none whose session is gone.
    """

    patience = math.inf

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def look(self, sightings: Sequence[Sighting], now: float) -> list[Dead]:
        """The dead among the workers seen at the monotonic time `now` in seconds."""
        known, self._seen = self._seen, {}
        self.patience = math.inf
        dead = []
        for sighting in sightings:
            beat, since = known.get(sighting.name, (None, now))
            if beat != sighting.beat:
                since = now
            self._seen[sighting.name] = (sighting.beat, since)
            silence = now - since
            if silence >= LEASE or (silence >= SILENCE and sighting.lock_free):
                dead.append(Dead(sighting.name, sighting.beat, silence >= LEASE))
            elif sighting.lock_free:
                self.patience = min(self.patience, SILENCE - silence)
        return dead
