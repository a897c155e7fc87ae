"""How many messages of jobs wait at the broker for a worker."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from aiormq.abc import AbstractChannel

from ..topology import BANDS, job_queue
from .fleet import Fleet
from .link import FAILURES, Link
from .pace import Pace
from .publisher import Publisher

GLANCE = 0.05
"""Seconds between two looks at a queue whose jobs are on the way."""


async def watch(
    queues: Iterable[str], link: Link, publisher: Publisher, fleet: Fleet, pace: Pace
) -> None:
    """Look while jobs are on the way, and let the pace know; until cancelled."""
    while True:
        await asyncio.sleep(GLANCE)
        for queue in queues:
            held, channel = publisher.held_of(queue), link.gauges
            if held and channel is not None:
                with suppress(*FAILURES):  # the link sees them, too
                    waiting = await _waiting(channel, queue)
                    pace.on_waiting(queue, fleet.slots_of(queue), held, waiting)


async def _waiting(channel: AbstractChannel, queue: str) -> int:
    found = 0
    for band in BANDS:
        declared = await channel.queue_declare(job_queue(queue, band), passive=True)
        found += declared.message_count or 0
    return found
