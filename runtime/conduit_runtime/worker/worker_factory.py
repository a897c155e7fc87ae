"""Where the worker of a pool comes from: from a database, from a broker, or it is a gateway."""

from abc import ABC, abstractmethod
from typing import Protocol

from ..services.protocols import Prepared
from .pool_settings import PoolSettings


class PoolWorker(Protocol):
    """The worker of a pool, as the pool sees it."""

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since the worker was last known to live; None before the first time."""

    async def start(self) -> None:
        """Begin to work. Raises if the worker cannot work."""

    async def run(self) -> None:
        """Return when there is nothing left to do, or when `stop` was called elsewhere."""

    async def stop(self, grace: float) -> None:
        """End gently: let running jobs end for `grace` seconds, and release the rest."""


class WorkerFactory(ABC):
    """Makes the worker of a pool, and knows where its jobs come from.

    `dsn` and `schema` are those of the queue, None where the pool does not know its database.
    """

    dsn: str | None
    schema: str | None

    @property
    def job_dsn(self) -> str | None:
        """The DSN of the connections that jobs get; None if they get none."""
        return self.dsn

    @abstractmethod
    async def reach(self, seconds: float) -> None:
        """Wait at most `seconds` until jobs can come. Raises the error of the last try."""

    @abstractmethod
    def new_worker(
        self, pool: PoolSettings, services: Prepared, *, is_draining: bool
    ) -> PoolWorker:
        """A worker for this pool, in its loop."""
