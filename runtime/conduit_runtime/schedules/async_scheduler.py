"""Schedules in the database, for asynchronous code."""

from typing import Any, TypeVar

import psycopg

from ..client.async_queue import AsyncQueue
from ..model.arguments import check_type
from ..model.job import Job
from ..model.schedules.schedule import Schedule
from ..postgres.steps import Steps, run_steps_async
from ..statements import schedules as store
from . import scheduling

__all__ = ["AsyncCronScheduler"]

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]
Schedules = list[Schedule]  # inside the class, `list` is the method


class AsyncCronScheduler:
    """`CronScheduler` for asynchronous code: the same methods, to be awaited."""

    def __init__(self, queue: AsyncQueue) -> None:
        check_type(queue, "queue", AsyncQueue, "an AsyncQueue")
        self._run = queue._run
        self._schema = queue.schema

    async def add(self, schedule: Schedule, *, conn: Connection | None = None) -> Schedule:
        """Store a schedule, or change the one of its name, and return how it stands.

        Adding one again, say at each start, keeps its next tick, also one that is due already,
        and leaves it disabled if it was. Raises PayloadError or ScheduleError, before any change,
        for one that could never be enqueued.
        """
        return await self._take(scheduling.add(schedule, self._schema), conn)

    async def enable(self, id: str, *, conn: Connection | None = None) -> bool:
        """Have a schedule tick again, from its next tick on; False when there is none."""
        return await self._take(scheduling.enable(id, self._schema), conn)

    async def disable(self, id: str, *, conn: Connection | None = None) -> bool:
        """Have a schedule tick no more until it is enabled; False when there is none."""
        return await self._run(store.disable(id, self._schema), conn)

    async def remove(self, id: str, *, conn: Connection | None = None) -> bool:
        """Delete a schedule, not the jobs it enqueued; False when there is none."""
        return await self._run(store.remove(id, self._schema), conn)

    async def get(self, id: str, *, conn: Connection | None = None) -> Schedule | None:
        """The schedule as it stands now; None when there is none."""
        stored = await self._run(store.read(id, self._schema), conn)
        return stored[0][0] if stored else None

    async def list(self, *, conn: Connection | None = None) -> Schedules:
        """All schedules by name, as they stand now."""
        stored = await self._run(store.read(None, self._schema), conn)
        return [schedule for schedule, _ in stored]

    async def run(self, id: str, *, conn: Connection | None = None) -> Job | None:
        """Enqueue a job of a schedule now, apart from its ticks; None when there is none."""
        return await self._run(store.run(id, self._schema), conn)

    async def enqueue_due(self) -> int:
        """Enqueue the jobs of all ticks that have come, as workers do, and return how many."""
        return await self._take(scheduling.enqueue_due(self._schema), None)

    async def _take(self, steps: Steps[T], conn: Connection | None) -> T:
        return await run_steps_async(steps, lambda each: self._run(each, conn))
