"""Warns of queues that hold jobs of a worker's types, present or removed, and have no worker."""

from ...model.text.logs import get_logger
from ...postgres.steps import Run
from ...statements import worker_registry
from ..interfaces import Registry

_log = get_logger("conduit.worker")

_NAMED = 3
"""Types that a warning names at most."""


class UnservedQueues:
    """Finds such queues, and warns once of each: a deployment may have moved the jobs of a type."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._warned: set[str] = set()

    def step(self, run: Run) -> None:
        """Look once."""
        retired = self._registry.retired()
        types = [*self._registry.types(), *retired]
        for queue, waiting in run(worker_registry.unserved_queues(types)):
            if queue in self._warned:
                continue
            self._warned.add(queue)
            further = len(waiting) - _NAMED
            named = ", ".join(waiting[:_NAMED]) + (f" and {further} more" if further > 0 else "")
            if {*waiting} <= {*retired}:
                _log.warning(
                    "queue %s holds jobs of %s, which this code no longer has, and no worker "
                    "serves it: run a worker of the code that had them, or cancel the jobs",
                    *(queue, named),
                )
                continue
            _log.warning(
                "queue %s holds jobs of %s, and no worker serves it: add --queue %s",
                *(queue, named, queue),
            )
