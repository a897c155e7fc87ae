"""Publishes claimed jobs to workers, and knows which of them have not come back."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Future
from operator import attrgetter
from typing import TYPE_CHECKING, cast
from uuid import UUID

from aiormq.abc import AbstractChannel
from pamqp.commands import Basic

from ...model.attempts.interruptions import TakenAway
from ...model.attempts.outcome import Outcome, released
from ...model.claimed import Claimed
from ...model.job import JobStatus
from ...model.text.logs import get_logger
from ...statements.outcomes import Attempt
from ...worker.interfaces import OutcomeSink, RunnerHost
from ...worker.run.execution import Running
from ..messages import LARGEST, VERSION, Claim, Jobs, Release, Stop, encode
from ..topology import (
    ALL,
    DATABASE,
    GATEWAY,
    JOBS,
    RETURNED_JOBS,
    job_queue,
)
from .fleet import Fleet
from .grouping import entry_of, grouped
from .link import Link, is_of_broker
from .pace import MOST_AWAY, Pace

if TYPE_CHECKING:
    from aiormq import Channel

_log = get_logger("conduit.gateway")

REFUSED = 0.5
"""Seconds until jobs are released whose message the broker did not take."""
PUT_OFF = 5.0
"""Seconds until a job is claimed again of which only workers of other queues have code."""

_queue_of = attrgetter("queue")
_queue_and_type_of = attrgetter("queue", "type")


class Publisher:
    """What a gateway's worker hands its claims to, in the place of a runner.

    All methods belong to the worker's loop.
    """

    def __init__(
        self,
        worker: RunnerHost,
        sink: OutcomeSink,
        fleet: Fleet,
        link: Link,
        pace: Pace,
        database: str,
        gateway: str,
    ) -> None:
        self._worker = worker
        self._sink = sink
        self._fleet = fleet
        self._link = link
        self._pace = pace
        self._database = database
        self._gateway = gateway
        self._number = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._by_queue: Counter[str] = Counter()
        self._in_batches: Counter[str] = Counter()
        self._batched: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._warned: set[tuple[str, str]] = set()
        self.on_stop: Callable[[], object] = bool
        self.held: dict[int, Claimed] = {}
        """The jobs that were published and have not come back, the oldest first.

        By the number of their id: Python's UUIDs are slow to hash and to compare.
        """

    @property
    def concurrency(self) -> int:
        """How many jobs the workers run at once."""
        return max(1, self._fleet.slots)

    @property
    def free(self) -> int:
        """How many more jobs may be on the way."""
        return sum(max(0, self.room_in(queue)) for queue in self._worker.queues)

    def room_in(self, queue: str, *, of_batches: bool = False) -> int:
        """How many more jobs of a queue may be on the way, of batch handlers or of others."""
        slots = self._fleet.slots_of(queue)
        if self._link.jobs is None or not slots:
            return 0
        cap = self._worker.queues[queue]
        left = MOST_AWAY if cap is None else cap - self._by_queue[queue]
        if of_batches:
            return left
        return min(left, self._pace.allowed(queue, slots) - self.held_of(queue))

    def held_of(self, queue: str) -> int:
        """How many jobs of a queue are on the way, but for those of batch handlers."""
        return self._by_queue[queue] - self._in_batches[queue]

    @property
    def room_in_batches(self) -> int:
        """How many more jobs of batch handlers may be on the way: those of each slot's batch."""
        largest = max((each.size for each in self._fleet.batched.values()), default=0)
        most = min(MOST_AWAY, largest * self._fleet.slots)
        return max(0, most - self._in_batches.total())

    @property
    def ready(self) -> Collection[object]:
        """Nothing: what waits for a worker is at the broker."""
        return ()

    @property
    def running(self) -> Collection[Running]:
        """Nothing: the workers' watches look after what runs."""
        return ()

    @property
    def is_idle(self) -> bool:
        """Whether everything that was published has come back."""
        return not self.held

    @property
    def is_stuck(self) -> bool:
        """Never: no job runs here."""
        return False

    def jobs(self) -> list[Claimed]:
        """Every job that was published and has not come back."""
        return [*self.held.values()]

    def take(self, jobs: list[Claimed], asked: float) -> None:
        """Publish claimed jobs in their order."""
        if not jobs:
            return
        channel = self._link.jobs
        if channel is None:
            for job in jobs:
                self._sink.add(Attempt(job, outcome=released))
            return
        if not all(self._fleet.runs(*pair) for pair in set(map(_queue_and_type_of, jobs))):
            jobs = [job for job in jobs if self._is_run(job)]
        self._by_queue.update(map(_queue_of, jobs))
        self.held |= {job.id.int: job for job in jobs}
        if batched := self._fleet.batched:
            for job in jobs:
                if job.type in batched:
                    self._batched.add(job.id.int)
                    self._in_batches[job.queue] += 1
        self._idle.clear()
        for band, together in grouped(jobs, self._size):
            self._number += 1
            self._pace.on_published(together[0].queue, len(together))
            task = asyncio.create_task(self._publish(channel, band, self._number, together))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_run(self, job: Claimed) -> bool:
        """Whether a worker of the job's queue runs it; otherwise it is put off."""
        if self._fleet.runs(job.queue, job.type):
            return True
        outcome = Outcome(JobStatus.PENDING, delay=PUT_OFF, counted=False)
        self._sink.add(Attempt(job, outcome=outcome))
        pair = (job.queue, job.type)
        if pair not in self._warned:
            self._warned.add(pair)
            _log.warning(
                "no worker of the queue %s runs jobs of %s, which workers of other queues do: they "
                "are put off",
                *pair,
            )
        return False

    def _size(self, queue: str, type: str) -> int:
        """How many jobs of a queue and a type share a message."""
        return self._pace.message_size(
            *(type, self._fleet.batched, queue),
            *(self._fleet.slots_of(queue), self._fleet.workers_of(queue)),
        )

    async def _publish(
        self, channel: AbstractChannel, band: str, number: int, jobs: list[Claimed]
    ) -> None:
        """Publish a message; what the broker does not confirm is claimed again."""
        first = jobs[0]
        if (size := _large(first.payload)) > LARGEST:
            self._refuse(first, size)
            return
        entries = [*map(entry_of, jobs)]
        message = Jobs(
            VERSION, self._database, self._gateway, number, first.queue, first.type, entries
        )
        properties = Basic.Properties(
            delivery_mode=2,
            message_type=RETURNED_JOBS,
            headers={DATABASE: self._database, GATEWAY: self._gateway},
        )
        try:
            await cast("Channel", channel).basic_publish(
                encode(message),
                exchange=JOBS,
                routing_key=job_queue(first.queue, band),
                properties=properties,
                mandatory=True,
                wait=False,  # or each would wait until the one before it has left the process
            )
        except BaseException as error:
            if not is_of_broker(error):
                raise
            await asyncio.sleep(REFUSED)
            for job in jobs:
                self.release_job(job)

    def _refuse(self, job: Claimed, size: int) -> None:
        error = f"the payload of {size:,} bytes is too large for a broker: run it by a worker "
        error += "that has the database, or store the data elsewhere and enqueue where it is"
        detail = {"attempt": job.attempts, "error": error}
        outcome = Outcome(JobStatus.FAILED, error=error, detail=detail)
        if self.came_back(job.id, job.token) is not None:
            self._sink.add(Attempt(job, outcome=outcome))

    def release_job(self, job: Claimed) -> None:
        """Release a job that no worker got."""
        if self.came_back(job.id, job.token) is not None:
            self._sink.add(Attempt(job, outcome=released))

    def holds(self, id: UUID, token: UUID) -> bool:
        """Whether a job was published on this claim and has not come back."""
        job = self.held.get(id.int)
        return job is not None and job.token.int == token.int

    def came_back(self, id: UUID, token: UUID) -> Claimed | None:
        """Take note that a job is not on the way any more; None when it was not."""
        number = id.int
        job = self.held.get(number)
        if job is None or job.token.int != token.int:
            return None
        del self.held[number]
        self._by_queue[job.queue] -= 1
        if self._batched and number in self._batched:
            self._batched.remove(number)
            self._in_batches[job.queue] -= 1
        if not self.held:
            self._idle.set()
        return job

    def release(self) -> None:
        """Have workers release what has not begun."""
        if self.held:
            self._link.tell(ALL, encode(Release(self._gateway, self._number)))

    def release_ready(self) -> None:
        """Nothing waits here."""

    def release_rescued(self) -> bool:
        """Nothing waits here."""
        return False

    def stop(self, reason: type[BaseException]) -> None:
        """Have workers stop everything, and release it, unless others have it already."""
        jobs = self.jobs()
        self.tell_stop([(job.id, job.token) for job in jobs])
        for job in jobs:
            if reason is TakenAway:
                self.came_back(job.id, job.token)
            else:
                self.release_job(job)
        if reason is not TakenAway:
            self.on_stop()

    def tell_stop(self, claims: list[Claim]) -> None:
        """Tell the workers that these jobs are no longer held."""
        if claims:
            self._link.tell(ALL, encode(Stop(claims)))

    async def until_idle(self, seconds: float) -> None:
        """Wait until everything has come back, for so many seconds at most."""
        if self.held and seconds > 0:
            await asyncio.wait([asyncio.ensure_future(self._idle.wait())], timeout=seconds)

    def linger(self, thread: "Future[None]") -> None:
        """No job runs here, so no thread outlives one."""

    def close(self) -> None:
        """No job comes any more."""


def _large(text: str) -> int:
    """The bytes of a text that may have more than can be published; 0 of one that cannot."""
    return len(text.encode()) if len(text) * 4 > LARGEST else 0
