"""Finds dead workers, by the clock of the worker that watches them."""

import math
from collections.abc import Sequence

from ...model.workers.worker_state import DeadWorker, WorkerState
from ..timing import Timing


class FailureDetector:
    """Watches the heartbeats of the other workers over one unbroken connection.

    Only the watcher's own monotonic clock counts, so differences between clocks do not matter. An
    outage of the database ends the connection, and the detector with it, so that no live worker
    counts as dead.

    `patience` is the seconds until the next worker counts as dead, if it stays silent; infinite if
    no worker's session is gone.
    """

    patience = math.inf

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._seen: dict[str, tuple[int, float]] = {}

    def find_dead(self, states: Sequence[WorkerState], now: float) -> list[DeadWorker]:
        """The dead among the workers seen at the monotonic time `now` in seconds."""
        known, self._seen = self._seen, {}
        self.patience = math.inf
        lease, longest = self._timing.lease, self._timing.silence
        dead = []
        for state in states:
            heartbeat, since = known.get(state.name, (None, now))
            if heartbeat != state.heartbeat:
                since = now
            self._seen[state.name] = (state.heartbeat, since)
            silence = now - since
            if silence >= lease or (silence >= longest and state.lock_free):
                dead.append(DeadWorker(state.name, state.heartbeat, silence >= lease))
            elif state.lock_free:
                self.patience = min(self.patience, longest - silence)
        return dead
