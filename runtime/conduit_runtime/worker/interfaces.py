"""What a worker asks of its pool, and what its parts ask of the worker."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ..job_types.context import Host
from ..model.attempts.failed_job import FailedJob
from ..model.lanes import Lane
from ..model.queues.controls import Controls
from ..model.queues.retention import Retention
from ..schedules.ticker import Ticker
from ..services.protocols import Prepared
from ..statements.outcomes import Attempt, Written
from ..statements.worker_registry import Rescued
from ..telemetry.attempt_counters import Recorder
from .acknowledge.flow_advancer import FlowAdvancer
from .metrics import Metrics
from .run.around import AroundHooks
from .run.failures import OnFailed
from .run.handlers import HandlerRegistry

if TYPE_CHECKING:
    from ..telemetry.tracing import TracerProvider


class PoolInterface(Protocol):
    """A pool, as its worker sees it."""

    dsn: str
    schema: str | None
    queues: dict[str, int | None]
    handlers: HandlerRegistry
    workers: int
    metrics: Metrics
    recorder: Recorder
    failure_hook: OnFailed | None
    hooks: AroundHooks
    tracer_provider: "TracerProvider | None"
    retention: Retention


class WorkerInterface(Host, Protocol):
    """A worker, as its parts see it."""

    queues: dict[str, int | None]
    registry: HandlerRegistry
    services: Prepared
    concurrency: int
    is_draining: bool
    metrics: Metrics
    recorder: Recorder
    flows: FlowAdvancer
    ticker: Ticker
    retention: Retention

    @property
    def name(self) -> str:
        """The name under which the worker holds its jobs."""

    @property
    def reports_failures(self) -> bool:
        """Whether the worker can report jobs that others ended as failed."""

    def lanes(self) -> list[Lane]:
        """What the worker claims."""

    def on_capacity(self) -> None:
        """A job ended: there may be capacity for another."""

    def on_idle(self) -> None:
        """No outcome is left to be written: the queues may be drained."""

    def on_written(self, attempts: Sequence[Attempt], written: Written) -> None:
        """Outcomes of these attempts are committed."""

    def on_controls(self, controls: Controls) -> None:
        """Operators paused, resumed or limited queues."""

    def abandon_all(self) -> None:
        """Stop all jobs: others took this worker for dead and have its jobs."""

    def count_failed(self, jobs: Sequence[Rescued]) -> None:
        """Count these jobs: the worker that they killed cannot."""

    def report_failed(self, jobs: Sequence[FailedJob], name: str) -> None:
        """Report jobs that a rescue ended as failed, taken over under a name."""
