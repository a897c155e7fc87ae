"""How fast the workers are: how many jobs may be on the way, and how many share a message."""

import time
from collections import Counter
from collections.abc import Mapping

from ...worker.run.handler import Batching

MEASURED = 0.1
"""Seconds over which the rate is measured."""
WAITING = 0.05
"""Seconds of work, at the present rate, that may wait at the broker."""
AWAY = 0.5
"""Seconds of work, at the present rate, on the way beside the jobs that can start at once."""
MOST_AWAY = 10_000
"""The most jobs on the way beside those that can start at once."""
MESSAGE = 0.02
"""Seconds for which the jobs of a message keep a worker busy, at the present rate of their type."""
MOST_OF_A_MESSAGE = 100
"""The most jobs of a message, except for batch handlers."""
_WEIGHT = 0.3
_GROWTH, _SHRINKING = 1.5, 0.7


class Pace:
    """Learns from the jobs that come back, and from the messages that wait at the broker.

    All gateways, also those of other databases, see these messages, so they share the workers.
    """

    def __init__(self) -> None:
        self._ended: Counter[str] = Counter()
        self._since = time.monotonic()
        self._rates: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._sizes: dict[str, float] = {}
        self._allowed: dict[str, float] = {}

    def on_published(self, queue: str, jobs: int) -> None:
        """A message with so many jobs of a queue was published."""
        known = self._sizes.get(queue, jobs)
        self._sizes[queue] = known + _WEIGHT * (jobs - known)

    def on_ended(self, queue: str, count: int) -> None:
        """So many jobs of a queue have come back."""
        self._ended[queue] += count

    def learn(self, type: str, seconds: float) -> None:
        """Note the mean seconds of a few attempts of a type."""
        known = self._seconds.get(type, seconds)
        self._seconds[type] = known + _WEIGHT * (seconds - known)

    def rate(self, queue: str) -> float:
        """How many jobs of a queue come back in a second."""
        now = time.monotonic()
        elapsed = now - self._since
        if elapsed >= MEASURED:
            self._rates = Counter({name: int(n / elapsed) for name, n in self._ended.items()})
            self._since = now
            self._ended.clear()
        return self._rates[queue]

    def allowed(self, queue: str, slots: int) -> int:
        """How many jobs of a queue may be on the way, of which `slots` could start at once."""
        return int(self._allowed.get(queue, slots))

    def on_waiting(self, queue: str, slots: int, held: int, messages: int) -> bool:
        """So many messages of a queue wait at the broker, while `held` jobs are on the way.

        Returns whether more jobs than before may be on the way.
        """
        rate = self.rate(queue)
        waiting = messages * self._sizes.get(queue, 1.0)
        allowed = before = self._allowed.get(queue, slots)
        if waiting > 2 * max(1.0, rate * WAITING):
            allowed = max(1.0, min(allowed, held * _SHRINKING))
        elif waiting <= rate * WAITING and held >= allowed / 2:
            allowed = allowed * _GROWTH + 1
        # Messages are counted only while jobs are on the way, so 0 would stay 0.
        self._allowed[queue] = max(1.0, min(allowed, slots + min(MOST_AWAY, rate * AWAY)))
        return int(self._allowed[queue]) > int(before)

    def message_size(
        self,
        type: str,
        batched: Mapping[str, Batching],
        queue: str = "",
        slots: int = 1,
        workers: int = 1,
    ) -> int:
        """How many jobs of a type share a message: one if they are slow, or not known yet.

        A worker runs several at once if they wait for something. The present rate of the queue
        shows how many. `slots` are those of all `workers` of the queue.
        """
        if type in batched:
            return batched[type].size
        seconds = self._seconds.get(type)
        if seconds is None:
            return 1
        workers = max(1, workers)
        one_by_one = MESSAGE / max(seconds, 1e-6)
        together = min(self._rates[queue] / workers * MESSAGE, one_by_one * slots / workers)
        return max(1, min(MOST_OF_A_MESSAGE, int(max(one_by_one, together))))
