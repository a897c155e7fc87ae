"""Pools of the tests that hold for all workers, direct ones and those behind a broker."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from conduit_runtime import WorkerPool


class NewPool(Protocol):
    """What the fixture `new_pool` gives: makes a pool on the database of the fixture `queue`."""

    def __call__(
        self, queues: str | Iterable[str] | Mapping[str, int | None] | None = None, **options: Any
    ) -> WorkerPool: ...
