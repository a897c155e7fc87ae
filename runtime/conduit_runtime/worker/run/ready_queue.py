"""The claimed jobs and the batches that wait for a slot."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from ...model.claimed import Claimed, ClaimedBatch


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
