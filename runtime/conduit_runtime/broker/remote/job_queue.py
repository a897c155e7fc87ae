"""Consumes one queue of the broker: the jobs of one of our queues, in one band of priority."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aio_pika.abc import AbstractConnection
from aiormq.abc import DeliveredMessage
from aiormq.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
)

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
    with quickly, to further consumers. A queue that no gateway has declared yet is tried again.
    `waiting` are messages whose jobs wait to be taken.
    """

    def __init__(
        self, name: str, band: str, least: int, on_message: OnMessage, backoff: Backoff
    ) -> None:
        self.name = name
        self.waiting: deque[Delivery] = deque()
        self._queue = job_queue(name, band)
        self._least = self._wanted = min(least, MOST)
        self._on_message = on_message
        self._backoff = backoff
        self._arrivals: Arrivals | None = None
        self._consumers: dict[str, int] = {}
        self._ended = 0
        self._since = time.monotonic()

    async def run(self, connection: AbstractConnection) -> None:
        """Consume over a connection until cancelled."""
        while True:
            ended = asyncio.Event()
            try:
                self._arrivals = await self._opened(connection, ended)
                await self._consume(self._arrivals, self._least)
                self._backoff.reset()
                await ended.wait()
            except Exception as error:
                if _is_lost(connection) or isinstance(error, AMQPConnectionError):
                    return
                if isinstance(error, ChannelNotFoundEntity):
                    error.args = ("no gateway publishes its jobs (conduit-jobs gateway --queue)",)
                else:
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
        self._ended = 0
        self._consumers.clear()
        return Arrivals(channel)

    async def _consume(self, arrivals: Arrivals, ahead: int) -> None:
        async def on_message(message: DeliveredMessage) -> None:
            self._on_message(self, arrivals, message)

        await arrivals.channel.basic_qos(prefetch_count=ahead)
        consumed = await arrivals.channel.basic_consume(self._queue, on_message)
        self._consumers[consumed.consumer_tag or ""] = ahead

    @property
    def ahead(self) -> int:
        """How many messages the broker sends ahead at most."""
        return sum(self._consumers.values())

    def measure(self, now: float) -> bool:
        """Decide, now and then, how much is sent ahead; whether that is much more or less."""
        elapsed = now - self._since
        if elapsed < MEASURED or self._arrivals is None or not self._consumers:
            return False
        ended = self._arrivals.ended - self._ended
        self._since, self._ended = now, self._arrivals.ended
        self._wanted = min(self._least + int(ended / elapsed * AHEAD), MOST)
        if self._wanted > self.ahead * 1.2:
            return True
        # To a consumer that is cancelled some messages are on the way, and the broker delivers them
        # again as if this worker had died: except when it waits for acknowledgements, or is empty.
        held = self._arrivals.acks.held
        is_quiet = held == self.ahead or (held == ended == 0)
        return is_quiet and self._wanted <= self.ahead / 2

    async def resize(self) -> None:
        """Have as many sent ahead as was decided."""
        if (arrivals := self._arrivals) is None:
            return
        with suppress(AMQPError, ChannelInvalidStateError, OSError):
            if self._wanted < self.ahead:
                await self._cancel(arrivals, [*self._consumers][1:])
            if (more := self._wanted - self.ahead) > 0:
                await self._consume(arrivals, more)

    async def cancel(self) -> None:
        """Have the broker send no more; what came stays here."""
        if self._arrivals is not None:
            await self._cancel(self._arrivals, [*self._consumers])

    async def _cancel(self, arrivals: Arrivals, tags: list[str]) -> None:
        for tag in tags:
            # It may have been cancelled, or lost, while the one before it was.
            if self._consumers.pop(tag, None) is not None:
                await arrivals.channel.basic_cancel(tag)


def _is_lost(connection: AbstractConnection) -> bool:
    """Whether nothing can be done over a connection, also if it was not closed here."""
    transport = connection.transport
    return connection.is_closed or transport is None or transport.connection.is_closed
