"""Advances flows when the end of a job releases more jobs than its outcome's statement may."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from uuid import UUID

import psycopg

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...statements import flows as flow_store
from ...statements.flows import RELEASED
from ..job_database import JobDatabase

_log = get_logger("conduit.worker")

BATCH = 1_000
"""The most jobs whose dependents one statement releases."""
# A deferred constraint would be checked at the commit, where the refused job is not known.
_SETTINGS = """
SET CONSTRAINTS ALL IMMEDIATE;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '2s'
"""
PARTS = 20
"""The parts into which jobs are split when Postgres refuses to release their dependents."""
FEW = 100
"""Dependencies of a single job that one statement releases when more take too long."""
REFUSED = 10_000
"""The most jobs to remember whose dependents could not be released."""
LONGEST = 300.0
"""The most seconds between two tries to release the dependents of such a job."""


_NEVER = (0, 0.0)


class FlowAdvancer:
    """One task that releases the dependents of ended jobs, a bounded number at a time.

    A crash loses nothing: the database marks dependents that are left to release, and any worker
    that sees the mark goes on.
    """

    def __init__(self, database: JobDatabase) -> None:
        self._database = database
        self._jobs: dict[UUID, None] = {}
        self._has_advanced = False
        # The failures of each such job, and the monotonic time until which it is left alone.
        self._refused: dict[UUID, tuple[int, float]] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._backoff = Backoff(_log, "flows cannot be advanced")

    def add(self, jobs: Iterable[UUID]) -> None:
        """Release more dependents of these jobs soon, except of jobs where that just failed."""
        now = time.monotonic()
        self._jobs |= {job: None for job in jobs if self._refused.get(job, _NEVER)[1] <= now}
        if self._jobs:
            self._idle.clear()
            self._wake.set()

    async def run(self) -> None:
        """Release until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._jobs:
                jobs = [*islice(self._jobs, BATCH)]
                for job in jobs:
                    del self._jobs[job]
                self.add(await self._advance(jobs))
            self._idle.set()

    async def finish(self) -> bool:
        """Release all dependents that can be released now, of other workers' jobs too.

        Returns False if none was released since the last call.
        """
        await self._idle.wait()
        if not self._has_advanced and (ended := await self._ended()):
            self.add(ended)
            await self._idle.wait()
            self._has_advanced = await self._ended() != ended
        has_advanced, self._has_advanced = self._has_advanced, False
        return has_advanced

    async def _ended(self) -> set[UUID]:
        """The watched jobs that have ended."""
        found: set[UUID] = set()
        after: UUID | None = None
        while True:
            try:
                watched = await self._database.run(flow_store.watch(after))
            except psycopg.OperationalError as error:
                await asyncio.sleep(self._backoff.next_delay(error))
                continue
            after = watched.next
            found.update(watched.ended)
            if after is None:
                return found

    async def _advance(self, jobs: Sequence[UUID], budget: int = RELEASED) -> Sequence[UUID]:
        """Release some dependents of these jobs; returns the jobs that have more."""
        try:
            more = await self._database.run_with(_SETTINGS, flow_store.advance(jobs, budget))
        except psycopg.Error as error:
            pause = self._backoff.next_delay(error)
            if error.sqlstate is None:
                await asyncio.sleep(pause)
                return jobs
            if len(jobs) > 1:
                size = -(-len(jobs) // PARTS)
                parts = (jobs[start : start + size] for start in range(0, len(jobs), size))
                return [more for part in parts for more in await self._advance(part)]
            if isinstance(error, psycopg.errors.QueryCanceled) and budget > FEW:
                return await self._advance(jobs, FEW)
            self._refuse(jobs[0])
            return ()
        self._backoff.reset()
        self._has_advanced = True
        for job in jobs:
            self._refused.pop(job, None)
        return more

    def _refuse(self, job: UUID) -> None:
        """Leave a job alone for a while: it stays marked, and heartbeats find it again."""
        failures = self._refused.pop(job, _NEVER)[0] + 1
        if len(self._refused) >= REFUSED:
            del self._refused[next(iter(self._refused))]
        self._refused[job] = failures, time.monotonic() + min(2.0**failures, LONGEST)
