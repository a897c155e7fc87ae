"""Claimed jobs that wait: for a slot, or for others to fill a batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

from ...model.claimed import Claimed, ClaimedBatch
from .handler import Batching


class ReadyQueue:
    """The jobs and batches that wait for a slot, in the order in which they start.

    Callers change `waiting` themselves, but add batches by `add_batch`.
    """

    def __init__(self) -> None:
        self.waiting: deque[Claimed | ClaimedBatch] = deque()
        self._batches_wait = False

    def add_batch(self, batch: ClaimedBatch) -> None:
        """Add a batch before single jobs, after earlier batches: its jobs have waited already.

        The batch comes last if single jobs waited in vain before, since batches took their slots.
        """
        if self._batches_wait:
            self.waiting.append(batch)
        else:
            others = (place for place, each in enumerate(self.waiting) if isinstance(each, Claimed))
            self.waiting.insert(next(others, len(self.waiting)), batch)

    def jobs(self) -> Iterator[Claimed]:
        """The jobs that wait, alone or in batches."""
        return chain.from_iterable(map(jobs_of, self.waiting))

    def take_all(self) -> list[Claimed]:
        """Remove and return every job; they waited for a slot in vain."""
        if self.waiting:
            self._batches_wait = any(isinstance(each, Claimed) for each in self.waiting)
        jobs = [*self.jobs()]
        self.waiting.clear()
        return jobs

    def take_rescued(self, behind: int) -> list[Claimed]:
        """Remove and return rescued jobs, except from the first `behind` entries."""
        rescued = [each for each in islice(self.waiting, behind, None) if each.rescues]
        for each in rescued:
            self.waiting.remove(each)
        return [*chain.from_iterable(map(jobs_of, rescued))]


def jobs_of(each: Claimed | ClaimedBatch) -> Sequence[Claimed]:
    """A job, or the jobs of a batch."""
    return each.jobs if isinstance(each, ClaimedBatch) else (each,)


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
