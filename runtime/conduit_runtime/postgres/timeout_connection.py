"""Connections that fail if the server falls silent, instead of waiting for ever."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from .response_reader import ResponseReader

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds without a response after which a connection of the worker's own counts as lost.

TCP notices a lost host, and sooner. This limit also notices a host that accepts data but does not
respond.
"""

DOUBTFUL = 3.0
"""Seconds without a response after which a connection asks whether another server leads now."""
DOUBTING = 1.0
"""Seconds until it asks again."""

MOVED = "another server leads now"

CANCELLING = 5.0
"""Seconds that a statement gets to end after its awaiting task was cancelled."""


class TimeoutConnection(psycopg.Connection[Any]):
    """Raises OperationalError if the server does not respond in time.

    `has_moved` is whether another server leads now; it is asked while the server is silent.
    """

    cut_because: str | None = None

    def has_moved(self) -> bool:
        return False

    def wait(self, gen: PQGen[Any], *args: Any, **options: Any) -> Any:
        responded = threading.Event()
        watcher = threading.Thread(target=_watch, args=(self, responded), daemon=True)
        try:
            return super().wait(_started_when_silent(gen, watcher), *args, **options)
        except psycopg.OperationalError as error:
            raise _cut(self) or error from None
        finally:
            responded.set()


def _started_when_silent(gen: PQGen[T], watcher: threading.Thread) -> PQGen[T]:
    """The driver's generator; starts the thread once no response came for a moment.

    Most statements need none, and a thread costs more than a heartbeat.
    """
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and watcher.ident is None:
                watcher.start()
            wanted = gen.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


class AsyncTimeoutConnection(psycopg.AsyncConnection[Any]):
    """`TimeoutConnection` for an event loop; several connections may share a `reader`."""

    cut_because: str | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.reader = ResponseReader()

    async def wait(self, gen: PQGen[Any], *args: Any, **options: Any) -> Any:
        if options.get("timeout") is not None:
            return await super().wait(gen, *args, **options)
        timer = asyncio.get_running_loop().call_later(DEADLINE, sever, self, _late())
        try:
            return await self._read(gen)
        except psycopg.OperationalError as error:
            raise _cut(self) or error from None
        finally:
            timer.cancel()

    async def close(self) -> None:
        if not self.closed:
            error = psycopg.OperationalError("the connection was closed")
            self.reader.fail(self.fileno(), error)
        await super().close()

    async def _read(self, gen: PQGen[Any]) -> Any:
        try:
            return await self.reader.read(gen, self.fileno())
        except asyncio.CancelledError:
            if self._is_active:
                await self._give_up(gen)
            raise

    async def _give_up(self, gen: PQGen[Any]) -> None:
        """Make the server end the statement; closes the connection if the statement continues."""
        try:
            with contextlib.suppress(psycopg.Error, TimeoutError):
                await self.cancel_safe(timeout=CANCELLING)
                rest = self.reader.read(gen, self.fileno(), begun=True)
                await asyncio.wait_for(rest, CANCELLING)
        finally:
            if self._is_active:
                self.pgconn.finish()

    @property
    def _is_active(self) -> bool:
        return self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE


def _watch(connection: TimeoutConnection, responded: threading.Event) -> None:
    """Cut a connection whose server is silent for too long, or no longer leads."""
    deadline = time.monotonic() + DEADLINE
    pause = DOUBTFUL
    while not responded.wait(min(pause, deadline - time.monotonic())):
        if time.monotonic() >= deadline:
            sever(connection, _late())
            return
        if connection.has_moved() and not responded.is_set():
            sever(connection, MOVED)
            return
        pause = DOUBTING


def _late() -> str:
    return f"the server did not respond within {DEADLINE:g} s"


def _cut(
    connection: TimeoutConnection | AsyncTimeoutConnection,
) -> psycopg.OperationalError | None:
    reason = connection.cut_because
    return None if reason is None else psycopg.OperationalError(reason)


def sever(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any], why: str) -> None:
    """Cut a connection on which something waits: it looks as if the server had closed it."""
    if isinstance(connection, TimeoutConnection | AsyncTimeoutConnection):
        connection.cut_because = why
    # Closing, as the driver does it, would wait for the server, or leave the waiting thread
    # waiting.
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)
    except (OSError, psycopg.Error):
        pass  # the socket is closed already
