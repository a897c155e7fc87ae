"""What the parts of a worker ask of each other.

A worker has two halves. One claims jobs and writes outcomes, the other runs attempts. The halves
know each other by the first three classes here, so either can be replaced: a gateway has another
runner, and a worker without a database another sink. Where a worker comes from is the third thing
that differs: a pool asks a WorkerFactory.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from ..job_types.host import Host
from ..model.claimed import Claimed
from ..model.lanes import Lane
from ..model.queues.controls import SourceLimits
from ..model.type_description import DescribedType
from ..services.protocols import Prepared
from ..statements.outcomes import Attempt, Written
from .metrics import Metrics
from .timing import Timing

if TYPE_CHECKING:
    from .run.execution import HeldJob, Running
    from .run.handler import Batching

H = TypeVar("H", bound="HeldJob")


class AttemptRunner(ABC):
    """Runs claimed jobs, and adds their outcomes to a sink.

    `ready` has the jobs and batches that were taken and have not begun, `running` those that run
    here and wait for something.
    """

    ready: Collection[object]
    running: "Collection[Running]"

    @property
    @abstractmethod
    def concurrency(self) -> int:
        """The most jobs that run at once."""

    @property
    @abstractmethod
    def free(self) -> int:
        """How many more jobs could start at once."""

    @abstractmethod
    def room_in(self, queue: str, *, of_batches: bool = False) -> int:
        """How many more jobs of a queue may be held, of batch handlers or of others."""

    @property
    @abstractmethod
    def room_in_batches(self) -> int:
        """How many more jobs of batch handlers would fill a batch of each type."""

    @property
    @abstractmethod
    def is_idle(self) -> bool:
        """Whether nothing runs or waits to run."""

    @property
    @abstractmethod
    def is_stuck(self) -> bool:
        """Whether no job can start until a thread of a stopped attempt ends."""

    @abstractmethod
    def jobs(self) -> Sequence[Claimed]:
        """Every job that is held here."""

    @abstractmethod
    def take(self, jobs: list[Claimed], asked: float) -> None:
        """Run claimed jobs in their order; the claim was sent at the monotonic time `asked`."""

    @abstractmethod
    def release(self) -> None:
        """Release the jobs that have not begun."""

    @abstractmethod
    def release_ready(self) -> None:
        """Release the jobs that wait for a slot."""

    @abstractmethod
    def release_rescued(self) -> bool:
        """Release jobs that were rescued before and would wait; returns whether any were."""

    @abstractmethod
    def stop(self, reason: type[BaseException]) -> None:
        """Stop the jobs that run, each for this reason."""

    @abstractmethod
    async def until_idle(self, seconds: float) -> None:
        """Wait at most `seconds` until the jobs that run now have ended."""

    @abstractmethod
    def linger(self, thread: "Future[None]") -> None:
        """Keep the slot of a stopped attempt, until its thread ends."""

    @abstractmethod
    def close(self) -> None:
        """Take no more jobs; called when nothing runs any more."""


class ApartSink(ABC):
    """Writes outcomes that others should not wait for."""

    @abstractmethod
    async def begin(self, attempt: Attempt) -> bool:
        """Write that an attempt begins; False when its job is not held, or has expired."""

    @abstractmethod
    async def write(self, attempt: Attempt) -> None:
        """Write an outcome without delaying others; returns once it is written or refused."""


class OutcomeSink(ABC):
    """Takes the outcomes of attempts, and holds them until they are written.

    `apart` is the writer of outcomes that others should not wait for.
    """

    apart: ApartSink

    @abstractmethod
    def add(self, attempt: Attempt) -> None:
        """Write the outcome of an attempt soon."""

    @abstractmethod
    def note_completed(self, attempt: Attempt, written: Written) -> None:
        """Report a completion that has committed together with the job's last writes."""

    @abstractmethod
    async def mark_started(self, attempts: list[Attempt]) -> set[UUID]:
        """Write that these attempts began; returns the ids of the jobs that are still held."""

    async def lost_among(self, jobs: "Sequence[H]") -> "list[H]":
        """Write that these jobs run; returns the jobs that are not held any more.

        `mark_started` returns ids, so two attempts of one job are written one after the other.
        """
        lost = []
        while jobs:
            now = time.monotonic()
            asked = {each.job.id.int: each for each in jobs}
            held = await self.mark_started([Attempt(e.job, e.age(now)) for e in asked.values()])
            lost += [each for each in asked.values() if each.job.id not in held]
            jobs = [each for each in jobs if asked[each.job.id.int] is not each]
        return lost


class Registry(ABC):
    """The job types that a worker, or the workers behind a gateway, have code for."""

    @property
    @abstractmethod
    def batched(self) -> "Mapping[str, Batching]":
        """The types whose handlers run several jobs in one call."""

    @abstractmethod
    def types(self) -> list[str]:
        """The job types."""

    @abstractmethod
    def retired(self) -> Collection[str]:
        """The types that the code had, and whose jobs it no longer runs."""

    @abstractmethod
    def lanes(self) -> list[Lane]:
        """Every (type, fingerprint) that can be run."""

    @abstractmethod
    def descriptions(self) -> list[DescribedType]:
        """The types' descriptions for the dashboard."""

    @abstractmethod
    def limits(self) -> dict[str, SourceLimits]:
        """The limits that the code gives its types, by type."""

    @abstractmethod
    def may_read(self, lane: Lane) -> bool:
        """Whether some code for the type has not found jobs of this lane unreadable."""

    @abstractmethod
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
