"""Which workers are dead, judged on one's own clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LEASE", "Dead", "Sighting", "Vigil"]

SILENCE = 3.0
"""Seconds without a beat after which a worker whose session is gone is dead."""
LEASE = 30.0
"""Seconds without a beat after which any worker is dead."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """How a worker stood: its beat, and whether nobody holds the session lock that it should."""

    name: str
    beat: int
    lock_free: bool | None


@dataclass(frozen=True, slots=True)
class Dead:
    """A worker to rescue the jobs of, unless its beat has moved from `beat` by then.

    `silent` is true when the whole lease passed, so that its session lock no longer counts.
    """

    name: str
    beat: int
    silent: bool


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
