"""Reads responses when they arrive, in few turns of the event loop."""

import asyncio
import select
from contextlib import suppress
from typing import Any, Generic, TypeVar

from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

T = TypeVar("T")

_EVENTS = {
    Wait.R: select.POLLIN,
    Wait.W: select.POLLOUT,
    Wait.RW: select.POLLIN | select.POLLOUT,
}


class ResponseReader:
    """The reads that the connections of one event loop wait for.

    The driver waits for the next turn of the loop after every 16 KiB. Here, the callback of the
    socket reads all that has arrived. Code that holds the loop for long can call `poll`, so that no
    response waits.
    """

    def __init__(self) -> None:
        self._pending: dict[int, _PendingRead[Any]] = {}
        self._arrived = select.poll()

    def poll(self) -> bool:
        """Read what has arrived; returns True if a response is complete."""
        whole = 0
        for descriptor, _ in self._arrived.poll(0):
            whole += self._pending[descriptor].go_on()
        return whole > 0

    async def read(self, generator: PQGen[T], descriptor: int, *, begun: bool = False) -> T:
        """Run the driver's `generator` and return its result; it may have `begun` already."""
        reading = _PendingRead(self, generator, descriptor)
        reading.advance(Ready.NONE if begun else None)
        try:
            return await reading.whole
        finally:
            reading.stop()

    def fail(self, descriptor: int, error: Exception) -> None:
        """Raise an error in the task that awaits a response on this socket."""
        if reading := self._pending.get(descriptor):
            reading.fail(error)

    def add(self, descriptor: int, reading: "_PendingRead[Any]") -> None:
        self._pending[descriptor] = reading
        self._arrived.register(descriptor, select.POLLIN)

    def remove(self, descriptor: int) -> None:
        del self._pending[descriptor]
        self._arrived.unregister(descriptor)


class _PendingRead(Generic[T]):
    """A generator of the driver that continues whenever its socket is ready."""

    def __init__(self, reader: ResponseReader, generator: PQGen[T], descriptor: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = reader
        self._generator = generator
        self._descriptor = descriptor
        self._socket = select.poll()
        self._awaited: Wait | None = None
        self.whole: asyncio.Future[T] = self._loop.create_future()

    def advance(self, ready: Ready | None) -> bool:
        """Continue while the socket is ready; returns True if the generator has ended."""
        try:
            while True:
                wanted = self._generator.send(ready)  # type: ignore[arg-type]
                self._socket.register(self._descriptor, _EVENTS[wanted])
                ready = self._ready(wanted)
                if not ready:
                    self._await(wanted)
                    return False
        except StopIteration as end:
            self.whole.set_result(end.value)
        except BaseException as error:
            self.whole.set_exception(error)
        self.stop()
        return True

    def go_on(self) -> bool:
        """Continue if the socket is ready; returns True if the generator has ended."""
        if self._awaited is None or self.whole.done():
            return False
        ready = self._ready(self._awaited)
        return bool(ready) and self.advance(ready)

    def fail(self, error: Exception) -> None:
        """End with an error."""
        if not self.whole.done():
            self.whole.set_exception(error)
        self.stop()

    def stop(self) -> None:
        """Stop waiting, before another socket gets the same number."""
        if self._awaited is not None:
            self._awaited = None
            self._reader.remove(self._descriptor)
            for leave in (self._loop.remove_reader, self._loop.remove_writer):
                with suppress(OSError):  # the driver closes a broken connection's socket
                    leave(self._descriptor)

    def _ready(self, wanted: Wait) -> Ready:
        for _, events in self._socket.poll(0):
            # A socket that is shut or broken is ready for everything; using it raises its error.
            if events & ~(select.POLLIN | select.POLLOUT):
                return Ready(wanted)
            readable = events & select.POLLIN and Ready.R
            return Ready(readable | (events & select.POLLOUT and Ready.W))
        return Ready.NONE

    def _await(self, wanted: Wait) -> None:
        if wanted == self._awaited:
            return
        if self._awaited is None:
            self._reader.add(self._descriptor, self)
        self._awaited = wanted
        for watch, leave, kind in (
            (self._loop.add_reader, self._loop.remove_reader, Wait.R),
            (self._loop.add_writer, self._loop.remove_writer, Wait.W),
        ):
            if wanted & kind:
                watch(self._descriptor, self.go_on)
            else:
                leave(self._descriptor)
