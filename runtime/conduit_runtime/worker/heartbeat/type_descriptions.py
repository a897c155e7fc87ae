"""Stores what a worker's code says of its job types, for those that have no code."""

import time

from ...model.lanes import Lane
from ...model.text.logs import get_logger
from ...model.type_description import DescribedType
from ...postgres.steps import Run
from ...statements.job_types import describe_types
from ..run.handlers import HandlerRegistry

_log = get_logger("conduit.worker")

_AGAIN = 10.0
"""Seconds until what Postgres refused is tried again."""


class TypeDescriptions:
    """Writes the descriptions once, and again when the worker handles other types."""

    def __init__(self, handlers: HandlerRegistry) -> None:
        self._handlers = handlers
        self._written: list[Lane] | None = None
        self._next = 0.0

    def step(self, run: Run) -> None:
        """Write them if that is due; raises what Postgres raises."""
        lanes = self._handlers.lanes()
        if lanes == self._written or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _AGAIN
        if (described := self._descriptions()) is not None:
            run(describe_types(described))
        self._written, self._next = lanes, 0.0

    def _descriptions(self) -> list[DescribedType] | None:
        """None for code that is none that we know: heartbeats must not end of it."""
        try:
            return self._handlers.descriptions()
        except Exception:
            _log.warning("the dashboard will not know these job types", exc_info=True)
            return None
