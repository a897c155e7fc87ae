"""How many messages of jobs wait at the broker for a worker."""

import asyncio
from collections.abc import Callable, Iterable

from aiormq.abc import AbstractChannel

from ..topology import BANDS, job_queue
from .fleet import Fleet
from .in_flight import InFlight
from .link import Link, is_of_broker
from .pace import Pace

GLANCE = 0.05
"""Seconds between two looks at a queue whose jobs are on the way."""


async def watch(
    queues: Iterable[str],
    link: Link,
    in_flight: InFlight,
    fleet: Fleet,
    pace: Pace,
    on_room: Callable[[], object],
) -> None:
    """Count waiting messages while jobs are on the way, and tell the pace; until cancelled.

    `on_room` is called when more jobs may be on the way.
    """
    while True:
        await asyncio.sleep(GLANCE)
        for queue in queues:
            held, channel = in_flight.alone_of(queue), link.gauges
            if held and channel is not None:
                try:
                    waiting = await _waiting(channel, queue)
                except BaseException as error:  # the link also sees that the broker is lost
                    if not is_of_broker(error):
                        raise
                else:
                    if pace.on_waiting(queue, fleet.slots_of(queue), held, waiting):
                        on_room()


async def _waiting(channel: AbstractChannel, queue: str) -> int:
    found = 0
    for band in BANDS:
        declared = await channel.queue_declare(job_queue(queue, band), passive=True)
        found += declared.message_count or 0
    return found
