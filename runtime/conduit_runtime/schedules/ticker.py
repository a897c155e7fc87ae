"""The scheduler that every worker carries."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import psycopg

from ..model.errors import QueueError
from ..model.schedules.schedule import Schedule
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..postgres.connection import ReconnectingConnection
from ..postgres.steps import run_steps_async
from . import scheduling

if TYPE_CHECKING:
    from ..telemetry.spans import Tick

_log = get_logger("conduit.schedules")


class Ticker:
    """Enqueues the jobs of due schedules; sleeps, without a connection, until a schedule is due.

    The worker's heartbeat brings the time of the next tick, so no other statement polls for it.
    """

    def __init__(
        self, connection: ReconnectingConnection, traced: Callable[[Schedule], "Tick"] | None = None
    ) -> None:
        self._connection = connection
        self._traced = traced
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._backoff = Backoff(_log, "schedules cannot be enqueued")

    def expect(self, seconds: float) -> None:
        """Be ready for a tick in so many seconds; to be called in the loop."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._due.set)

    async def run(self) -> None:
        """Enqueue schedules as they become due; after a failure, try again a heartbeat later."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.enqueue_due()

    async def enqueue_due(self) -> None:
        """Enqueue the jobs of all ticks that have come; a failure is logged once."""
        try:
            await run_steps_async(scheduling.enqueue_due(self._traced), self._connection.run)
        except psycopg.Error as error:
            self._backoff.next_delay(error)

    async def close(self) -> None:
        """Close the connection."""
        if self._timer is not None:
            self._timer.cancel()
        await self._connection.close()


async def add_schedules(schedules: Sequence[Schedule], dsn: str, schema: str | None) -> None:
    """Store the schedules that an application's code holds."""
    names = [schedule.name for schedule in schedules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise QueueError(f"two schedules are named {twice[0]}: give one another name=")
    connection = ReconnectingConnection(dsn, "conduit schedules", schema)
    try:
        for schedule in schedules:
            await run_steps_async(scheduling.add(schedule), connection.run)
    finally:
        await connection.close()
