"""Publishes claimed jobs to workers, and knows which of them have not come back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from aiormq.abc import AbstractChannel
from pamqp.commands import Basic

from ...model.attempts.interruptions import TakenAway
from ...model.attempts.outcome import Outcome, released
from ...model.claimed import Claimed
from ...model.job import JobStatus
from ...model.text.logs import get_logger
from ...statements.outcomes import Attempt
from ...worker.interfaces import AttemptRunner, OutcomeSink, RunnerHost
from ..messages import LARGEST, VERSION, Jobs, Release, encode
from ..topology import ALL, DATABASE, GATEWAY, JOBS, RETURNED_JOBS, job_queue
from .failures import of_large_job
from .fleet import Fleet
from .grouping import entry_of, grouped
from .in_flight import InFlight
from .link import Link, is_of_broker
from .pace import MOST_AWAY, Pace

if TYPE_CHECKING:
    from aiormq import Channel

_log = get_logger("conduit.gateway")

REFUSED = 0.5
"""Seconds until the jobs of a message that the broker did not take are released."""
PUT_OFF = 5.0
"""Seconds until a job is claimed again if only workers of other queues have code for it."""

_queue_and_type_of = attrgetter("queue", "type")


class Publisher(AttemptRunner):
    """Takes the claims of a gateway's worker, in the place of a runner.

    Jobs that wait for a worker are at the broker, and the workers watch the jobs that run.

    All methods belong to the worker's loop.
    """

    ready = ()
    running = ()
    is_stuck = False

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
        self._tasks: set[asyncio.Task[None]] = set()
        self._warned: set[tuple[str, str]] = set()
        self.on_stop: Callable[[], object] = bool
        self.in_flight = InFlight(worker.on_capacity)

    @property
    def concurrency(self) -> int:
        """The jobs that the workers run at once; 1 if there are no workers."""
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
        left = MOST_AWAY if cap is None else cap - self.in_flight.of_queue(queue)
        if of_batches:
            return left
        return min(left, self._pace.allowed(queue, slots) - self.in_flight.alone_of(queue))

    @property
    def room_in_batches(self) -> int:
        """How many more jobs of batch handlers may be on the way: a batch for each slot."""
        largest = max((each.size for each in self._fleet.batched.values()), default=0)
        most = min(MOST_AWAY, largest * self._fleet.slots)
        return max(0, most - self.in_flight.in_batches)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was published has come back."""
        return not self.in_flight.jobs

    def jobs(self) -> list[Claimed]:
        """Every job that was published and has not come back."""
        return [*self.in_flight.jobs.values()]

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
        self._link.send_stop(self.in_flight.add(jobs, self._fleet.batched))
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
                "no worker of the queue %s runs jobs of %s, but workers of other queues do: these "
                "jobs wait until a worker of their queue has code for them",
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
        """Publish a message; release its jobs if the broker does not confirm it."""
        first = jobs[0]
        entries = [*map(entry_of, jobs)]
        message = Jobs(
            VERSION, self._database, self._gateway, number, first.queue, first.type, entries
        )
        body = encode(message)
        if len(body) > LARGEST:
            if len(jobs) == 1:
                self._end(first, of_large_job(len(body), first.attempts))
            else:
                for job in jobs:
                    await self._publish(channel, band, number, [job])
            return
        properties = Basic.Properties(
            delivery_mode=2,
            message_type=RETURNED_JOBS,
            headers={DATABASE: self._database, GATEWAY: self._gateway},
        )
        try:
            await cast("Channel", channel).basic_publish(
                body,
                exchange=JOBS,
                routing_key=job_queue(first.queue, band),
                properties=properties,
                mandatory=True,
                wait=False,  # otherwise each waits until the one before has left the process
            )
        except BaseException as error:
            if not is_of_broker(error):
                raise
            await asyncio.sleep(REFUSED)
            for job in jobs:
                self.release_job(job)

    def release_job(self, job: Claimed) -> None:
        """Release a job that no worker got."""
        self._end(job, released)

    def _end(self, job: Claimed, outcome: Outcome) -> None:
        if self.in_flight.came_back(job.id, job.token) is not None:
            self._sink.add(Attempt(job, outcome=outcome))

    def release(self) -> None:
        """Tell workers to release the jobs that have not begun."""
        if self.in_flight.jobs:
            self._link.send(ALL, encode(Release(self._gateway, self._number)))

    def release_ready(self) -> None: ...

    def release_rescued(self) -> bool:
        return False

    def linger(self, thread: "Future[None]") -> None: ...

    def close(self) -> None: ...

    def stop(self, reason: type[BaseException]) -> None:
        """Tell workers to stop all jobs, and release the jobs unless others have taken them."""
        jobs = self.jobs()
        self._link.send_stop([(job.id, job.token) for job in jobs])
        for job in jobs:
            if reason is TakenAway:
                self.in_flight.came_back(job.id, job.token)
            else:
                self.release_job(job)
        if reason is not TakenAway:
            self.on_stop()

    async def until_idle(self, seconds: float) -> None:
        """Wait at most `seconds` until everything has come back."""
        await self.in_flight.until_empty(seconds)
