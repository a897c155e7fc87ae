"""Writes a batch of outcomes until Postgres has it, around what it refuses and what is locked."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.connection import ReconnectingConnection
from ...postgres.refusals import is_transient
from ...postgres.statement import Statement
from ...statements import outcomes as statements
from ...statements.outcomes import Attempt, Written

T = TypeVar("T")

_log = get_logger("conduit.worker")

TRIES = 3
"""How often a statement meets an error of the server's own before a part is tried alone."""


class BatchWriter:
    """Writes over one connection, and reports on parts of a batch.

    `on_written` is called with attempts and what was written of them: the others' jobs were no
    longer held. `on_refused` is called with an attempt that Postgres refuses even alone, and why;
    `on_locked` with attempts whose rows another session has locked, or which alone meet an error
    that may pass: nothing of them was written. The connection has a lock timeout.
    """

    def __init__(
        self,
        connection: ReconnectingConnection,
        on_written: Callable[[Sequence[Attempt], Written], None],
        on_refused: Callable[[Attempt, psycopg.Error], None],
        on_locked: Callable[[Sequence[Attempt]], None],
    ) -> None:
        self._connection = connection
        self._on_written = on_written
        self._on_refused = on_refused
        self._on_locked = on_locked
        self._backoff = Backoff(_log, "outcomes cannot be written")
        self._locks = Backoff(_log, "some outcomes wait for locks of other transactions")

    async def write(
        self, attempts: Sequence[Attempt], *, defers: bool = False, tries: int = TRIES
    ) -> None:
        """Write attempts of one kind, in parts if need be."""
        try:
            written = await self.insist(statements.write(attempts, defers=defers), tries)
        except psycopg.errors.LockNotAvailable as error:
            self._locks.next_delay(error)
            await self._write_around_locks(attempts, defers)
        except psycopg.Error as error:
            if len(attempts) > 1 and tries > 1 and _may_pass(error):
                await self._write_when_taken(attempts, defers, error)
            elif isinstance(error, psycopg.errors.QueryCanceled):
                for attempt in attempts:  # each part would take as long again
                    self._on_refused(attempt, error)
            elif len(attempts) > 1:
                await self._write_halves(attempts, defers)
            elif not is_transient(error):
                self._on_refused(attempts[0], error)
            elif not defers and _has_flow(attempts):
                await self.write(attempts, defers=True, tries=1)
            else:
                self._on_locked(attempts)
        else:
            self._on_written(attempts, written)

    async def _write_when_taken(
        self, attempts: Sequence[Attempt], defers: bool, error: psycopg.Error
    ) -> None:
        """Write when the server takes an outcome: if it takes one, another may be the cause."""
        first, *rest = attempts
        while not await self._is_taken(first, defers):
            await asyncio.sleep(self._backoff.next_delay(error))
            first, *rest = [*rest, first]
        await self.write(rest, defers=defers, tries=1)

    async def _is_taken(self, attempt: Attempt, defers: bool) -> bool:
        """Whether one attempt alone is written or refused, rather than met by a passing error."""
        try:
            written = await self.insist(statements.write([attempt], defers=defers), tries=1)
        except psycopg.Error as error:
            if _may_pass(error):
                return False
            self._on_refused(attempt, error)
        else:
            self._on_written([attempt], written)
        return True

    async def _write_halves(self, attempts: Sequence[Attempt], defers: bool) -> None:
        middle = len(attempts) // 2
        for part in (attempts[:middle], attempts[middle:]):
            await self.write(part, defers=defers, tries=1)

    async def _write_around_locks(self, attempts: Sequence[Attempt], defers: bool) -> None:
        free = await self.free(attempts)
        if len(free) < len(attempts):
            if free:
                await self.write(free, defers=defers)
        # What is locked is not a job that ended, but what follows from its end.
        elif not defers and _has_flow(attempts):
            await self.write(attempts, defers=True)
        elif len(attempts) > 1:
            await self._write_halves(attempts, defers)
        else:
            self._on_locked(attempts)

    async def free(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Those whose jobs are not locked; reports the others."""
        try:
            locked = await self.insist(statements.locked(attempts))
        except psycopg.Error:  # the whole table is locked, or cannot be read
            self._on_locked(attempts)
            return ()
        self._on_locked([each for each in attempts if each.job.id in locked])
        return [each for each in attempts if each.job.id not in locked]

    async def insist(self, statement: Statement[T], tries: int | None = None) -> T:
        """What a statement returns, however often the server has to be asked.

        Raises what lies with the statement, LockNotAvailable, and what an open connection raises
        `tries` times in a row: that may lie with the statement, too.
        """
        failures = 0
        while True:
            opened = self._connection.generation
            was_open = self._connection.is_open
            try:
                result = await self._connection.run(statement)
            except psycopg.errors.LockNotAvailable:
                raise
            except psycopg.Error as error:
                failures += was_open or self._connection.generation > opened
                if not is_transient(error) or failures == tries:
                    raise
                await asyncio.sleep(self._backoff.next_delay(error))
            else:
                self._backoff.reset()
                return result


def _may_pass(error: psycopg.Error) -> bool:
    """Whether an overloaded or failing server raises such an error: it may have been slow too."""
    return is_transient(error) or isinstance(error, psycopg.errors.QueryCanceled)


def _has_flow(attempts: Sequence[Attempt]) -> bool:
    return any(attempt.job.flow is not None for attempt in attempts)
