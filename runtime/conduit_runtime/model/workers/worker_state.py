"""The state of other workers, as a worker sees it."""

from dataclasses import dataclass

LEASE = 30.0
"""The seconds without a heartbeat after which any worker is dead."""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker's count of heartbeats, and whether its session lock is free."""

    name: str
    heartbeat: int
    lock_free: bool | None


@dataclass(frozen=True, slots=True)
class DeadWorker:
    """A dead worker, whose jobs are rescued unless its `heartbeat` has moved by then.

    `silent` is true if the whole lease passed, so that its session lock no longer counts.
    """

    name: str
    heartbeat: int
    silent: bool
