"""Waits for jobs without polling all the time."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

import psycopg

from ...model.lanes import Lane
from ...postgres.connection import ReconnectingConnection
from ...statements import idle_lock


class Listener:
    """Gets notifications of new jobs over the connection that claims them.

    Holds the idle locks on that connection as well, for which it waits at most `commits` seconds.
    Used by one task.
    """

    def __init__(self, connection: ReconnectingConnection, commits: float) -> None:
        self._connection = connection
        self._commits = commits
        self._hears_operators = False
        self._listening: set[str] = set()
        self._held: set[str] = set()
        self._held_by_others: set[str] = set()
        self._opened = 0
        self._wake = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None

    @property
    def holds_idle_lock(self) -> bool:
        """Whether this worker holds the idle lock of a queue, so that others leave jobs to it."""
        return bool(self._held)

    def hears(self, queues: Iterable[str]) -> int | None:
        """The number of the connection, if it hears all notifications of these queues."""
        listens = self._opened == self._connection.generation and self._listening.issuperset(queues)
        return self._opened if listens else None

    def wake(self) -> None:
        """End a wait; to be called in the loop."""
        self._wake.set()

    def wake_in(self, seconds: float) -> None:
        """End a wait after these seconds, or after those of an earlier call."""
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(seconds, self._wake_now)

    def _wake_now(self) -> None:
        self._later = None
        self._wake.set()

    async def take_idle_lock(self, queues: Sequence[str]) -> bool:
        """Make sure that this worker or another holds the idle lock of each of the queues.

        Returns whether it found one that it did not know to be held. Then claim once more: a job
        may have been committed before without a notification. Releases the idle locks of other
        queues.
        """
        await self.listen(queues)
        if self._connection.is_pooled:
            return False
        if surplus := sorted(self._held.difference(queues)):
            self._held.difference_update(surplus)
            await self._connection.run(idle_lock.release(surplus))
        missing = [q for q in queues if q not in self._held and q not in self._held_by_others]
        if not missing:
            return False
        acquired = await self._connection.run(idle_lock.acquire(missing))
        self._held.update(acquired.taken)
        self._held_by_others.update(acquired.held)
        for queue in acquired.shared:
            with contextlib.suppress(psycopg.errors.LockNotAvailable):
                await self._connection.run(idle_lock.await_commits(queue, self._commits))
                self._held.add(queue)
        return True

    async def poll(self, queues: Sequence[str], lanes: Sequence[Lane]) -> tuple[float | None, bool]:
        """The seconds until a job of these lanes is due, as of `next_due`, and whether to claim.

        Claim once more if other workers no longer held their idle locks, and this one took them.
        """
        missing = sorted(self._held_by_others.intersection(queues))
        due, taken = await self._connection.run(idle_lock.poll(queues, lanes, missing))
        self._held.update(taken)
        self._held_by_others.difference_update(taken)
        return due, bool(taken)

    def on_released(self) -> None:
        """Note a notice that another worker no longer holds an idle lock."""
        self._held_by_others.clear()

    async def release_idle_lock(self) -> None:
        """Release the idle locks, so that commits no longer pay for notifications."""
        held, self._held = sorted(self._held), set()
        if held and self._opened == self._connection.generation:
            await self._connection.run(idle_lock.release(held))

    async def wait(self, seconds: float, event: asyncio.Event | None = None) -> bool:
        """Wait for `seconds`; return True at once when woken or when the event is set.

        The event is by default the one that `wake` sets. A notification that wakes counts even if
        it came with a result since the last wait, and no longer makes the connection readable.
        """
        event = event or self._wake
        connection = await self._connection.open()
        loop = asyncio.get_running_loop()
        descriptor = connection.fileno()

        def on_readable() -> None:
            if not self._connection.handle_notifications() or self._wake.is_set():
                event.set()

        loop.add_reader(descriptor, on_readable)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        finally:
            loop.remove_reader(descriptor)
        # Those that came with the event: with the next result they would end the next wait in vain.
        self._connection.handle_notifications()
        is_woken = event.is_set()
        event.clear()
        return is_woken

    async def listen(self, queues: Sequence[str] = ()) -> None:
        """Hear from now on of new jobs of these queues, and of changes by operators."""
        await self._connection.open()
        if self._opened != self._connection.generation:
            self._opened = self._connection.generation
            self._listening.clear()
            self._hears_operators = False
            self._held.clear()
            self._held_by_others.clear()
        if self._connection.is_pooled:
            return
        new = [queue for queue in queues if queue not in self._listening]
        if new or not self._hears_operators:
            self._hears_operators = True
            for channel in await self._connection.run(idle_lock.channels(new)):
                await self._connection.run(idle_lock.listen(channel))
            self._listening.update(new)
