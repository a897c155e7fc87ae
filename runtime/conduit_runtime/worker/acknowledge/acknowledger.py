"""Writes outcomes of attempts, many at a time, until Postgres has stored them."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import psycopg

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.connection import ReconnectingConnection
from ...postgres.statement import Statement
from ...statements import outcomes as statements
from ...statements.outcomes import Attempt, Written
from ..job_database import JobDatabase
from .apart_writer import ApartWriter
from .batch_writer import BatchWriter

if TYPE_CHECKING:
    from ..worker import Worker

T = TypeVar("T")

_log = get_logger("conduit.worker")

BATCH = 1_000
"""Attempts that one statement writes at most."""
BATCH_BYTES = 4_000_000
"""Bytes of results, errors and child jobs that one statement writes; a single one may have more."""
LOCK_TIMEOUT = "300ms"
"""How long a batch waits for a lock, before what is locked is deferred."""
STATEMENT_TIMEOUT = "2s"
"""How long a batch may take, before its outcomes are written one by one beside the others."""
PAUSE = 0.5
"""Seconds until deferred outcomes are tried again."""


class Acknowledger:
    """One task that writes outcomes over one connection; what comes in meanwhile forms a batch.

    A write is repeated until Postgres has stored it. That is harmless: the token of the claim
    matches once only. A job whose row another transaction has locked is deferred until it is free.
    One whose outcome is large or refused is written apart, over the jobs' connections: the rest of
    its batch does not wait. The connection has a `LOCK_TIMEOUT` and a `STATEMENT_TIMEOUT`.
    """

    def __init__(
        self, worker: "Worker", connection: ReconnectingConnection, database: JobDatabase
    ) -> None:
        self._worker = worker
        self._metrics = worker.metrics
        self._completed: list[Attempt] = []
        self._ended: list[Attempt] = []
        self._queries: list[tuple[Statement[Any], asyncio.Future[Any]]] = []
        self._deferred: list[Attempt] = []
        self._again: list[Attempt] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._writing = False
        self._starts = Backoff(_log, "the start of a job cannot be written")
        self._apart = ApartWriter(database, self._report_apart)
        self._writer = BatchWriter(connection, self._report, self._apart.add, self._defer)

    @property
    def is_idle(self) -> bool:
        """Whether everything that came in is written."""
        return not (self._writing or self._is_asked or self._deferred) and self._apart.is_idle

    @property
    def _is_asked(self) -> bool:
        return bool(self._completed or self._ended or self._queries or self._again)

    @property
    def deferred(self) -> set[tuple[UUID, UUID | None]]:
        """Id and token of the jobs that ended, but are locked by another session or refused."""
        deferred = {(each.job.id, each.job.token) for each in (*self._deferred, *self._again)}
        return deferred.union(self._apart.held)

    def add(self, attempt: Attempt) -> None:
        """Have an attempt written soon."""
        attempts = self._completed if attempt.outcome is None else self._ended
        if not attempts:
            self._wake.set()
        attempts.append(attempt)

    async def complete_apart(self, attempt: Attempt) -> None:
        """Complete a job whose outcome is large or may have to wait for keys; no other waits."""
        await self._apart.write(attempt)
        self._metrics.record_completed([attempt])

    async def mark_started(self, attempts: list[Attempt], *, waits: bool = False) -> set[UUID]:
        """Write that these attempts began; returns which of the jobs are still held.

        A job that is locked, perhaps by its own completion, is left for later, unless it `waits`.
        So is one whose start Postgres refuses: that raises when it `waits`.
        """
        while waits:
            locked = await self._ask(statements.locked(attempts))
            if not locked:
                break
            await asyncio.sleep(PAUSE)
        try:
            return await self._ask(statements.mark_started(attempts, waits=waits))
        except psycopg.Error as error:
            if waits:
                raise
            if len(attempts) == 1:
                self._starts.next_delay(error)
                return {attempts[0].job.id}
            middle = len(attempts) // 2
            held = await self.mark_started(attempts[:middle])
            return held | await self.mark_started(attempts[middle:])

    async def held_jobs(self, worker: str) -> set[tuple[UUID, UUID]]:
        """Id and token of what the worker holds, as the database sees it."""
        return await self._ask(statements.held_jobs(worker))

    async def _ask(self, query: Statement[T]) -> T:
        while True:
            result_of: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._queries.append((query, result_of))
            self._wake.set()
            try:
                return await result_of
            except psycopg.errors.LockNotAvailable:
                await asyncio.sleep(PAUSE)

    async def cancel(self) -> None:
        """Give up the outcomes that Postgres refuses."""
        await self._apart.cancel()

    def close(self) -> None:
        """Let `run` end when everything is written."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Write what comes in until closed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._writing = True
            while self._is_asked:
                await self._write_all()
            self._writing = False
            self._worker.claimer.on_idle()
            if self._closing and not self._deferred and self._apart.is_idle:
                return

    async def _write_all(self) -> None:
        queries, self._queries = self._queries, []
        for query, result_of in queries:
            try:
                result = await self._writer.insist(query)
            except psycopg.Error as error:
                if not result_of.done():
                    result_of.set_exception(error)
            else:
                if not result_of.done():
                    result_of.set_result(result)
        if self._again:
            await self._write_again(_take(self._again))
        if self._completed:
            completed = _take(self._completed)
            self._metrics.record_completed(completed)
            await self._writer.write(completed)
        if self._ended:
            await self._writer.write(_take(self._ended))

    async def _write_again(self, attempts: Sequence[Attempt]) -> None:
        """Write those of the deferred attempts that are free now."""
        free = await self._writer.free(attempts)
        completed = [each for each in free if each.outcome is None]
        ended = [each for each in free if each.outcome is not None]
        for part in (completed, ended):
            if part:
                await self._writer.write(part, tries=1)

    def _defer(self, attempts: Sequence[Attempt]) -> None:
        if attempts and not self._deferred:
            asyncio.get_running_loop().call_later(PAUSE, self._bring_back)
        self._deferred.extend(attempts)

    def _bring_back(self) -> None:
        self._again += self._deferred
        self._deferred = []
        self._wake.set()

    def _report_apart(self, attempts: Sequence[Attempt], written: Written) -> None:
        self._report(attempts, written)
        if self._closing:
            self._wake.set()

    def _report(self, attempts: Sequence[Attempt], written: Written) -> None:
        self._worker.on_written(attempts, written)
        lost = len(attempts) - len(written.attempts)
        if lost == 1:
            _log.warning("1 job was no longer held when it ended")
        elif lost:
            _log.warning("%d jobs were no longer held when they ended", lost)


def _take(attempts: list[Attempt]) -> list[Attempt]:
    """The first attempts that one statement writes, taken out of the list."""
    count = weight = 0
    for attempt in attempts:
        if attempt.outcome is not None or attempt.enqueued or attempt.result is not None:
            weight += attempt.weight  # no call for the others, which are most
        if count == BATCH or (count and weight > BATCH_BYTES):
            break
        count += 1
    taken = attempts[:count]
    del attempts[:count]
    return taken
