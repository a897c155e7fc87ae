"""Hands the outcomes that come from workers to the acknowledger."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from aiormq.abc import AbstractChannel, DeliveredMessage
from msgspec import MsgspecError

from ...model.attempts.outcome import released
from ...model.claimed import Claimed
from ...model.job import JobStatus
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger
from ...statements.outcomes import Attempt
from ...statements.results import Result
from ...worker.interfaces import OutcomeSink
from ..decoding import (
    Malformed,
    Unread,
    claims_in,
    decode_each_outcome,
    decode_jobs,
    decode_outcomes,
)
from ..messages import VERSION, Claim, OutcomeEntry
from ..topology import RETURNED_JOBS
from .failures import of_refused_children, of_unread
from .fleet import Fleet
from .in_flight import InFlight
from .link import Link
from .pace import Pace

_log = get_logger("conduit.gateway")

AT_ONCE = 100
"""The most messages whose outcomes are not written yet; others wait at the broker."""
REMEMBERED = 10_000
"""The most failed jobs whose workers are remembered."""
_STATUSES = {JobStatus.PENDING, JobStatus.FAILED}


class _Arrived:
    """A message, and how many of its outcomes are not written yet."""

    __slots__ = ("channel", "left", "tag")

    def __init__(self, channel: AbstractChannel, tag: int) -> None:
        self.channel = channel
        self.tag = tag
        self.left = 0


class OutcomeConsumer:
    """Acknowledges a message to the broker once all its outcomes are written or refused.

    An outcome that cannot be read is that of a failed attempt. Of a message that cannot be read,
    `doubt` is told the claims, and returned jobs are released.

    All methods belong to the worker's loop.
    """

    def __init__(
        self,
        sink: OutcomeSink,
        in_flight: InFlight,
        fleet: Fleet,
        link: Link,
        pace: Pace,
        doubt: Callable[[Sequence[Claim]], object],
    ) -> None:
        self._sink = sink
        self._in_flight = in_flight
        self._fleet = fleet
        self._link = link
        self._pace = pace
        self._doubt = doubt
        self._arrived: dict[Claimed, _Arrived] = {}
        self._consuming: dict[str, AbstractChannel] = {}
        self.ran_by: dict[UUID, str] = {}
        """The workers of jobs that failed lately and were not reported yet."""

    @property
    def is_behind(self) -> bool:
        """Whether further messages may wait at the broker."""
        return len({*self._arrived.values()}) >= AT_ONCE

    async def consume(self, channel: AbstractChannel, queues: Sequence[str]) -> None:
        """Take messages from these queues, on a new channel."""
        self._arrived.clear()
        self._consuming.clear()
        await channel.basic_qos(prefetch_count=AT_ONCE)
        for queue in queues:
            ok = await channel.basic_consume(queue, self._on_message)
            if ok.consumer_tag is not None:
                self._consuming[ok.consumer_tag] = channel

    def stop(self) -> None:
        """Take no more messages: other gateways write those outcomes."""
        for tag, channel in self._consuming.items():
            self._link.spawn(channel.basic_cancel(tag))
        self._consuming.clear()

    async def _on_message(self, message: DeliveredMessage) -> None:
        tag = message.delivery_tag
        assert tag is not None
        arrived = _Arrived(message.channel, tag)
        is_returned = message.header.properties.message_type == RETURNED_JOBS
        try:
            if is_returned:
                self._take_returned(message, arrived)
            else:
                self._take_outcomes(message.body, arrived)
        except MsgspecError as error:
            claims = claims_in(message.body)
            _log.error(
                "a message of %d %s cannot be read by this gateway: %s",
                *(len(claims), "jobs" if is_returned else "outcomes", error),
            )
            if is_returned:
                for claim in claims:
                    if (job := self._in_flight.came_back(*claim)) is not None:
                        self._add(Attempt(job, outcome=released), job, arrived)
            else:
                self._doubt(claims)
        if not arrived.left:
            self._ack(arrived)

    def _add(self, attempt: Attempt, job: Claimed, arrived: _Arrived) -> None:
        arrived.left += 1
        self._arrived[job] = arrived
        self._sink.add(attempt)

    def _take_returned(self, message: DeliveredMessage, arrived: _Arrived) -> None:
        """Release jobs that found no worker in time; doubt those whose worker may be dead."""
        jobs = decode_jobs(message.body)
        if _was_lost(message):
            self._doubt([(entry.id, entry.token) for entry in jobs.jobs])
            return
        for entry in jobs.jobs:
            job = self._in_flight.came_back(entry.id, entry.token) or Claimed(
                *(entry.token, entry.id, jobs.type, jobs.queue),
                attempts=entry.attempts,
                max_attempts=entry.max_attempts,
                run_at=entry.run_at,
                flow=entry.flow,
            )
            self._add(Attempt(job, outcome=released), job, arrived)

    def _take_outcomes(self, body: bytes, arrived: _Arrived) -> None:
        try:
            message = decode_outcomes(body)
        except Malformed:
            message, refused = decode_each_outcome(body)
            for unread, error in refused:
                self._take_unread(unread, str(error), arrived)
        if message.version != VERSION:
            raise MsgspecError(f"its version is {message.version}")
        now = time.monotonic()
        came_back = self._in_flight.came_back
        lasted: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for entry in message.outcomes:
            if entry.outcome is not None and entry.outcome.status not in _STATUSES:
                whose = Unread(entry.id, entry.token, entry.type, entry.queue)
                self._take_unread(whose, f"it is {entry.outcome.status.value}", arrived)
                continue
            job = came_back(entry.id, entry.token)
            started = None if entry.ago is None else now - entry.ago
            if job is None:
                job = _of_another_gateway(entry)
            elif started is not None:
                lasted[job.queue, job.type].append(entry.elapsed)
            if entry.outcome is None and not entry.children and entry.result is None:
                attempt = Attempt(job, entry.elapsed, None, (), None, started, entry.has_steps)
                self._add(attempt, job, arrived)
            else:
                self._add(self._attempt(entry, job, started, message.worker), job, arrived)
        for (queue, type_), seconds in lasted.items():
            self._pace.learn(type_, sum(seconds) / len(seconds))
            self._pace.on_ended(queue, len(seconds))

    def _take_unread(self, unread: Unread | None, reason: str, arrived: _Arrived) -> None:
        """Fail the job whose outcome cannot be read."""
        _log.error("an outcome cannot be read by this gateway: %s", reason)
        if unread is not None:
            job = self._in_flight.came_back(unread.id, unread.token) or Claimed(
                unread.token, unread.id, unread.type, unread.queue
            )
            self._add(Attempt(job, outcome=of_unread(reason, job.attempts)), job, arrived)

    def _attempt(
        self, entry: OutcomeEntry, job: Claimed, started: float | None, worker: str
    ) -> Attempt:
        outcome = entry.outcome
        types = (child.type for child in entry.children)
        refused = next((type_ for type_ in types if not self._fleet.accepts(type_)), None)
        if outcome is None and refused is not None:
            outcome = of_refused_children(refused, job.attempts)
            _log.error(
                "job %s (%s) failed: %s",
                *(job.id, job.type, outcome.error),
                extra=job_fields(job, entry.elapsed),
            )
        if outcome is not None:
            if outcome.status is JobStatus.FAILED:
                if len(self.ran_by) >= REMEMBERED:
                    del self.ran_by[next(iter(self.ran_by))]
                self.ran_by[job.id] = worker
            return Attempt(job, entry.elapsed, outcome, started=started, waits=entry.waits)
        result = None if entry.result is None else Result(*entry.result)
        return Attempt(job, entry.elapsed, None, entry.children, result, started, entry.has_steps)

    def on_written(self, attempts: Sequence[Attempt]) -> None:
        """Note that these outcomes are written, or refused as their jobs were no longer held."""
        for attempt in attempts:
            job = attempt.job
            if isinstance(job, Claimed) and (arrived := self._arrived.pop(job, None)) is not None:
                arrived.left -= 1
                if not arrived.left:
                    self._ack(arrived)

    def _ack(self, arrived: _Arrived) -> None:
        if self._link.jobs is arrived.channel:
            self._link.spawn(arrived.channel.basic_ack(arrived.tag))


def _was_lost(message: DeliveredMessage) -> bool:
    """Whether a worker had got a returned message, and had not returned the message itself."""
    headers = message.header.properties.headers or {}
    is_rejected = headers.get("x-first-death-reason") == "rejected"
    return bool(headers.get("x-delivery-count")) and not is_rejected


def _of_another_gateway(entry: OutcomeEntry) -> Claimed:
    """A job that this gateway does not hold, with what its outcome says of it."""
    return Claimed(
        *(entry.token, entry.id, entry.type, entry.queue, entry.payload or "null"),
        attempts=entry.attempts,
        max_attempts=entry.max_attempts,
        run_at=entry.run_at,
        flow=entry.flow,
        headers=entry.headers,
    )
