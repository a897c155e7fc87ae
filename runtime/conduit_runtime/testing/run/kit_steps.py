"""Stores the records of steps one by one; a worker's StepWriter stores many together."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ...job_types.steps import Connection, StepStore, Writes
from ...model.attempts.interruptions import Shutdown, TakenAway
from ...model.claimed import Claimed
from ...postgres.statement import Statement
from ...statements import steps as statements
from ...statements.outcomes import Attempt, Written, complete
from ...statements.steps import Record, Stored, Wait, Waited
from ...worker.acknowledge.step_writer import LOCKED
from .database_interface import Database


class KitSteps(StepStore):
    """Stores and reads records in the database of a test.

    The first attempt of each job that stores the step `crash_after` ends there, without an outcome
    of its own, as if its worker had died. With a number, the attempt that stores this record of the
    run does. `crashed` has these jobs, `stored` the records of the run.
    """

    def __init__(self, database: Database, crash_after: str | int | None) -> None:
        self._database = database
        self._crash_after = crash_after
        self.crashed: set[UUID] = set()
        self.stored: list[Record] = []

    def read(self, job: Claimed, /) -> "asyncio.Future[Stored]":
        return asyncio.ensure_future(self._send(statements.read([job])))

    def store(self, record: Record, /) -> "asyncio.Future[bool]":
        return asyncio.ensure_future(self._store(record))

    async def store_within(self, record: Record, connection: Connection, /) -> bool:
        is_held: bool = await self._send(statements.store([record]), connection)
        return is_held

    async def committed(self, record: Record, /) -> bool:
        self.stored.append(record)
        is_point = self._crash_after in (record.name, len(self.stored))
        if is_point and record.job.id not in self.crashed:
            self.crashed.add(record.job.id)
            raise Shutdown
        return True

    async def complete(self, attempt: Attempt, writes: Writes, /) -> Written:
        async with writes as connection:
            written = await self._database.run(complete([attempt]), connection)
            if not written.attempts:
                raise TakenAway
        return written

    def wait(self, wait: Wait, /) -> "asyncio.Future[Waited]":
        return asyncio.ensure_future(self._send(statements.wait([wait])))

    def lose(self, job: Claimed, /) -> None:
        """Do nothing: no outcome of the job will be written."""

    async def _store(self, record: Record) -> bool:
        is_held: bool = await self._send(statements.store([record]))
        return is_held and await self.committed(record)

    async def _send(
        self, statement: Statement[Sequence[Any]], connection: Connection | None = None
    ) -> Any:
        [found] = await self._database.run(statement, connection)
        if found is not None:
            return found
        await asyncio.sleep(LOCKED)
        return await self._send(statement, connection)
