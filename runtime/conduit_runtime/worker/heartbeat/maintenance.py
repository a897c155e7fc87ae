"""What a worker does for its database and its queues now and then."""

import time
from collections.abc import Sequence
from typing import Protocol

from ...postgres.steps import Run
from ...statements.worker_registry import has_orphans, rescue_orphans
from ..timing import Timing
from .heartbeat_connection import HeartbeatConnection
from .rescuer import Rescuer


class Part(Protocol):
    """Part of the maintenance."""

    def step(self, run: Run, /) -> None:
        """Do this part once; raises what Postgres raises."""


class Maintenance:
    """Rescues the jobs of unknown workers, and does its parts one after another."""

    def __init__(self, rescuer: Rescuer, parts: Sequence[Part], timing: Timing) -> None:
        self._seconds, self._share = timing.maintenance, timing.maintenance_share
        self._rescuer = rescuer
        self._parts = parts
        self._next = 0.0

    def soon(self, seconds: float) -> None:
        """Do the maintenance within so many seconds."""
        self._next = min(self._next, time.monotonic() + seconds)

    def step(self, connection: HeartbeatConnection) -> None:
        """Do the maintenance if it is due; log what Postgres refuses."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._seconds
        with connection.refusable():
            if connection.run(has_orphans()):  # a rescue is a transaction of several statements
                self._rescuer.rescue(connection, rescue_orphans(), "an unknown worker")
        for part in self._parts:
            with connection.refusable():
                part.step(connection.run)
        ended = time.monotonic()
        self._next = max(self._next, ended + (ended - now) / self._share)
