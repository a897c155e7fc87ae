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
from ..broker_connection import reason
from ..topology import job_queue
from .deliveries import Arrivals, Delivery

OnMessage = Callable[["JobQueue", Arrivals, DeliveredMessage], None]

MEASURED = 0.5
"""Seconds over which the rate of messages is measured."""
AHEAD = 0.25
"""Seconds of work, at the present rate, that are held beside the messages that fill the slots.

An outcome on its way to the broker and the next message on its way back take less than that.
"""
MOST = 65_535
"""The most messages that the broker may send ahead."""


class JobQueue:
    """Messages of a queue and a band, over a channel of their own.

    The broker sends `least` messages ahead of their acknowledgements. While they are done quickly,
    it sends more, to further consumers. A queue that no gateway has declared yet is tried again.
    `waiting` has the messages whose jobs wait to be taken.
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
                    error.args = (
                        "no gateway publishes its jobs: start `conduit-jobs gateway --queue`",
                    )
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
        """The most messages that the broker sends ahead."""
        return sum(self._consumers.values())

    def measure(self, now: float) -> bool:
        """Decide, now and then, how much to send ahead; returns whether to resize for it."""
        elapsed = now - self._since
        if elapsed < MEASURED or self._arrivals is None or not self._consumers:
            return False
        ended = self._arrivals.ended - self._ended
        self._since, self._ended = now, self._arrivals.ended
        self._wanted = min(self._least + int(ended / elapsed * AHEAD), MOST)
        if self._wanted > self.ahead * 1.2:
            return True
        # The broker redelivers messages on the way to a cancelled consumer, as if this worker had
        # died. There are none if it waits for acknowledgements, or if the queue is empty.
        held = self._arrivals.acks.held
        is_quiet = held == self.ahead or (held == ended == 0)
        return is_quiet and self._wanted <= self.ahead / 2

    async def resize(self) -> None:
        """Let the broker send as many messages ahead as `measure` decided."""
        if (arrivals := self._arrivals) is None:
            return
        with suppress(AMQPError, ChannelInvalidStateError, OSError):
            if self._wanted < self.ahead:
                await self._cancel(arrivals, [*self._consumers][1:])
            if (more := self._wanted - self.ahead) > 0:
                await self._consume(arrivals, more)

    async def cancel(self) -> None:
        """Tell the broker to send no more; the messages that came stay here."""
        if self._arrivals is not None:
            await self._cancel(self._arrivals, [*self._consumers])

    async def _cancel(self, arrivals: Arrivals, tags: list[str]) -> None:
        for tag in tags:
            # This consumer may have ended while the one before it was cancelled.
            if self._consumers.pop(tag, None) is not None:
                await arrivals.channel.basic_cancel(tag)


def _is_lost(connection: AbstractConnection) -> bool:
    """Whether a connection is of no use any more, even if it was not closed here."""
    transport = connection.transport
    return connection.is_closed or transport is None or transport.connection.is_closed
