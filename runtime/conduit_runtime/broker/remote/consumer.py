"""Takes jobs from the broker and hands them to the runner: urgent ones first, as slots are free."""

import asyncio
import time
from collections.abc import Container, Coroutine, Iterable
from itertools import chain
from operator import attrgetter
from typing import Any

from aiormq.abc import DeliveredMessage
from msgspec import MsgspecError

from ...model.attempts.outcome import released
from ...model.claimed import Claimed
from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...statements.outcomes import Attempt
from ...worker.interfaces import AttemptRunner, RunnerHost
from ...worker.run.handlers import HandlerRegistry
from ..decoding import decode_jobs
from ..messages import VERSION, Claim, Redelivered, encode
from ..topology import BANDS, REQUESTS, to_all
from .deliveries import Arrivals, Deliveries, Delivery
from .entries import claimed_jobs
from .job_queue import JobQueue
from .outcome_publisher import OutcomePublisher
from .sessions import Lost, Session

_log = get_logger("conduit.worker")

GLANCE = 0.1
"""Seconds between checks of what waits here."""
REPORTS = 20
"""Tries to report redelivered jobs, before they are left to their leases."""

_rescues_of = attrgetter("rescues")


class Consumer:
    """The messages that came and wait, and the queues that they come from.

    A job that cannot start while it is fresh is released, so that another worker runs
    it. If the loop was blocked for that long, the messages that are read next may have arrived that
    long ago, so their jobs are released, too.
    """

    def __init__(
        self,
        worker: RunnerHost,
        registry: HandlerRegistry,
        runner: AttemptRunner,
        sink: OutcomePublisher,
        deliveries: Deliveries,
    ) -> None:
        self._worker = worker
        self._timing = worker.timing
        self._registry = registry
        self._runner = runner
        self._sink = sink
        self._deliveries = deliveries
        backoffs = {
            name: Backoff(_log, f"the queue {name} cannot be consumed", longest=1.0)
            for name in worker.queues
        }
        self._bands = [
            [JobQueue(name, band, self._prefetch(cap), self._on_message, backoffs[name])
             for name, cap in worker.queues.items()]
            for band in BANDS
        ]  # fmt: skip
        self._waiting = 0
        self._session: Session | None = None
        self._reports: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._taken = self._busy = self._glanced = time.monotonic()
        self._late_until = 0.0
        self._released: dict[str, int] = {}

    def _prefetch(self, cap: int | None) -> int:
        """The fewest messages that may be held: for each slot, and to fill each batch."""
        slots = self._worker.concurrency if cap is None else min(cap, self._worker.concurrency)
        return slots + sum(each.size for each in self._registry.batched.values())

    @property
    def _queues(self) -> Iterable[JobQueue]:
        return (each for band in self._bands for each in band)

    async def consume(self, session: Session) -> None:
        """Take jobs over a connection until cancelled; takes none if the worker stops."""
        self._session = session
        if self._stopping.is_set():
            return
        async with asyncio.TaskGroup() as tasks:
            for queue in self._queues:
                tasks.create_task(queue.run(session.connection))

    def on_lost(self) -> None:
        """The connection is gone: the broker redelivers the jobs that have not ended."""
        self._session = None
        self.release()

    def _on_message(self, queue: JobQueue, arrivals: Arrivals, message: DeliveredMessage) -> None:
        """Note a message, and hand on its jobs if there are slots."""
        tag = message.delivery_tag
        assert tag is not None
        arrivals.acks.delivered(tag)
        try:
            jobs = decode_jobs(message.body)
            if jobs.version != VERSION:
                raise MsgspecError(f"it has version {jobs.version}, not {VERSION}")
            claimed = claimed_jobs(jobs)
        except (MsgspecError, UnicodeDecodeError) as error:
            _log.error("a message of jobs cannot be read, and is returned: %s", error)
            self._report(self._return(arrivals, tag))
            return
        self._busy = now = time.monotonic()
        delivery = Delivery(arrivals, tag, jobs, claimed, now)
        self._deliveries.add(delivery)
        if message.redelivered:
            self._report(self._report_redelivered(delivery))
        elif (
            self._stopping.is_set()
            or jobs.type not in self._registry
            or now < self._late_until
            or jobs.number <= self._released.get(jobs.gateway, -1)
        ):
            self._release(claimed)
        else:
            queue.waiting.append(delivery)
            self._waiting += 1
            self._hand_on()

    async def _return(self, arrivals: Arrivals, tag: int) -> None:
        await asyncio.sleep(self._timing.unread)
        await arrivals.reject(tag)

    def _report(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _report_redelivered(self, delivery: Delivery) -> None:
        """Ask the gateways to find out what became of jobs that were delivered before."""
        jobs = [*delivery.waiting]
        claims = [(job.id, job.token) for job in jobs]
        session = self._session
        for _ in range(REPORTS):
            if session is None or session is not self._session:
                break  # they come again over the next connection
            report = encode(Redelivered(VERSION, session.worker, claims))
            try:
                await session.publish(REQUESTS, to_all(delivery.database), report)
                break
            except Lost:  # no gateway is there
                await asyncio.sleep(self._timing.patience)
        self._sink.drop(jobs)

    def on_capacity(self) -> None:
        self._busy = time.monotonic()
        if self._waiting:
            self._hand_on()

    def _hand_on(self) -> None:
        """Hand jobs to the runner while it has free slots."""
        runner = self._runner
        while self._waiting and runner.free > 0 and (found := self._next()) is not None:
            delivery, room = found
            waiting = delivery.waiting
            jobs = [waiting.popleft() for _ in range(min(room, len(waiting)))]
            self._taken = time.monotonic()
            runner.take(jobs, delivery.arrived)
            if any(map(_rescues_of, jobs)):
                runner.release_rescued()

    def _next(self) -> tuple[Delivery, int] | None:
        """The most urgent message that waits, and how many of its jobs may be taken.

        The queues of a band take turns.
        """
        for band in self._bands:
            for place, queue in enumerate(band):
                if not queue.waiting:
                    continue
                delivery = queue.waiting[0]
                room = len(delivery.waiting)
                room = min(room, self._runner.room_in(queue.name))
                if room <= 0:
                    continue
                if room == len(delivery.waiting):
                    queue.waiting.popleft()
                    self._waiting -= 1
                band.append(band.pop(place))
                return delivery, room
        return None

    def release_of(self, gateway: str, up_to: int) -> None:
        """Release what has not begun, and messages up to `up_to` of a gateway that arrive later."""
        self._released[gateway] = up_to
        self.release()

    def holds(self, claims: Container[Claim]) -> bool:
        """Whether one of these jobs waits here or in the runner."""
        waiting = (job for queue in self._queues for each in queue.waiting for job in each.waiting)
        return any((job.id, job.token) in claims for job in chain(waiting, self._runner.jobs()))

    def release(self) -> None:
        """Release everything that has not begun."""
        for queue in self._queues:
            while queue.waiting:
                self._release(queue.waiting.popleft().waiting)
        self._waiting = 0
        self._runner.release()

    def _release(self, jobs: Iterable[Claimed]) -> None:
        for job in jobs:
            self._sink.add(Attempt(job, outcome=released))

    def stop(self) -> None:
        """Hand on no more jobs."""
        self._stopping.set()

    async def run(self) -> None:
        """Release jobs that wait for too long until stopped or, when draining, until none comes."""
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(GLANCE):
                    await self._stopping.wait()
            except TimeoutError:
                if self._glance(time.monotonic()):
                    return

    def _glance(self, now: float) -> bool:
        """Release jobs that wait for too long; True when a worker that drains has nothing to do."""
        fresh = self._timing.fresh
        if now - self._glanced > fresh:
            self._late_until = now + fresh / 2
        self._glanced = now
        for queue in self._queues:
            if queue.measure(now):
                self._report(queue.resize())
        for queue in self._queues:
            while queue.waiting and now - queue.waiting[0].arrived > fresh:
                self._release(queue.waiting.popleft().waiting)
                self._waiting -= 1
        if self._runner.ready and now - self._taken >= self._timing.patience:
            self._runner.release_ready()
        self._hand_on()
        is_idle = self._runner.is_idle and self._sink.is_idle and not self._waiting
        if not is_idle or self._session is None:
            self._busy = now
        return self._worker.is_draining and now - self._busy > self._timing.quiet

    async def cancel(self) -> None:
        """Tell the broker to send no more over the present connection."""
        await asyncio.gather(*(each.cancel() for each in self._queues), return_exceptions=True)
