"""A gateway's connection to the broker; a lost connection is opened again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiormq.abc import AbstractChannel, DeliveredMessage
from pamqp.commands import Basic

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ..broker_connection import BrokerError, connect, is_cancelled, reason
from ..messages import LARGEST, Claim, Stop, encode
from ..topology import ALL, CONTROL

_log = get_logger("conduit.gateway")

CLOSING = 5.0
"""Seconds that closing a connection may take."""

OnMessage = Callable[[DeliveredMessage], Awaitable[None]]


class Link:
    """Keeps a connection to the broker; calls `opened` with the `jobs` channel of each new one.

    A connection also ends when a queue that its `jobs` channel consumes is deleted.


    `jobs` is the channel of confirmed messages and of outcomes, `gauges` the channel that looks at
    queues. Both are None while the broker is away. All methods belong to the worker's loop.
    """

    def __init__(
        self,
        url: str,
        ca_file: str | None,
        opened: Callable[[AbstractChannel], Awaitable[None]],
        on_change: Callable[[], object],
    ) -> None:
        self._url = url
        self._ca_file = ca_file
        self._opened = opened
        self._on_change = on_change
        self._backoff = Backoff(_log, "the broker cannot be reached")
        self._notices: AbstractChannel | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.jobs: AbstractChannel | None = None
        self.gauges: AbstractChannel | None = None

    async def run(self) -> None:
        """Connect, and connect again when the connection is lost, until cancelled."""
        while True:
            try:
                await self._keep()
            except BaseException as error:
                if not is_of_broker(error):
                    raise
                await asyncio.sleep(self._backoff.next_delay(BrokerError(reason(error))))

    async def _keep(self) -> None:
        """Work over one connection until it is lost. Raises BrokerError or what aiormq raises."""
        connection = await connect(self._url, "conduit gateway", self._ca_file)
        try:
            transport = connection.transport
            assert transport is not None
            raw = transport.connection
            notices = await raw.channel(publisher_confirms=False)
            gauges = await raw.channel(publisher_confirms=False)
            jobs = await raw.channel()
            deleted = asyncio.get_running_loop().create_future()

            def on_deleted(*ignored: object) -> None:
                if not deleted.done():
                    deleted.set_result(None)

            jobs.on_consumer_cancel_callbacks.add(on_deleted)
            await self._opened(jobs)
            self._notices, self.gauges, self.jobs = notices, gauges, jobs
            self._on_change()
            if self._backoff.reset():
                _log.info("the broker can be reached")
            ends = [deleted, *(each.closing for each in (raw, notices, gauges, jobs))]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            raise BrokerError(
                "a queue was deleted" if deleted.done() else "the connection was lost"
            )
        finally:
            self._notices = self.gauges = self.jobs = None
            self._on_change()
            await asyncio.wait(
                [asyncio.ensure_future(_quietly(connection.close()))], timeout=CLOSING
            )

    async def finish(self, seconds: float) -> None:
        """Wait at most `seconds` until the remaining messages are sent."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def send(self, key: str, body: bytes) -> None:
        """Send workers a message if the broker is there; it may be lost."""
        if len(body) > LARGEST:
            _log.error(
                "a message of %s bytes to workers is too large for a broker: it is dropped",
                len(body),
            )
        elif (channel := self._notices) is not None:
            properties = Basic.Properties(delivery_mode=1)
            self.spawn(
                channel.basic_publish(
                    body, exchange=CONTROL, routing_key=key, properties=properties
                )
            )

    def send_stop(self, claims: Sequence[Claim]) -> None:
        """Tell all workers that these jobs are no longer held."""
        if claims:
            self.send(ALL, encode(Stop([*claims])))

    def spawn(self, work: Awaitable[Any]) -> None:
        """Do work with the broker in a task of its own; it may fail with the connection."""
        task = asyncio.ensure_future(_quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def is_of_broker(error: BaseException) -> bool:
    """Whether an error comes from the broker's client, which raises CancelledError for a loss."""
    if isinstance(error, asyncio.CancelledError):
        return not is_cancelled()
    return isinstance(error, Exception)


async def _quietly(work: Awaitable[Any]) -> None:
    try:
        await work
    except BaseException as error:  # the link also sees that the broker is lost
        if not is_of_broker(error):
            raise
        _log.debug("the broker did not take a message: %s", reason(error))
