"""Listens for the ends of awaited jobs, over one connection for all the waits of a process."""

import asyncio
import contextlib
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier

from ..model.arguments import check_number
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..postgres.connection import connect
from ..postgres.execute import run
from ..postgres.forks import keep_from_children, renew_in_children
from ..postgres.host_settings import is_pooled
from ..statements.results import channel

_log = get_logger("conduit.queue")

LINGER = 10.0
"""Seconds for which the connection stays open after the last wait."""
RARELY, AT_FIRST, AT_LAST = 5.0, 0.05, 1.0
"""Seconds between two looks at a job: while listening; the first and the longest of a poll."""
SOON = 0.02
"""Seconds until the next try to mark a job."""


class EndListener:
    """A thread that listens while any job is awaited.

    There is no such thread behind a pooler, which loses what a session listens to: waits poll
    there. The connection stays open for `linger` seconds after the last wait; while it listens, a
    wait looks at its job every `rarely` seconds.
    """

    def __init__(self, dsn: str, schema: str | None) -> None:
        self.linger, self.rarely = LINGER, RARELY
        self._dsn = dsn
        self._schema = schema
        self._forget()
        renew_in_children(self, EndListener._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._waits: dict[UUID, list[Callable[[], object]]] = {}
        self._thread: threading.Thread | None = None
        self._waker: socket.socket | None = None
        self._closing = False
        self._listens = False
        self._is_pooled = False

    @contextlib.contextmanager
    def hearing(self, job: UUID, wake: Callable[[], object]) -> Iterator[Iterator[float]]:
        """Within the block, have `wake()` called in a thread when the job ends.

        Yields an iterator of pauses: how many seconds to wait each time before looking at the job
        anyway.
        """
        with self._lock:
            self._waits.setdefault(job, []).append(wake)
            if self._thread is None and not self._is_pooled:
                self._start()
        try:
            yield self._pauses()
        finally:
            with self._lock:
                waits = self._waits[job]
                waits.remove(wake)
                if not waits:
                    del self._waits[job]

    def close(self) -> None:
        """End the thread and its connection."""
        with self._lock:
            thread, self._closing = self._thread, True
            if self._waker is not None:
                self._waker.send(b".")
        if thread is not None:
            thread.join()
        self._closing = False

    def _start(self) -> None:
        self._waker, woken = socket.socketpair()
        self._thread = threading.Thread(
            target=self._listen, args=(woken,), name="conduit results", daemon=True
        )
        self._thread.start()

    def _pauses(self) -> Iterator[float]:
        pause = AT_FIRST
        while True:
            yield self.rarely if self._listens else pause
            pause = min(AT_LAST, 1.5 * pause)

    def _listen(self, woken: socket.socket) -> None:
        backoff = Backoff(_log, "notifications of ended jobs cannot be received")
        while True:
            try:
                self._listen_once(woken)
            except psycopg.Error as error:
                self._listens = False
                delay = backoff.next_delay(error)
                with selectors.DefaultSelector() as selector:
                    selector.register(woken, selectors.EVENT_READ)
                    selector.select(delay)
            with self._lock:
                if self._closing or self._is_pooled or not self._waits:
                    self._listens, self._thread = False, None
                    assert self._waker is not None
                    self._waker.close()
                    self._waker = None
                    woken.close()
                    return

    def _listen_once(self, woken: socket.socket) -> None:
        """Listen until no job was awaited for `linger` seconds; raises if the connection breaks."""
        with contextlib.closing(connect(self._dsn, "conduit results", "1s")) as connection:
            if is_pooled(connection):
                self._is_pooled = True
                return
            keep_from_children(connection)
            name = run(connection, channel(), self._schema)
            connection.add_notify_handler(self._on_end)
            connection.execute(SQL("LISTEN {}").format(Identifier(name)))
            self._listens = True
            self.wake_all()  # no notification came for jobs that ended before
            with selectors.DefaultSelector() as selector:
                selector.register(woken, selectors.EVENT_READ)
                selector.register(connection, selectors.EVENT_READ)
                until = time.monotonic() + self.linger
                while not self._closing and time.monotonic() < until:
                    if selector.select(self.linger):
                        connection.execute("")  # handles the notifications
                    if self._waits:
                        until = time.monotonic() + self.linger
            self._listens = False

    def _on_end(self, notification: psycopg.Notify) -> None:
        with contextlib.suppress(ValueError), self._lock:  # any role can send one
            for wake in self._waits.get(UUID(notification.payload), ()):
                wake()

    def wake_all(self) -> None:
        """Make every wait look at its job."""
        with self._lock:
            for wakes in self._waits.values():
                for wake in wakes:
                    wake()


class Deadline:
    """How long a wait may last: `timeout` is seconds or a timedelta; None is for ever.

    Raises TypeError or ValueError for any other `timeout`.
    """

    def __init__(self, timeout: float | timedelta | None) -> None:
        if isinstance(timeout, timedelta):
            timeout = timeout.total_seconds()
        if timeout is not None:
            check_number(timeout, "timeout")
        self._timeout = timeout
        self._until = math.inf if timeout is None else time.monotonic() + timeout

    def left(self, what: str) -> float:
        """Seconds that are left. Raises TimeoutError when there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{what} has not ended within {self._timeout:g} s")
        return left


class Signal:
    """Wakes a waiting thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.set = self._event.set

    def wait(self, seconds: float) -> None:
        """Wait until `set` is called, or was since the last wait; at most so many seconds."""
        self._event.wait(seconds)
        self._event.clear()


class AsyncSignal:
    """Wakes a waiting task, from any thread."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def set(self) -> None:
        """Wake the task."""
        with contextlib.suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
