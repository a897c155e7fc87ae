"""Waits for jobs without asking for them all the time."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

from ...postgres.connection import Link
from ...statements import idle_lock as bell

__all__ = ["POLL", "Listener"]

POLL = 2.0
"""Seconds after which a worker looks by itself: delayed jobs, a lost bell, hand-typed retries."""
_TRIES = 25


class Listener:
    """Hears of new jobs over the connection that claims them, so both are alive or both are dead.

    The bell is a lock on that connection as well. Used by one task.
    """

    def __init__(self, link: Link, schema: str | None) -> None:
        self._link = link
        self._schema = schema
        self._hears_operators = False
        self._listening: set[str] = set()
        self._held: set[str] = set()
        self._opened = 0
        self._wake = asyncio.Event()

    @property
    def holds_bell(self) -> bool:
        """Whether this worker is one that commits ring for."""
        return bool(self._held) and self._opened == self._link.fresh

    def hears(self, queues: Iterable[str]) -> int | None:
        """The number of the connection over which all that is announced of these queues comes."""
        listens = self._opened == self._link.fresh and self._listening.issuperset(queues)
        return self._opened if listens else None

    def wake(self) -> None:
        """End a wait; to be called in the loop."""
        self._wake.set()

    async def take_bell(self, queues: Sequence[str]) -> bool:
        """Take the bell of every queue that no idle worker holds; False when nothing was to take.

        After True, jobs may have been committed in between that rang for nobody: claim once more.
        Bells of other queues are let go of.
        """
        await self.listen(queues)
        if self._link.is_pooled:
            return False
        if surplus := sorted(self._held.difference(queues)):
            self._held.difference_update(surplus)
            await self._link.run(bell.release(surplus, self._schema))
        missing = [queue for queue in queues if queue not in self._held]
        if not missing:
            return False
        for _ in range(_TRIES):
            refused = await self._link.run(bell.take(missing, self._schema))
            self._held.update(set(missing).difference(refused))
            if not refused or await self._link.run(bell.someone_holds(refused, self._schema)):
                break
            missing = refused  # a commit holds it for a moment
            await asyncio.sleep(0.002)
        return True

    async def release_bell(self) -> None:
        """Let go of the bell, so that commits no longer pay for ringing it."""
        held, self._held = sorted(self._held), set()
        if held and self._opened == self._link.fresh:
            await self._link.run(bell.release(held, self._schema))

    async def wait(self, seconds: float = POLL, event: asyncio.Event | None = None) -> bool:
        """Wait for `seconds`; True at once when a job was announced or the event is set.

        Without an event of one's own, it is the one that `wake` sets. Also when that was since the
        last wait: what comes with the answer to a statement is told by the link, and no longer
        makes the connection readable.
        """
        wake = event or self._wake
        connection = await self._link.connection()
        loop = asyncio.get_running_loop()
        descriptor = connection.fileno()
        loop.add_reader(descriptor, wake.set)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), seconds)
        finally:
            loop.remove_reader(descriptor)
        # Told of now: with the next answer they would end the next wait in vain.
        self._link.take_notifications()
        is_woken = wake.is_set()
        wake.clear()
        return is_woken

    async def listen(self, queues: Sequence[str] = ()) -> None:
        """Hear from now on of new jobs of these queues, and of what operators change."""
        await self._link.connection()
        if self._opened != self._link.fresh:
            self._opened = self._link.fresh
            self._listening.clear()
            self._hears_operators = False
            self._held.clear()
        if self._link.is_pooled:
            return
        new = [queue for queue in queues if queue not in self._listening]
        if new or not self._hears_operators:
            self._hears_operators = True
            for channel in await self._link.run(bell.channels(new, self._schema)):
                await self._link.run(bell.listen(channel))
            self._listening.update(new)
