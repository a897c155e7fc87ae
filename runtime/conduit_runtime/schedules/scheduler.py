# Generated from async_scheduler.py by .ci/unasync.py; do not edit.
"""Schedules in the database, for synchronous code."""

from ..client.given_connections import Given
from ..client.queue import Queue
from ..model.arguments import check_type
from ..model.job import Job
from ..model.schedules.schedule import Schedule
from ..statements import schedules as store
from . import scheduling

Schedules = list[Schedule]  # inside the class, `list` is the method


class CronScheduler:
    """The schedules of a queue's database, for synchronous code.

    Any running worker enqueues their jobs, and each tick once, however many workers there are.
    Every operation takes `conn=` to be part of that connection's transaction.
    """

    def __init__(self, queue: Queue) -> None:
        check_type(queue, "queue", Queue, "a Queue")
        self._run = queue.connections.run
        self._run_steps = queue.connections.run_steps

    def add(self, schedule: Schedule, *, conn: Given | None = None) -> Schedule:
        """Store a schedule, or change the stored one of its name, and return it as stored.

        Adding a schedule again, say at each start, keeps its next tick, even one that is due
        already, and keeps a disabled schedule disabled. Raises PayloadError or ScheduleError,
        before any change, for a schedule that could never be enqueued.
        """
        return self._run_steps(scheduling.add(schedule), conn)

    def enable(self, id: str, *, conn: Given | None = None) -> bool:
        """Let a schedule tick again, from its next tick on; False if there is no such schedule."""
        return self._run_steps(scheduling.enable(id), conn)

    def disable(self, id: str, *, conn: Given | None = None) -> bool:
        """Stop the ticks of a schedule until it is enabled; False if there is no such schedule."""
        return self._run(store.disable(id), conn)

    def remove(self, id: str, *, conn: Given | None = None) -> bool:
        """Delete a schedule, not the jobs it enqueued; False if there is no such schedule."""
        return self._run(store.remove(id), conn)

    def get(self, id: str, *, conn: Given | None = None) -> Schedule | None:
        """The schedule as it is now; None if there is no such schedule."""
        stored = self._run(store.read(id), conn)
        return stored[0][0] if stored else None

    def list(self, *, conn: Given | None = None) -> Schedules:
        """All schedules as they are now, by name."""
        stored = self._run(store.read(None), conn)
        return [schedule for schedule, _ in stored]

    def run(self, id: str, *, conn: Given | None = None) -> Job | None:
        """Enqueue a job of a schedule now, apart from its ticks; None if it does not exist."""
        return self._run(store.run(id), conn)

    def enqueue_due(self) -> int:
        """Enqueue the jobs of all ticks that have come, as workers do, and return how many."""
        return self._run_steps(scheduling.enqueue_due())
