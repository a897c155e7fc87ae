"""What a worker sweeps: free keys, expired results, flows that were cut, old failure notices."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any
from uuid import UUID

import psycopg

from ..postgres.execute import run
from ..postgres.steps import Steps
from ..statements import failure_notices, results
from ..statements import flows as flow_store
from ..statements import unique_keys as unique


class Sweep:
    """Deletes what has served its time: keys, results and notices in turn, a page a step.

    A step takes so long as its page does, however much there is. `on_ended` is called with jobs
    that flows wait for, and which have ended without them.
    """

    def __init__(self, on_ended: Callable[[Sequence[UUID]], object]) -> None:
        self._on_ended = on_ended
        self._key: tuple[str, str] | None = None
        self._after: tuple[UUID, UUID] | None = None
        self._watched: UUID | None = None
        self._turns = cycle((self._keys, self._results, self._dependencies, self._notices))

    def step(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        next(self._turns)(connection, schema)

    def watch(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        """Check the next watched jobs that flows wait for."""
        self._watched, ended = run(connection, flow_store.watch(self._watched, schema))
        self._on_ended(ended)

    def _keys(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        self._key = run(connection, unique.sweep(self._key, schema))

    def _results(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        run(connection, results.sweep(schema))

    def _dependencies(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        self._after, ended = run(connection, flow_store.sweep(self._after, schema))
        self._on_ended(ended)

    def _notices(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        run(connection, failure_notices.sweep(schema))


def clear(schema: str | None) -> Steps[None]:
    """Delete all free keys and all expired results, a page at a time."""
    key = yield unique.sweep(None, schema)
    while key is not None:
        key = yield unique.sweep(key, schema)
    while (yield results.sweep(schema)):
        pass
