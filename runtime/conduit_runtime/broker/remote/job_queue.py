"""Consumes one queue of the broker: the jobs of one of our queues, in one band of priority."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import AMQPConnectionError

from ...postgres.backoff import Backoff
from ..connection import reason
from ..topology import job_queue
from .deliveries import Arrivals, Delivery

OnMessage = Callable[["JobQueue", Arrivals, DeliveredMessage], None]


class JobQueue:
    """Messages of a queue and a band, over a channel of their own.

    The broker sends `prefetch` messages ahead of their acknowledgements at most. A queue that no
    gateway has declared yet is tried again. `waiting` are messages whose jobs wait to be taken.
    """

    def __init__(
        self, name: str, band: str, prefetch: int, on_message: OnMessage, backoff: Backoff
    ) -> None:
        self.name = name
        self.waiting: deque[Delivery] = deque()
        self._queue = job_queue(name, band)
        self._prefetch = prefetch
        self._on_message = on_message
        self._backoff = backoff
        self._channel: AbstractChannel | None = None
        self._tag = ""

    async def run(self, connection: AbstractConnection) -> None:
        """Consume over a connection until cancelled."""
        while True:
            ended = asyncio.Event()
            try:
                await self._consume(connection, ended)
                self._backoff.reset()
                await ended.wait()
            except AMQPConnectionError:
                return
            except Exception as error:
                error.args = (f"{self._queue}: {reason(error)}",)
                await asyncio.sleep(self._backoff.next_delay(error))
            finally:
                self._channel = None

    async def _consume(self, connection: AbstractConnection, ended: asyncio.Event) -> None:
        def end(*ignored: Any) -> None:
            ended.set()

        opened = await connection.channel(publisher_confirms=False)
        opened.close_callbacks.add(end)
        channel = await opened.get_underlay_channel()
        channel.on_consumer_cancel_callbacks.add(end)
        arrivals = Arrivals(channel)

        async def on_message(message: DeliveredMessage) -> None:
            self._on_message(self, arrivals, message)

        await channel.basic_qos(prefetch_count=self._prefetch)
        consumed = await channel.basic_consume(self._queue, on_message)
        self._channel, self._tag = channel, consumed.consumer_tag or ""

    async def cancel(self) -> None:
        """Have the broker send no more; what came stays here."""
        if self._channel is not None:
            await self._channel.basic_cancel(self._tag)
