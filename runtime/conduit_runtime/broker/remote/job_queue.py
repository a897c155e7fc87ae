"""Consumes one queue of the broker: the jobs of one of our queues, in one band of priority."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage
from aiormq.exceptions import AMQPConnectionError, AMQPError, ChannelInvalidStateError

from ...postgres.backoff import Backoff
from ..connection import reason
from ..topology import job_queue
from .deliveries import Arrivals, Delivery

OnMessage = Callable[["JobQueue", Arrivals, DeliveredMessage], None]

MEASURED = 0.5
"""Seconds over which the rate of messages is measured."""
AHEAD = 0.25
"""Seconds of work, at the present rate, that are held beside what fills the slots.

It is more than a message is on its way: its outcome to the broker, the next one from there.
"""
MOST = 65_535
"""Messages that the broker may send ahead at most."""


class JobQueue:
    """Messages of a queue and a band, over a channel of their own.

    The broker sends `least` messages ahead of their acknowledgements, and more while they are dealt
    with quickly. A queue that no gateway has declared yet is tried again. `waiting` are messages
    whose jobs wait to be taken.
    """

    def __init__(
        self, name: str, band: str, least: int, on_message: OnMessage, backoff: Backoff
    ) -> None:
        self.name = name
        self.waiting: deque[Delivery] = deque()
        self._queue = job_queue(name, band)
        self._least = self._prefetch = min(least, MOST)
        self._on_message = on_message
        self._backoff = backoff
        self._arrivals: Arrivals | None = None
        self._tag = ""
        self._ended = 0
        self._since = time.monotonic()

    async def run(self, connection: AbstractConnection) -> None:
        """Consume over a connection until cancelled."""
        while True:
            ended = asyncio.Event()
            try:
                self._arrivals = await self._opened(connection, ended)
                await self._consume(self._arrivals)
                self._backoff.reset()
                await ended.wait()
            except Exception as error:
                if connection.is_closed or isinstance(error, AMQPConnectionError):
                    return
                error.args = (f"{self._queue}: {reason(error)}",)
                await asyncio.sleep(self._backoff.next_delay(error))
            finally:
                self._arrivals = None

    async def _opened(self, connection: AbstractConnection, ended: asyncio.Event) -> Arrivals:
        def end(*ignored: Any) -> None:
            ended.set()

        opened = await connection.channel(publisher_confirms=False)
        opened.close_callbacks.add(end)
        channel = await opened.get_underlay_channel()
        channel.on_consumer_cancel_callbacks.add(end)
        self._ended, self._tag = 0, ""
        return Arrivals(channel)

    async def _consume(self, arrivals: Arrivals) -> None:
        async def on_message(message: DeliveredMessage) -> None:
            self._on_message(self, arrivals, message)

        await arrivals.channel.basic_qos(prefetch_count=self._prefetch)
        consumed = await arrivals.channel.basic_consume(self._queue, on_message)
        self._tag = consumed.consumer_tag or ""

    def measure(self, now: float) -> bool:
        """Decide, now and then, how much is sent ahead; whether that is much more or less."""
        elapsed = now - self._since
        if elapsed < MEASURED or self._arrivals is None or not self._tag:
            return False
        rate = (self._arrivals.ended - self._ended) / elapsed
        self._since, self._ended = now, self._arrivals.ended
        wanted = min(self._least + int(rate * AHEAD), MOST)
        if self._prefetch / 2 < wanted <= self._prefetch * 1.2:
            return False
        self._prefetch = wanted
        return True

    async def resize(self) -> None:
        """Consume with what was decided, in the place of what consumes now."""
        if (arrivals := self._arrivals) is None:
            return
        before = self._tag
        with suppress(AMQPError, ChannelInvalidStateError, OSError):
            await self._consume(arrivals)
            await arrivals.channel.basic_cancel(before)

    async def cancel(self) -> None:
        """Have the broker send no more; what came stays here."""
        if self._arrivals is not None:
            await self._arrivals.channel.basic_cancel(self._tag)
