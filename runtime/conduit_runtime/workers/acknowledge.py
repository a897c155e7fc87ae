"""Writes what became of attempts, many at a time, until Postgres has taken it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from ..job import JobStatus
from ..logs import get_logger
from ..postgres.connection import Link
from ..postgres.execute import run_async
from ..postgres.statement import Statement
from ..postgres.trouble import Trouble
from ..values import error_message
from . import attempts as statements
from .attempts import Attempt
from .batch_writer import REFUSED, BatchWriter
from .metrics import Metrics
from .outcome import Outcome, clean

__all__ = ["LOCK_TIMEOUT", "Acknowledger"]

T = TypeVar("T")
Connect = Callable[[], AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]]

_log = get_logger("conduit.worker")

BATCH = 1_000
"""Attempts that one statement writes at most."""
LOCK_TIMEOUT = "300ms"
"""How long a batch waits for a lock, before what is locked is set aside."""
PAUSE = 0.5
"""Seconds until what is set aside is looked at again."""


class Acknowledger:
    """One task that writes outcomes over one connection; what comes in meanwhile forms a batch.

    `on_ended` is called with the attempts of each batch whose outcome is committed, without those
    whose jobs were no longer held. A write is repeated until Postgres has taken it. That is
    harmless: the token of the claim matches once only. A job whose row somebody has locked is set
    aside until it is free; the rest of its batch does not wait with it. The link has a
    `LOCK_TIMEOUT`.
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
        self._schema = schema
        self._on_written = on_written
        self._on_postponed = on_postponed
        self._on_ended = on_ended
        self._metrics = metrics
        self._completed: list[Attempt] = []
        self._ended: list[Attempt] = []
        self._questions: list[tuple[Statement[Any], asyncio.Future[Any]]] = []
        self._aside: list[Attempt] = []
        self._again: list[Attempt] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._writing = False
        self._writer = BatchWriter(link, schema, self._report, self._refuse, self._set_aside)

    @property
    def is_idle(self) -> bool:
        """Whether everything that came in is written."""
        return not (self._writing or self._is_asked or self._aside)

    @property
    def _is_asked(self) -> bool:
        return bool(self._completed or self._ended or self._questions or self._again)

    @property
    def set_aside(self) -> set[tuple[UUID, UUID | None]]:
        """Id and token of the jobs that ended, but are locked by somebody."""
        return {(each.job.id, each.job.token) for each in (*self._aside, *self._again)}

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
            except REFUSED as error:
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
        while waits:
            locked = await self._ask(statements.locked(attempts, self._schema))
            if not locked:
                break
            await asyncio.sleep(PAUSE)
        return await self._ask(statements.mark_started(attempts, self._schema, waits=waits))

    async def held_jobs(self, worker: str) -> set[tuple[UUID, UUID]]:
        """Id and token of what the worker holds, as the database sees it."""
        return await self._ask(statements.held_jobs(worker, self._schema))

    async def _ask(self, question: Statement[T]) -> T:
        while True:
            answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            self._questions.append((question, answer))
            self._wake.set()
            try:
                return await answer
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
            while self._is_asked:
                await self._write_all()
            self._writing = False
            self._on_written(0)
            if self._closing and not self._aside:
                return

    async def _write_all(self) -> None:
        questions, self._questions = self._questions, []
        for question, answer in questions:
            try:
                result = await self._writer.insist(question)
            except psycopg.errors.LockNotAvailable as error:
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(result)
        if self._again:
            await self._write_again(_take(self._again))
        if self._completed:
            completed = _take(self._completed)
            self._metrics.record_completed(completed)
            await self._writer.write(completed, statements.complete)
        if self._ended:
            await self._writer.write(_take(self._ended), statements.end)
            self._on_postponed()

    async def _write_again(self, attempts: Sequence[Attempt]) -> None:
        """Write those of the attempts set aside that are free now."""
        free = await self._writer.free(attempts)
        if completed := [each for each in free if each.outcome is None]:
            await self._writer.write(completed, statements.complete)
        if ended := [each for each in free if each.outcome is not None]:
            await self._writer.write(ended, statements.end)
            self._on_postponed()

    def _set_aside(self, attempts: Sequence[Attempt]) -> None:
        if attempts and not self._aside:
            asyncio.get_running_loop().call_later(PAUSE, self._bring_back)
        self._aside.extend(attempts)

    def _bring_back(self) -> None:
        self._again += self._aside
        self._aside = []
        self._wake.set()

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
        text = clean(f"Postgres refused the outcome: {error_message(error)}", 1_000)
        _log.error("job %s (%s): %s", attempt.job.id, attempt.job.type, text)
        refused = attempt.outcome
        detail = None
        if refused is None or refused.detail is None:
            if refused is not None and refused.status is JobStatus.FAILED:
                return  # nothing is left to leave out
            detail = {"attempt": attempt.job.attempts, "error": text}
        outcome = Outcome(JobStatus.FAILED, error=text, detail=detail)
        self.add(Attempt(attempt.job, attempt.elapsed, outcome, started=attempt.started))


def _take(attempts: list[Attempt]) -> list[Attempt]:
    taken = list(islice(attempts, BATCH))
    del attempts[:BATCH]
    return taken
