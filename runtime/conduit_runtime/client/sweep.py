"""What workers sweep: free keys, old results, interrupted flows, failure notices, steps."""

from collections.abc import Callable, Sequence
from itertools import cycle
from uuid import UUID

from ..postgres.steps import Run, Steps
from ..statements import flows as flow_store
from ..statements import results, steps, worker_registry
from ..statements import unique_keys as unique


class Sweeper:
    """Deletes rows that nothing needs, such as expired results: in turn, one page in each step.

    A step takes as long as its page, however many rows there are. `on_ended` is called with jobs
    that have ended without releasing the flows that wait for them.
    """

    def __init__(self, on_ended: Callable[[Sequence[UUID]], object]) -> None:
        self._on_ended = on_ended
        self._key: tuple[str, str] | None = None
        self._after: tuple[UUID, UUID] | None = None
        self._watched: UUID | None = None
        self._record: tuple[UUID, str] | None = None
        self._turns = cycle(
            (self._keys, self._results, self._dependencies, self._notices, self._steps)
        )

    def step(self, run: Run) -> None:
        next(self._turns)(run)

    def watch(self, run: Run) -> None:
        """Check the next watched jobs that flows wait for."""
        self._watched, ended = run(flow_store.watch(self._watched))
        self._on_ended(ended)

    def _keys(self, run: Run) -> None:
        self._key = run(unique.sweep(self._key))

    def _results(self, run: Run) -> None:
        run(results.sweep())

    def _dependencies(self, run: Run) -> None:
        self._after, ended = run(flow_store.sweep(self._after))
        self._on_ended(ended)

    def _steps(self, run: Run) -> None:
        self._record = run(steps.sweep(self._record))

    def _notices(self, run: Run) -> None:
        run(worker_registry.sweep_failure_notices())


def clear() -> Steps[None]:
    """Delete all free keys and all expired results, a page at a time."""
    key = yield unique.sweep(None)
    while key is not None:
        key = yield unique.sweep(key)
    while (yield results.sweep()):
        pass
