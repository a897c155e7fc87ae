"""The open batches, one for each connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from ..model.job import Job


@dataclass(slots=True)
class Batch:
    """The jobs that are enqueued so far, and the results that the end of the batch reads."""

    jobs: list[Job] = field(default_factory=list)
    results: list[Callable[[], Any]] = field(default_factory=list)


_batches: WeakKeyDictionary[object, Batch] = WeakKeyDictionary()


def current_batch(connection: object) -> Batch | None:
    """The open batch of a connection, if there is one."""
    return _batches.get(connection)


@contextmanager
def opened_batch(connection: object) -> Iterator[Batch]:
    """Open a batch for the block; the end of an inner batch adds its jobs to the outer one."""
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
