"""Writes what became of attempts, many at a time, until Postgres has taken it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from ..job import JobStatus
from ..postgres.connection import Link
from ..postgres.execute import run_async
from ..postgres.statement import Statement
from ..postgres.trouble import Trouble
from . import attempts as statements
from .attempts import Attempt
from .metrics import Metrics
from .outcome import Outcome, clean

__all__ = ["Acknowledger"]

T = TypeVar("T")
Connect = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]

_log = logging.getLogger("conduit.worker")

BATCH = 1_000
"""Attempts that one statement writes at most."""
# What is wrong with the data, not with the server: the batch is split until the bad one is alone.
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError)


class Acknowledger:
    """One task that writes outcomes over one connection; what comes in meanwhile forms a batch.

    `on_ended` is called with the attempts of each batch whose outcome is committed, without those
    whose jobs were no longer held. A write is repeated until Postgres has taken it. That is
    harmless: the token of the claim matches once only.
    """

    def __init__(
        self,
        link: Link,
        schema: str | None,
        on_written: Callable[[int], None],
        on_postponed: Callable[[], None],
        on_ended: Callable[[Sequence[Attempt]], None],
        metrics: Metrics,
    ) -> None:
        self._link = link
        self._schema = schema
        self._on_written = on_written
        self._on_postponed = on_postponed
        self._on_ended = on_ended
        self._metrics = metrics
        self._completed: list[Attempt] = []
        self._ended: list[Attempt] = []
        self._questions: list[tuple[Statement[Any], asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._writing = False
        self._trouble = Trouble(_log, "outcomes cannot be written")

    @property
    def is_idle(self) -> bool:
        """Whether everything that came in is written."""
        return not (self._completed or self._ended or self._questions or self._writing)

    def add(self, attempt: Attempt) -> None:
        """Have an attempt written soon."""
        attempts = self._completed if attempt.outcome is None else self._ended
        if not attempts:
            self._wake.set()
        attempts.append(attempt)

    async def complete_apart(self, attempt: Attempt, connect: Connect) -> None:
        """Complete a job whose nested ones may have to wait for keys; no other waits with it."""
        statement = statements.complete([attempt], self._schema)
        trouble = Trouble(_log, "an outcome cannot be written")
        while True:
            try:
                async with connect() as connection:
                    written = await run_async(connection, statement)
            except _REFUSED as error:
                self._refuse(attempt, error)
                return
            except psycopg.Error as error:
                await asyncio.sleep(trouble.again_in(error))
            else:
                self._metrics.record_completed([attempt])
                self._report([attempt], written)
                return

    async def mark_started(self, attempts: list[Attempt], *, waits: bool = False) -> set[UUID]:
        """Write that these attempts began; answers which of the jobs are still held.

        A job that is locked, perhaps by its own completion, is left for later, unless it `waits`.
        """
        return await self._ask(statements.mark_started(attempts, self._schema, waits=waits))

    async def held_jobs(self, worker: str) -> list[tuple[UUID, UUID]]:
        """Id and token of what the worker has held for a while, as the database sees it."""
        return await self._ask(statements.held_jobs(worker, self._schema))

    async def _ask(self, question: Statement[T]) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._questions.append((question, answer))
        self._wake.set()
        return await answer

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
            while self._completed or self._ended or self._questions:
                await self._write_all()
            self._writing = False
            self._on_written(0)
            if self._closing:
                return

    async def _write_all(self) -> None:
        questions, self._questions = self._questions, []
        for question, answer in questions:
            result = await self._insist(question)
            if not answer.done():
                answer.set_result(result)
        if self._completed:
            completed = _take(self._completed)
            self._metrics.record_completed(completed)
            await self._write(completed, statements.complete)
        if self._ended:
            await self._write(_take(self._ended), statements.end)
            self._on_postponed()

    async def _write(
        self,
        attempts: Sequence[Attempt],
        statement: Callable[[Sequence[Attempt], str | None], Statement[Sequence[Attempt]]],
    ) -> None:
        try:
            written = await self._insist(statement(attempts, self._schema))
        except _REFUSED as error:
            if len(attempts) > 1:
                middle = len(attempts) // 2
                await self._write(attempts[:middle], statement)
                await self._write(attempts[middle:], statement)
            else:
                self._refuse(attempts[0], error)
            return
        self._report(attempts, written)

    def _report(self, attempts: Sequence[Attempt], written: Sequence[Attempt]) -> None:
        self._on_written(len(attempts))
        if written:
            self._on_ended(written)
        lost = len(attempts) - len(written)
        if lost == 1:
            _log.warning("1 job was no longer held when it ended")
        elif lost:
            _log.warning("%d jobs were no longer held when they ended", lost)

    def _refuse(self, attempt: Attempt, error: psycopg.Error) -> None:
        """Fail the job whose outcome Postgres does not take, without anything of that outcome."""
        text = clean(f"Postgres refused the outcome: {error}", 1_000)
        _log.error("job %s (%s): %s", attempt.job.id, attempt.job.type, text)
        if attempt.outcome is None or attempt.outcome.detail is not None:
            detail = None if attempt.outcome else {"attempt": attempt.job.attempts, "error": text}
            outcome = Outcome(JobStatus.FAILED, error=text, detail=detail)
            self.add(Attempt(attempt.job, attempt.elapsed, outcome, started=attempt.started))

    async def _insist(self, statement: Statement[T]) -> T:
        while True:
            try:
                answer = await self._link.run(statement)
            except _REFUSED:
                raise
            except psycopg.Error as error:
                await asyncio.sleep(self._trouble.again_in(error))
            else:
                self._trouble.over()
                return answer


def _take(attempts: list[Attempt]) -> list[Attempt]:
    taken = list(islice(attempts, BATCH))
    del attempts[:BATCH]
    return taken
