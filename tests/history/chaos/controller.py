"""An operator that pauses and resumes queues; a limit and a rate that hold all the time."""

from collections.abc import Sequence
from datetime import UTC, datetime

import psycopg
from history import Pause
from producers import Actor

LIMITED, LIMIT = "parcels", 6
"""A queue, and how many of its jobs may run at once from the start to the end."""
RATED, STARTS, PERIOD = "history.rated", 5, 1.0
"""A type, and how many of its jobs may start in so many seconds."""


class Controller(Actor):
    """Pauses each of the queues now and then for a while; in the end all are resumed."""

    def __init__(self, dsn: str, seed: int, pause: float, queues: Sequence[str]) -> None:
        super().__init__(dsn, "operator", seed, pause)
        self._queues = queues
        self.pauses: list[Pause] = []

    def act(self, connection: psycopg.Connection) -> None:
        queue = self.random.choice(self._queues)
        self.queue.pause(queue, conn=connection)
        began = datetime.now(UTC)
        self.wait(self.random.uniform(0.2, 3))
        ended = datetime.now(UTC)
        self.queue.resume(queue, conn=connection)
        self.pauses.append(Pause(queue, began, ended))

    def stop(self) -> None:
        super().stop()
        for queue in self._queues:
            self.queue.resume(queue)
