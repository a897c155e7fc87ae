"""What a worker sees of the others."""

from dataclasses import dataclass

__all__ = ["DeadWorker", "WorkerState"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How a worker stood: its beat, and whether nobody holds the session lock that it should."""

    name: str
    heartbeat: int
    lock_free: bool | None


@dataclass(frozen=True, slots=True)
class DeadWorker:
    """A worker to rescue the jobs of, unless its beat has moved from `beat` by then.

    `silent` is true when the whole lease passed, so that its session lock no longer counts.
    """

    name: str
    heartbeat: int
    silent: bool
