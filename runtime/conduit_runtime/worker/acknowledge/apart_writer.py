"""Writes single outcomes beside the batches: large ones, and those that Postgres refused."""

import asyncio
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg

from ...model.job import JobStatus
from ...model.outcome import Outcome, clean
from ...model.text.logs import get_logger
from ...model.values import error_message
from ...postgres.backoff import Backoff, delay_after
from ...postgres.refusals import is_transient, is_unclear
from ...statements import outcomes as statements
from ...statements.outcomes import Attempt, Written
from ..job_database import JobDatabase

_log = get_logger("conduit.worker")

AT_ONCE = 2
"""Refused outcomes that are written at the same time."""
_TIMEOUT = "SET LOCAL statement_timeout = '25s'"
TRIES = 3
"""How often an outcome meets an error that may be the server's before it counts as refused."""


class ApartWriter:
    """Writes outcomes one by one, over the jobs' connections.

    What Postgres refuses ends failed, without anything of the outcome but the reason. If that is
    refused as well, the job stays running here and both are tried again: it does not run twice.
    `on_written` is called as that of a BatchWriter.
    """

    def __init__(
        self, database: JobDatabase, on_written: Callable[[list[Attempt], Written], None]
    ) -> None:
        self._database = database
        self._on_written = on_written
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[asyncio.Task[None], Attempt] = {}
        self._stuck: set[Attempt] = set()
        self._backoff = Backoff(_log, "an outcome cannot be written")

    @property
    def is_idle(self) -> bool:
        """Whether no outcome is left but those that Postgres refuses in every form."""
        return self._stuck.issuperset(self._tasks.values())

    @property
    def held(self) -> Iterator[tuple[UUID, UUID | None]]:
        """Id and token of the jobs whose refused outcomes are not written yet."""
        return ((each.job.id, each.job.token) for each in self._tasks.values())

    def add(self, attempt: Attempt, error: psycopg.Error) -> None:
        """Write an outcome that Postgres refused in a batch of its own, with this error."""
        task = asyncio.create_task(self._write_refused(attempt, error), name="conduit refused")
        self._tasks[task] = attempt
        task.add_done_callback(self._tasks.pop)

    async def cancel(self) -> None:
        """Give up what is not written yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def write(self, attempt: Attempt) -> None:
        """Write an outcome without others waiting; returns once it is written or refused."""
        if (error := await self._try(attempt, defers=False)) is not None:
            self.add(attempt, error)

    async def _write_refused(self, attempt: Attempt, error: psycopg.Error) -> None:
        rounds = 0
        while True:
            # Without what waits for the job, or by itself, it may be taken now.
            if rounds or attempt.job.flow is not None or is_transient(error) or is_unclear(error):
                again = await self._try(attempt)
                if again is None:
                    break
                error = again
            is_written = await self._try(_failed(attempt, error)) is None
            if is_written or not rounds:
                refused = "refused the outcome" if is_written else "refuses every outcome"
                _log.error(
                    "job %s (%s): Postgres %s: %s",
                    *(attempt.job.id, attempt.job.type, refused, error_message(error)),
                )
            if is_written:
                break
            rounds += 1
            self._stuck.add(attempt)
            await asyncio.sleep(delay_after(rounds))
        self._stuck.discard(attempt)

    async def _try(self, attempt: Attempt, *, defers: bool = True) -> psycopg.Error | None:
        """Write an outcome; returns why Postgres refuses it, None when it is written.

        One that `defers` takes one of few connections, each of which is free again after a while.
        """
        statement = statements.write([attempt], defers=defers)
        unclear = 0
        while True:
            try:
                if defers:
                    async with self._at_once:
                        written = await self._database.run(statement, _TIMEOUT)
                else:
                    written = await self._database.run(statement)
            except psycopg.Error as error:
                if not is_transient(error):
                    unclear += is_unclear(error)
                    if not 0 < unclear < TRIES:
                        return error
                await asyncio.sleep(self._backoff.next_delay(error))
            else:
                self._backoff.reset()
                self._on_written([attempt], written)
                return None


def _failed(attempt: Attempt, error: psycopg.Error) -> Attempt:
    """The attempt as one that failed since Postgres refuses its outcome."""
    text = clean(f"Postgres refused the outcome: {error_message(error)}", 1_000)
    refused = attempt.outcome
    detail = None
    if refused is None or refused.detail is None:
        detail = {"attempt": attempt.job.attempts, "error": text}
    outcome = Outcome(JobStatus.FAILED, error=text, detail=detail)
    return Attempt(attempt.job, attempt.elapsed, outcome, started=attempt.started)
