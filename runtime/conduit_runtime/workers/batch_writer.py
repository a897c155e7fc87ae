"""Writes a batch of outcomes until Postgres has it, around what it refuses and what is locked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

import psycopg

from ..logs import get_logger
from ..postgres.connection import Link
from ..postgres.statement import Statement
from ..postgres.trouble import Trouble
from . import attempts as statements
from .attempts import Attempt

__all__ = ["REFUSED", "BatchWriter", "Write"]

T = TypeVar("T")

_log = get_logger("conduit.worker")

REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError)
"""What is wrong with the data, not with the server: to try again would not help."""

Write = Callable[[Sequence[Attempt], str | None], Statement[Sequence[Attempt]]]


class BatchWriter:
    """Writes over one connection; what it tells of comes in parts of a batch.

    `on_taken` is called with attempts and those of them whose outcome is committed: the others'
    jobs were no longer held. `on_refused` is called with an attempt that Postgres does not take,
    and why; `on_locked` with those whose rows somebody has locked, of which nothing was written.
    The link has a lock timeout.
    """

    def __init__(
        self,
        link: Link,
        schema: str | None,
        on_taken: Callable[[Sequence[Attempt], Sequence[Attempt]], None],
        on_refused: Callable[[Attempt, psycopg.Error], None],
        on_locked: Callable[[Sequence[Attempt]], None],
    ) -> None:
        self._link = link
        self._schema = schema
        self._on_taken = on_taken
        self._on_refused = on_refused
        self._on_locked = on_locked
        self._trouble = Trouble(_log, "outcomes cannot be written")
        self._locks = Trouble(_log, "some outcomes wait for locks that others hold")

    async def write(self, attempts: Sequence[Attempt], statement: Write) -> None:
        """Write the attempts by a statement, in parts if need be."""
        try:
            written = await self.insist(statement(attempts, self._schema))
        except psycopg.errors.LockNotAvailable as error:
            self._locks.again_in(error)
            await self._write_around_locks(attempts, statement)
            return
        except REFUSED as error:
            if len(attempts) > 1:
                middle = len(attempts) // 2
                await self.write(attempts[:middle], statement)
                await self.write(attempts[middle:], statement)
            else:
                self._on_refused(attempts[0], error)
            return
        self._on_taken(attempts, written)

    async def _write_around_locks(self, attempts: Sequence[Attempt], statement: Write) -> None:
        free = await self.free(attempts)
        if len(free) < len(attempts):
            if free:
                await self.write(free, statement)
            return
        # What is locked is not a job that ended, but what follows from its end.
        parts = _parts(attempts)
        if len(parts) == 1:
            self._on_locked(attempts)
            return
        for part in parts:
            await self.write(part, statement)

    async def free(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Those whose jobs nobody has locked; the others are told of."""
        try:
            locked = await self.insist(statements.locked(attempts, self._schema))
        except psycopg.errors.LockNotAvailable:  # the whole table is
            self._on_locked(attempts)
            return ()
        self._on_locked([each for each in attempts if each.job.id in locked])
        return [each for each in attempts if each.job.id not in locked]

    async def insist(self, statement: Statement[T]) -> T:
        """The answer to a statement, however often the server has to be asked.

        Raises what is `REFUSED`, and LockNotAvailable.
        """
        while True:
            try:
                answer = await self._link.run(statement)
            except (*REFUSED, psycopg.errors.LockNotAvailable):
                raise
            except psycopg.Error as error:
                await asyncio.sleep(self._trouble.again_in(error))
            else:
                self._trouble.over()
                return answer


def _parts(attempts: Sequence[Attempt]) -> list[Sequence[Attempt]]:
    """Smaller batches, of which not all wait for one lock: a flow's jobs would, so they stay."""
    flows: dict[UUID | None, list[Attempt]] = {}
    for attempt in attempts:
        flows.setdefault(attempt.job.flow, []).append(attempt)
    if len(flows) > 1:
        return [*flows.values()]
    if None not in flows or len(attempts) == 1:
        return [attempts]
    middle = len(attempts) // 2
    return [attempts[:middle], attempts[middle:]]
