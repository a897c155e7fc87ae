"""The messages of jobs that a worker holds, until all of their jobs have ended."""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPError, ChannelInvalidStateError

from ...model.claimed import Claimed
from ...model.job import Job
from ..messages import Jobs
from ..topology import outcome_key
from .acks import Acks

_CLOSED = (AMQPError, ChannelInvalidStateError, OSError)
"""What an acknowledgement raises over a channel that is closed."""


class Arrivals:
    """The channel over which messages came, and how many of them have ended."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel
        self.acks = Acks()
        self.ended = 0

    async def reject(self, tag: int) -> None:
        """Return a message to the gateways."""
        self.acks.forget(tag)
        with suppress(*_CLOSED):
            await self.channel.basic_reject(tag, requeue=False, wait=False)


class Delivery:
    """A message of jobs: where it came from, and which of its jobs wait to be taken.

    `outcomes` is the routing key of their outcomes. `arrived` is the monotonic time in seconds.
    """

    def __init__(
        self, arrivals: Arrivals, tag: int, message: Jobs, jobs: list[Claimed], arrived: float
    ) -> None:
        self.arrivals = arrivals
        self.tag = tag
        self.database = message.database
        self.gateway = message.gateway
        self.number = message.number
        self.outcomes = outcome_key(message.database, message.gateway)
        self.waiting = deque(jobs)
        self.left = len(jobs)
        self.arrived = arrived


class Deliveries:
    """The message of each held job. A message is acknowledged when all of its jobs have ended."""

    def __init__(self) -> None:
        self._by_job: dict[Job | Claimed, Delivery] = {}
        self._ended: set[Arrivals] = set()

    def add(self, delivery: Delivery) -> None:
        """Hold the jobs of a message."""
        for job in delivery.waiting:
            self._by_job[job] = delivery

    def of(self, job: Job | Claimed) -> Delivery | None:
        """The message that a job came with; None for one that is not held."""
        return self._by_job.get(job)

    def end(self, jobs: Iterable[Job | Claimed]) -> None:
        """Note that these jobs ended: the broker has their outcomes, or they are not held."""
        for job in jobs:
            delivery = self._by_job.pop(job, None)
            if delivery is None:
                continue
            delivery.left -= 1
            if not delivery.left:
                arrivals = delivery.arrivals
                arrivals.acks.done(delivery.tag)
                arrivals.ended += 1
                self._ended.add(arrivals)

    async def acknowledge(self) -> None:
        """Acknowledge the messages whose jobs have all ended, if their channels are still open."""
        while self._ended:
            arrivals = self._ended.pop()
            with suppress(*_CLOSED):
                for tag, is_multiple in arrivals.acks.take():
                    await arrivals.channel.basic_ack(tag, multiple=is_multiple, wait=False)
