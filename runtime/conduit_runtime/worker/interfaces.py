"""What the parts of a worker ask of each other.

A worker has two halves. One claims jobs and writes outcomes, the other runs attempts. The halves
know each other by the first three protocols here, so either can be replaced: a gateway has another
runner, and a worker without a database another sink.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol
from uuid import UUID

from ..job_types.context import Host
from ..model.claimed import Claimed
from ..model.lanes import Lane
from ..model.queues.controls import Controls, SourceLimits
from ..model.queues.retention import Retention
from ..model.type_description import DescribedType
from ..schedules.ticker import Ticker
from ..services.protocols import Prepared
from ..statements.outcomes import Attempt, Written
from ..statements.worker_registry import Rescued
from ..telemetry.attempt_counters import Recorder
from .acknowledge.flow_advancer import FlowAdvancer
from .metrics import Metrics
from .run.batching import Batching
from .run.execution import Running
from .run.failures import FailureReporter
from .timing import Timing


class AttemptRunner(Protocol):
    """Runs claimed jobs, and adds their outcomes to a sink."""

    @property
    def concurrency(self) -> int:
        """The most jobs that run at once."""

    @property
    def ready(self) -> Collection[object]:
        """The jobs and batches that were taken and have not begun."""

    @property
    def running(self) -> Collection[Running]:
        """The jobs and batches that run here and wait for something."""

    @property
    def free(self) -> int:
        """How many more jobs could start at once."""

    def room_in(self, queue: str, *, of_batches: bool = False) -> int:
        """How many more jobs of a queue may be held, of batch handlers or of others."""

    @property
    def room_in_batches(self) -> int:
        """How many more jobs of batch handlers would fill a batch of each type."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs or waits to run."""

    @property
    def is_stuck(self) -> bool:
        """Whether no job can start until a thread of a stopped attempt ends."""

    def jobs(self) -> Sequence[Claimed]:
        """Every job that is held here."""

    def take(self, jobs: list[Claimed], asked: float) -> None:
        """Run claimed jobs in their order; the claim was sent at the monotonic time `asked`."""

    def release(self) -> None:
        """Release the jobs that have not begun."""

    def release_ready(self) -> None:
        """Release the jobs that wait for a slot."""

    def release_rescued(self) -> bool:
        """Release jobs that were rescued before and would wait; returns whether any were."""

    def stop(self, reason: type[BaseException]) -> None:
        """Stop the jobs that run, each for this reason."""

    async def until_idle(self, seconds: float) -> None:
        """Wait at most `seconds` until the jobs that run now have ended."""

    def linger(self, thread: "Future[None]") -> None:
        """Keep the slot of a stopped attempt, until its thread ends."""

    def close(self) -> None:
        """Take no more jobs; called when nothing runs any more."""


class ApartSink(Protocol):
    """Writes outcomes that others should not wait for."""

    async def begin(self, attempt: Attempt) -> bool:
        """Write the start of an attempt; False when its job is not held."""

    async def write(self, attempt: Attempt) -> None:
        """Write an outcome without delaying others; returns once it is written or refused."""


class OutcomeSink(Protocol):
    """Takes the outcomes of attempts, and holds them until they are written."""

    @property
    def apart(self) -> ApartSink:
        """The writer of outcomes that others should not wait for."""

    def add(self, attempt: Attempt) -> None:
        """Write the outcome of an attempt soon."""

    async def mark_started(self, attempts: list[Attempt]) -> set[UUID]:
        """Write that these attempts began; returns the ids of the jobs that are still held."""


class Registry(Protocol):
    """The job types that a worker, or the workers behind a gateway, have code for."""

    @property
    def batched(self) -> Mapping[str, Batching]:
        """The types whose handlers run several jobs in one call."""

    def types(self) -> list[str]:
        """The job types."""

    def retired(self) -> Collection[str]:
        """The types that the code had, and whose jobs it no longer runs."""

    def lanes(self) -> list[Lane]:
        """Every (type, fingerprint) that can be run."""

    def descriptions(self) -> list[DescribedType]:
        """The types' descriptions for the dashboard."""

    def limits(self) -> dict[str, SourceLimits]:
        """The limits that the code gives its types, by type."""

    def may_read(self, lane: Lane) -> bool:
        """Whether some code for the type has not found jobs of this lane unreadable."""

    def __contains__(self, type: object) -> bool: ...


class RunnerHost(Host, Protocol):
    """A worker, as its runner sees it."""

    queues: dict[str, int | None]
    services: Prepared
    concurrency: int
    is_draining: bool
    metrics: Metrics
    timing: Timing

    def on_capacity(self) -> None:
        """A job ended: there may be capacity for another."""


class WorkerInterface(RunnerHost, Protocol):
    """A worker with a database, as its parts see it."""

    failures: FailureReporter
    flows: FlowAdvancer
    ticker: Ticker
    recorder: Recorder
    retention: Retention

    @property
    def registry(self) -> Registry:
        """The job types that are claimed."""

    @property
    def name(self) -> str:
        """The name under which the worker holds its jobs."""

    @property
    def version(self) -> str:
        """What operators see as the worker's version."""

    @property
    def reports_failures(self) -> bool:
        """Whether the worker can report jobs that others ended as failed."""

    def lanes(self) -> list[Lane]:
        """The lanes that the worker claims."""

    def on_idle(self) -> None:
        """No outcome is left to be written: the queues may be drained."""

    def on_written(self, attempts: Sequence[Attempt], written: Written) -> None:
        """Outcomes of these attempts are committed."""

    def on_controls(self, controls: Controls) -> None:
        """Operators paused, resumed or limited queues."""

    def on_server(self, server: float) -> None:
        """The heartbeat's connection now leads to the server that was started at this time."""

    def abandon_all(self) -> None:
        """Stop all jobs: others took this worker for dead and have its jobs."""

    def count_failed(self, jobs: Sequence[Rescued]) -> None:
        """Count these failed jobs: the worker that they killed cannot."""
