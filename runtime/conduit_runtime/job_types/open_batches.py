"""The batches that are open, each on one connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from ..model.job import Job


@dataclass(slots=True)
class Batch:
    """The jobs that were enqueued so far, and the results that are still to be read."""

    jobs: list[Job] = field(default_factory=list)
    results: list[Callable[[], Any]] = field(default_factory=list)


_batches: WeakKeyDictionary[object, Batch] = WeakKeyDictionary()


def current_batch(connection: object) -> Batch | None:
    """The batch that is open on a connection."""
    return _batches.get(connection)


@contextmanager
def opened_batch(connection: object) -> Iterator[Batch]:
    """A batch for the block; one within another adds its jobs to that."""
    outer = _batches.get(connection)
    batch = _batches[connection] = Batch()
    try:
        yield batch
    finally:
        if outer is None:
            del _batches[connection]
        else:
            outer.jobs += batch.jobs
            _batches[connection] = outer
