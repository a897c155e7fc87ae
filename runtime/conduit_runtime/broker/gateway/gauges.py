"""How many messages of jobs wait at the broker for a worker."""

from collections.abc import Callable, Iterable

from aiormq.abc import AbstractChannel

from ..topology import BANDS, job_queue
from .fleet import Fleet
from .in_flight import InFlight
from .link import Link, is_of_broker
from .pace import Pace

GLANCE = 0.05
"""Seconds between two looks at a queue whose jobs are on the way."""


class Gauges:
    """Counts waiting messages while jobs are on the way, and tells the pace.

    `on_room` is called when more jobs may be on the way.
    """

    def __init__(
        self,
        queues: Iterable[str],
        link: Link,
        in_flight: InFlight,
        fleet: Fleet,
        pace: Pace,
        on_room: Callable[[], object],
    ) -> None:
        self._queues = queues
        self._link = link
        self._in_flight = in_flight
        self._fleet = fleet
        self._pace = pace
        self._on_room = on_room

    async def step(self) -> None:
        """Count the messages of each queue once."""
        for queue in self._queues:
            held, channel = self._in_flight.alone_of(queue), self._link.gauges
            if held and channel is not None:
                try:
                    waiting = await _waiting(channel, queue)
                except BaseException as error:  # the link also sees that the broker is lost
                    if not is_of_broker(error):
                        raise
                else:
                    slots = self._fleet.slots_of(queue)
                    if self._pace.on_waiting(queue, slots, held, waiting):
                        self._on_room()


async def _waiting(channel: AbstractChannel, queue: str) -> int:
    found = 0
    for band in BANDS:
        declared = await channel.queue_declare(job_queue(queue, band), passive=True)
        found += declared.message_count or 0
    return found
