"""Holds claimed jobs of batch handlers until a batch is full or has waited long enough."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ...model.claimed import Claimed, ClaimedBatch
from .batching import Batching

Key = tuple[str, str, float | None]


class _Gathering(NamedTuple):
    jobs: list[Claimed]
    timer: asyncio.TimerHandle


class Gatherer:
    """Gathers claimed jobs by type, queue and timeout; calls `on_due` with each batch.

    The jobs of a batch share a timeout, since its call ends for all of them. A job that was rescued
    is a batch of its own. All methods belong to the worker's loop.
    """

    def __init__(
        self, batched: Mapping[str, Batching], on_due: Callable[[ClaimedBatch], None]
    ) -> None:
        self._batched = batched
        self._on_due = on_due
        self._loop = asyncio.get_running_loop()
        self._gathering: dict[Key, _Gathering] = {}

    @property
    def jobs(self) -> list[Claimed]:
        """The jobs that wait for others."""
        return [job for gathering in self._gathering.values() for job in gathering.jobs]

    def add(self, job: Claimed) -> None:
        """Add a job of a type with a batch handler."""
        batching = self._batched[job.type]
        if job.rescues:
            self._on_due(ClaimedBatch([job]))
            return
        key = (job.type, job.queue, job.timeout)
        gathering = self._gathering.get(key)
        if gathering is None:
            timer = self._loop.call_later(batching.wait, self._end, key)
            gathering = self._gathering[key] = _Gathering([], timer)
        gathering.jobs.append(job)
        if len(gathering.jobs) >= batching.size:
            self._end(key)

    def end_all(self) -> None:
        """Hand on every batch, full or not."""
        for key in [*self._gathering]:
            self._end(key)

    def release(self) -> list[Claimed]:
        """Remove and return the jobs that wait here."""
        jobs = self.jobs
        for gathering in self._gathering.values():
            gathering.timer.cancel()
        self._gathering.clear()
        return jobs

    def room(self) -> int:
        """How many more jobs would fill a batch of each type."""
        waiting = dict.fromkeys(self._batched, 0)
        for (type_, _, _), gathering in self._gathering.items():
            waiting[type_] = max(waiting.get(type_, 0), len(gathering.jobs))
        return sum(self._batched[type_].size - waiting[type_] for type_ in self._batched)

    def _end(self, key: Key) -> None:
        gathering = self._gathering.pop(key)
        gathering.timer.cancel()
        self._on_due(ClaimedBatch(gathering.jobs))
