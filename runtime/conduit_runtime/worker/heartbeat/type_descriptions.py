"""Stores what a worker's code says of its job types, for the dashboard, which has no code."""

import time

from ...model.lanes import Lane
from ...postgres.steps import Run
from ...statements.job_types import describe_types
from ..interfaces import Registry


class TypeDescriptions:
    """Writes the descriptions once, and again when the worker handles other types.

    Any thread sets `changed` when the descriptions of the same types have changed.
    Descriptions that Postgres refused are written `again` after so many seconds.
    """

    changed = False

    def __init__(self, registry: Registry, again: float) -> None:
        self._again = again
        self._registry = registry
        self._written: list[Lane] | None = None
        self._next = 0.0

    def step(self, run: Run) -> None:
        """Write the descriptions if that is due; raises what Postgres raises."""
        lanes = self._registry.lanes()
        if (lanes == self._written and not self.changed) or time.monotonic() < self._next:
            return
        self.changed = False
        self._next = time.monotonic() + self._again
        self._written = None
        run(describe_types(self._registry.descriptions()))
        self._written, self._next = lanes, 0.0
