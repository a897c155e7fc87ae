"""A worker's connection to the broker; a lost connection is opened again."""

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel, DeliveredMessage
from aiormq.exceptions import ChannelNotFoundEntity
from msgspec import MsgspecError
from pamqp.commands import Basic

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ..broker_connection import BrokerError, connect, is_cancelled, reason
from ..decoding import decode_control
from ..messages import Control
from ..topology import declare_worker, worker_queue

_log = get_logger("conduit.worker")


class Lost(Exception):
    """A message could not be handed to the broker, or it is not known whether it was."""


class Session:
    """One connection, and the worker's name while it lasts.

    The broker keeps a worker's own queue until it notices that a connection is gone, so each
    connection has another name.
    """

    def __init__(self, connection: AbstractConnection) -> None:
        self.worker = f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.connection = connection
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._opened = time.monotonic()
        connection.close_callbacks.add(self._on_lost)

    async def open(self, on_control: Callable[[Control], object]) -> None:
        """Declare the worker's own queue, whose messages go to `on_control`. Raises Lost."""
        try:
            self._publishing = await self._channel(on_return_raises=True)
            self._receiving = receiving = await self._channel(publisher_confirms=False)
            await declare_worker(receiving, self.worker)

            async def on_message(message: DeliveredMessage) -> None:
                try:
                    on_control(decode_control(message.body))
                except MsgspecError:
                    _log.error("a message of a gateway cannot be read: it has another version")

            receiving.on_consumer_cancel_callbacks.add(self._on_lost)
            await receiving.basic_consume(worker_queue(self.worker), on_message, no_ack=True)
        except ChannelNotFoundEntity as error:
            raise Lost("no gateway has used it yet: start `conduit-jobs gateway`") from error
        except Exception as error:
            raise Lost(reason(error)) from error

    async def declare_again(self) -> None:
        """Declare the worker's own queue, as its exchange may be deleted meanwhile. Raises Lost."""
        try:
            await declare_worker(self._receiving, self.worker)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise Lost("the connection to the broker was lost") from None
        except Exception as error:
            raise Lost(reason(error)) from error

    async def _channel(self, **options: bool) -> AbstractChannel:
        channel = await self.connection.channel(**options)
        channel.close_callbacks.add(self._on_lost)
        return await channel.get_underlay_channel()

    @property
    def age(self) -> float:
        """Seconds since the connection was opened."""
        return time.monotonic() - self._opened

    def _on_lost(self, *ignored: object) -> None:
        self.end("the connection was lost")

    def end(self, reason: str) -> None:
        """Use the connection no longer; the next one is opened soon."""
        if not self.lost.done():
            self.lost.set_result(reason)

    async def publish(
        self,
        exchange: str,
        key: str,
        body: bytes,
        *,
        is_persistent: bool = False,
        is_mandatory: bool = True,
    ) -> None:
        """Publish a message; returns once the broker has it and, if mandatory, put it in a queue.

        Raises Lost otherwise.
        """
        properties = Basic.Properties(delivery_mode=2 if is_persistent else 1)
        try:
            await self._publishing.basic_publish(
                body,
                exchange=exchange,
                routing_key=key,
                properties=properties,
                mandatory=is_mandatory,
            )
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            raise Lost("the connection to the broker was lost") from None
        except Exception as error:  # closing a channel rejects with any error
            raise Lost(reason(error)) from error


class Sessions:
    """Keeps a connection to the broker while it runs; `current` is None while there is none.

    `work` uses a connection until cancelled, `on_control` gets what a gateway sends, and `on_lost`
    is called when a connection is gone, and what came over it belongs to others.
    """

    def __init__(
        self,
        url: str,
        ca_file: str | None,
        work: Callable[[Session], Coroutine[Any, Any, None]],
        on_control: Callable[[Control], object],
        on_lost: Callable[[], object],
    ) -> None:
        self._url = url
        self._ca_file = ca_file
        self._work = work
        self._on_control = on_control
        self._on_lost = on_lost
        self._backoff = Backoff(_log, "the broker cannot be used")
        self.opened = asyncio.Event()
        self.current: Session | None = None

    async def get(self) -> Session:
        """The present connection, once there is one."""
        while (session := self.current) is None:
            await self.opened.wait()
        return session

    async def run(self) -> None:
        """Keep a connection until cancelled."""
        while True:
            try:
                await self._keep()
            except (BrokerError, Lost) as error:
                lost: Exception = error
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                lost = Lost("the connection to the broker was lost")
            await asyncio.sleep(self._backoff.next_delay(lost))

    async def _keep(self) -> None:
        """Work over one connection until it ends. Raises BrokerError or Lost."""
        name = f"conduit worker {socket.gethostname()}-{os.getpid()}"
        connection = await connect(self._url, name, self._ca_file)
        try:
            session = Session(connection)
            await session.open(self._on_control)
            self.current = session
            self.opened.set()
            if self._backoff.reset():
                _log.info("the broker can be used")
            working = asyncio.ensure_future(self._work(session))
            try:
                ends: set[asyncio.Future[Any]] = {working, session.lost}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()
                raise Lost(session.lost.result())
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
        finally:
            self.current = None
            self.opened.clear()
            self._on_lost()
            await _close(connection)


async def _close(connection: AbstractConnection) -> None:
    """Close a connection that may be broken, without waiting for long."""
    try:
        async with asyncio.timeout(2):
            await connection.close()
    except Exception as error:
        _log.debug("closing the connection to the broker failed: %s", error)
