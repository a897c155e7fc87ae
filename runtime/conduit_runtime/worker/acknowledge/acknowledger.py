"""Writes outcomes of attempts, many at a time, until Postgres has stored them."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import psycopg

from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.connection import ReconnectingConnection
from ...postgres.refusals import is_transient
from ...postgres.statement import Statement
from ...statements import outcomes as statements
from ...statements.outcomes import Attempt, Written
from ..interfaces import OutcomeSink
from ..job_database import JobDatabase
from ..worker_base import WorkerBase
from .apart_writer import ApartWriter

T = TypeVar("T")

_log = get_logger("conduit.worker")

LOCK_TIMEOUT = "300ms"
"""How long a batch waits for a lock, before it is written beside the others."""
STATEMENT_TIMEOUT = "2s"
"""How long a batch may take, before it is written beside the others."""
PAUSE = 0.5
"""Seconds until a query that met a lock is sent again."""
TRIES = 2
"""Errors of the server's own that a batch meets before it is written beside the others."""
BATCH = 1_000
"""The most attempts that one statement writes, or one message holds."""
BATCH_BYTES = 4_000_000
"""The most bytes of their results, errors and child jobs; a single attempt may have more."""


class Acknowledger(OutcomeSink):
    """One task that writes outcomes over one connection.

    Outcomes that come in during a write form the next batch. A write is repeated until Postgres has
    stored it. That is harmless: the token of the claim matches once only. If Postgres refuses one
    of the outcomes, or another transaction has locked a row, the batch goes to the ApartWriter, as
    large outcomes do, so the next batches do not wait. The connection has a `LOCK_TIMEOUT` and a
    `STATEMENT_TIMEOUT`.
    """

    def __init__(
        self, worker: WorkerBase, connection: ReconnectingConnection, database: JobDatabase
    ) -> None:
        self._worker = worker
        self._metrics = worker.metrics
        self._connection = connection
        self._turn = asyncio.Lock()
        self._completed: list[Attempt] = []
        self._ended: list[Attempt] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._writing = False
        self._starts = Backoff(_log, "the start of a job cannot be written")
        self._backoff = Backoff(_log, "outcomes cannot be written")
        self.apart: ApartWriter = ApartWriter(
            database, worker.timing, self._backoff, self._report, self._wake.set
        )

    @property
    def is_idle(self) -> bool:
        """Whether everything that came in is written."""
        return not (self._writing or self._completed or self._ended) and self.apart.is_idle

    def add(self, attempt: Attempt) -> None:
        attempts = self._completed if attempt.outcome is None else self._ended
        if not attempts:
            self._wake.set()
        attempts.append(attempt)

    def note_completed(self, attempt: Attempt, written: Written) -> None:
        self._metrics.record_completed([attempt])
        self._report([attempt], written)

    async def mark_started(self, attempts: list[Attempt]) -> set[UUID]:
        """Write that these attempts began; returns the ids of the jobs that are still held.

        Leaves a job for later if it is locked, perhaps by its own completion, or if Postgres
        refuses its start.
        """
        try:
            return await self._ask(statements.mark_started(attempts))
        except psycopg.Error as error:
            if len(attempts) == 1:
                self._starts.next_delay(error)
                return {attempts[0].job.id}
            middle = len(attempts) // 2
            held = await self.mark_started(attempts[:middle])
            return held | await self.mark_started(attempts[middle:])

    async def held_jobs(self, worker: str, age: float | None = None) -> set[tuple[UUID, UUID]]:
        """The id and token of each job that the worker holds by the database's account.

        With an `age`, only of those that it claimed within so many seconds.
        """
        return await self._ask(statements.held_jobs(worker, age))

    async def _ask(self, query: Statement[T]) -> T:
        while True:
            try:
                return await self._insist(query)
            except psycopg.errors.LockNotAvailable:
                await asyncio.sleep(PAUSE)

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
            while self._completed or self._ended:
                if self._completed:
                    completed = take_batch(self._completed)
                    self._metrics.record_completed(completed)
                    await self._write(completed)
                if self._ended:
                    await self._write(take_batch(self._ended))
            self._writing = False
            self._worker.on_idle()
            if self._closing and self.apart.is_idle:
                return

    async def _write(self, attempts: Sequence[Attempt]) -> None:
        try:
            written = await self._insist(statements.write(attempts), TRIES)
        except psycopg.Error:
            self.apart.add(attempts)
        else:
            self._report(attempts, written)

    async def _insist(self, statement: Statement[T], tries: int | None = None) -> T:
        """Run a statement until the server returns its result.

        Raises LockNotAvailable, errors that the statement causes, and the `tries`-th error of an
        open connection, which the statement may have caused.
        """
        failures = 0
        async with self._turn:
            while True:
                opened, was_open = self._connection.generation, self._connection.is_open
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

    def _report(self, attempts: Sequence[Attempt], written: Written) -> None:
        self._worker.on_written(attempts, written)
        lost = len(attempts) - len(written.attempts)
        if lost == 1:
            _log.warning("1 job was no longer held when it ended")
        elif lost:
            _log.warning("%d jobs were no longer held when they ended", lost)


def take_batch(
    attempts: list[Attempt], *, most: int = BATCH, most_bytes: int = BATCH_BYTES
) -> list[Attempt]:
    """Remove and return the first attempts of the list that may be written together.

    Two attempts of one job may not: a statement stores the child jobs and results of all attempts
    of a job that it has, and only one of those attempts still holds the claim.
    """
    count = weight = 0
    jobs: set[int] = set()  # a UUID itself is slow to hash
    for attempt in attempts:
        if attempt.outcome is not None or attempt.enqueued or attempt.result is not None:
            weight += attempt.weight  # most attempts need no call
        job = attempt.job.id.int
        if count == most or (count and weight > most_bytes) or job in jobs:
            break
        jobs.add(job)
        count += 1
    taken = attempts[:count]
    del attempts[:count]
    return taken
