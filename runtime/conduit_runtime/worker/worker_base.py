"""What the parts of a worker with a database share, and what they tell the worker."""

from abc import abstractmethod
from collections.abc import Collection, Sequence

from ..model.lanes import Lane
from ..model.queues.controls import Controls
from ..schedules.ticker import Ticker
from ..services.protocols import Prepared
from ..statements.many.expiry import Expired
from ..statements.outcomes import Attempt, Written
from ..statements.worker_registry import Rescued
from .acknowledge.flow_advancer import FlowAdvancer
from .interfaces import Registry, RunnerHost
from .pool_settings import PoolSettings
from .run.failures import FailureReporter


class WorkerBase(RunnerHost):
    """A worker with a database, as its parts see it; `registry` has the types that it claims."""

    flows: FlowAdvancer
    failures: FailureReporter
    ticker: Ticker
    others: int = 0
    """How many other workers lived at the last heartbeat, which a thread sends."""

    def __init__(
        self, pool: PoolSettings, services: Prepared, registry: Registry, *, is_draining: bool
    ) -> None:
        self.queues = pool.queues
        self.registry = registry
        self.services = services
        self.metrics = pool.metrics
        self.recorder = pool.recorder
        self.concurrency = pool.workers
        self.retention = pool.retention
        self.timing = pool.timing
        self.is_draining = is_draining

    @property
    @abstractmethod
    def name(self) -> str:
        """The name under which the worker holds its jobs."""

    @property
    @abstractmethod
    def version(self) -> str:
        """What operators see as the worker's version."""

    @property
    @abstractmethod
    def reports_failures(self) -> bool:
        """Whether the worker can report jobs that others ended as failed."""

    @abstractmethod
    def lanes(self) -> list[Lane]:
        """The lanes that the worker claims: those it handles, and those no live worker knows."""

    def count_expired(self, expired: Expired) -> None:
        """Count jobs that have expired; called in the worker's loop."""
        for key, count in expired.items():
            self.recorder.counters(*key).expired += count

    @abstractmethod
    def on_idle(self) -> None:
        """No outcome is left to be written: the queues may be drained."""

    @abstractmethod
    def on_written(self, attempts: Sequence[Attempt], written: Written) -> None:
        """Outcomes of these attempts are committed; `written` has those that were still held."""

    @abstractmethod
    def on_controls(self, controls: Controls) -> None:
        """Operators paused, resumed or limited queues."""

    @abstractmethod
    def on_limited(self) -> None:
        """The limits of other types have been applied: their jobs may be claimed now."""

    @abstractmethod
    def on_refused(self, queues: Collection[str]) -> None:
        """Postgres refused the claims of jobs in these queues, to this worker or others."""

    @abstractmethod
    def on_server(self, server: float) -> None:
        """Another server leads, started at this time: the old one may be frozen."""

    @abstractmethod
    def abandon_all(self) -> None:
        """Stop all jobs: others took this worker for dead and have its jobs."""

    @abstractmethod
    def count_failed(self, jobs: Sequence[Rescued]) -> None:
        """Count these failed jobs: the worker that they killed cannot."""
