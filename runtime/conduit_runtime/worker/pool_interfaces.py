"""What a pool, its worker, and the source of the worker's jobs ask of each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from ..job_types.job_type import JobType
from ..model.queues.retention import Retention
from ..model.schedules.schedule import Schedule
from ..services.protocols import Prepared
from ..telemetry.attempt_counters import Recorder
from .metrics import Metrics
from .run.around import AroundHooks
from .run.failures import OnFailed
from .run.handlers import HandlerRegistry
from .timing import Timing

if TYPE_CHECKING:
    from ..telemetry.tracing import TracerProvider


class PoolInterface(Protocol):
    """A pool, as its worker and the code that starts the worker see it."""

    job_types: Sequence[JobType[Any, Any]]
    handlers: HandlerRegistry
    workers: int
    services: object
    schedules: Sequence[Schedule]
    grace: float
    connect_timeout: float
    metrics: Metrics
    recorder: Recorder
    failure_hook: OnFailed | None
    hooks: AroundHooks
    tracer_provider: "TracerProvider | None"
    retention: Retention
    timing: ClassVar[Timing]

    @property
    def queues(self) -> dict[str, int | None]:
        """The queues that are served, each with its most jobs at once."""


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


@runtime_checkable
class WorkerFactory(Protocol):
    """Makes the worker of a pool, and knows where its jobs come from.

    `dsn` and `schema` are those of the queue, None where the pool does not know its database.
    """

    dsn: str | None
    schema: str | None

    async def reach(self, seconds: float) -> None:
        """Wait at most `seconds` until jobs can come. Raises the error of the last try."""

    def new_worker(
        self, pool: PoolInterface, services: Prepared, *, is_draining: bool
    ) -> PoolWorker:
        """A worker for this pool, in its loop."""
