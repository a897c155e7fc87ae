"""The claimed jobs and the batches that wait for a slot."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from ...model.claimed import Claimed, ClaimedBatch


class ReadyQueue:
    """What waits for a slot, in the order in which it starts.

    `waiting` may be added to and taken from; only batches are added by `add_batch`.
    """

    def __init__(self) -> None:
        self.waiting: deque[Claimed | ClaimedBatch] = deque()
        self._batches_wait = False

    def add_batch(self, batch: ClaimedBatch) -> None:
        """Add a batch before other jobs, after earlier batches: its jobs have waited already.

        Others come first when a batch took the slot that they waited for in vain.
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
        """Every job, which waited for a slot in vain."""
        if self.waiting:
            self._batches_wait = any(isinstance(each, Claimed) for each in self.waiting)
        jobs = [*self.jobs()]
        self.waiting.clear()
        return jobs

    def take_rescued(self, behind: int) -> list[Claimed]:
        """The jobs that were rescued before, of all that is `behind` so many others."""
        rescued = [each for each in islice(self.waiting, behind, None) if each.rescues]
        for each in rescued:
            self.waiting.remove(each)
        return [*chain.from_iterable(map(jobs_of, rescued))]


def jobs_of(each: Claimed | ClaimedBatch) -> Sequence[Claimed]:
    """A job, or the jobs of a batch."""
    return each.jobs if isinstance(each, ClaimedBatch) else (each,)
