"""The jobs that a gateway has published, and that have not come back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Sequence
from operator import attrgetter
from uuid import UUID

from ...model.claimed import Claimed
from ..messages import Claim

_queue_of = attrgetter("queue")


class InFlight:
    """Knows these jobs by their claims, and counts them by queue; belongs to the worker's loop.

    `on_room` is called whenever there may be room for more.
    """

    def __init__(self, on_room: Callable[[], object]) -> None:
        self._on_room = on_room
        self.jobs: dict[int, Claimed] = {}
        """By the number of their id, the oldest first; UUIDs are slow to hash and to compare."""
        self._by_queue: Counter[str] = Counter()
        self._in_batches: Counter[str] = Counter()
        self._batched: set[int] = set()
        self._stranded: set[int] = set()
        self._stranded_alone: Counter[str] = Counter()
        self._stranded_in_batches = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def of_queue(self, queue: str) -> int:
        """How many jobs of a queue are on the way."""
        return self._by_queue[queue]

    def alone_of(self, queue: str) -> int:
        """How many jobs of a queue are on the way to live workers, except batch handlers' jobs."""
        return self._by_queue[queue] - self._in_batches[queue] - self._stranded_alone[queue]

    @property
    def in_batches(self) -> int:
        """How many jobs of batch handlers are on the way to live workers."""
        return self._in_batches.total() - self._stranded_in_batches

    def strand(self, numbers: set[int]) -> None:
        """Note which jobs no live worker holds, by the numbers of their ids; all others have one.

        They take no slot of a live worker.
        """
        alone = numbers.difference(self._batched)
        self._stranded = numbers
        self._stranded_alone = Counter(self.jobs[number].queue for number in alone)
        self._stranded_in_batches = len(numbers) - len(alone)
        if numbers:
            self._on_room()

    def add(self, jobs: Sequence[Claimed], batched: Container[str]) -> list[Claim]:
        """Note that these jobs are published; jobs of `batched` types have batch handlers.

        Returns the earlier claims of jobs that were on the way already: they are not held any more.
        """
        added = {job.id.int: job for job in jobs}
        before = [self.jobs[number] for number in self.jobs.keys() & added.keys()]
        lost = [(job.id, job.token) for job in before]
        for claim in lost:
            self.came_back(*claim)
        self._by_queue.update(map(_queue_of, added.values()))
        self.jobs |= added
        if batched:
            for job in added.values():
                if job.type in batched:
                    self._batched.add(job.id.int)
                    self._in_batches[job.queue] += 1
        if jobs:
            self._idle.clear()
        return lost

    def holds(self, id: UUID, token: UUID) -> bool:
        """Whether a job was published on this claim and has not come back."""
        job = self.jobs.get(id.int)
        return job is not None and job.token.int == token.int

    def came_back(self, id: UUID, token: UUID) -> Claimed | None:
        """Note that a job is not on the way any more, and return it; None if it was not."""
        number = id.int
        job = self.jobs.get(number)
        if job is None or job.token.int != token.int:
            return None
        del self.jobs[number]
        self._by_queue[job.queue] -= 1
        is_batched = number in self._batched
        if is_batched:
            self._batched.remove(number)
            self._in_batches[job.queue] -= 1
        if number in self._stranded:
            self._stranded.remove(number)
            if is_batched:
                self._stranded_in_batches -= 1
            else:
                self._stranded_alone[job.queue] -= 1
        if not self.jobs:
            self._idle.set()
        self._on_room()
        return job

    async def until_empty(self, seconds: float) -> None:
        """Wait at most `seconds` until all have come back."""
        if self.jobs and seconds > 0:
            await asyncio.wait([asyncio.ensure_future(self._idle.wait())], timeout=seconds)
