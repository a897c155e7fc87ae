"""Writes outcomes beside the batches: large ones, and those that a batch failed to write."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import psycopg

from ...model.attempts.outcome import Outcome, clean
from ...model.job import JobStatus
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger
from ...model.values import error_message
from ...postgres.backoff import Backoff, delay_after
from ...postgres.refusals import is_transient, is_unclear
from ...statements import outcomes as statements
from ...statements.outcomes import Attempt, Written
from ..interfaces import ApartSink
from ..job_database import JobDatabase
from ..timing import Timing

_log = get_logger("conduit.worker")

AT_ONCE = 2
"""Statements for such outcomes that run at the same time."""
# Short lock timeouts: a locked row is tried again later and does not delay other outcomes.
_LIMITS = "SET LOCAL lock_timeout = '10ms'; SET LOCAL statement_timeout = '{:g}s'"
TRIES = 3
"""Errors of unclear cause that an outcome meets before it counts as refused."""
LOCKED = 0.5
"""The most seconds until a locked row is tried again."""


class ApartWriter(ApartSink):
    """Writes outcomes over the jobs' connections, while other batches go on.

    It splits a batch that cannot be written until each outcome is written or alone. It retries a
    job whose row another transaction has locked until the row is free. If Postgres refuses an
    outcome, the job ends as failed, and only the reason is stored. If Postgres refuses that as
    well, the job stays running, so it does not run twice, and both are tried again.

    `on_written` is called with attempts and what was written of them, `on_end` when no outcome of
    a part is left to be written.
    """

    def __init__(
        self,
        database: JobDatabase,
        timing: Timing,
        backoff: Backoff,
        on_written: Callable[[Sequence[Attempt], Written], None],
        on_end: Callable[[], None],
    ) -> None:
        self._database = database
        self._alone, self._together = map(_LIMITS.format, (timing.alone, timing.apart))
        self._backoff = backoff  # the acknowledger's, which logs an outage once for both
        self._on_written = on_written
        self._on_end = on_end
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[asyncio.Task[None], Sequence[Attempt]] = {}
        self._stuck: set[Attempt] = set()

    @property
    def is_idle(self) -> bool:
        """Whether no outcome is left but those that Postgres refuses in every form."""
        return all(self._stuck.issuperset(attempts) for attempts in self._tasks.values())

    @property
    def held(self) -> Iterator[tuple[UUID, UUID | None]]:
        """The id and token of each job whose outcome is not written yet."""
        for attempts in self._tasks.values():
            for attempt in attempts:
                yield attempt.job.id, attempt.job.token

    def add(self, attempts: Sequence[Attempt]) -> None:
        """Write outcomes that could not be written in a batch, all completions or all others."""
        work = self._write_alone(attempts[0]) if len(attempts) == 1 else self._write_parts(attempts)
        task = asyncio.create_task(work, name="conduit refused")
        self._tasks[task] = attempts
        task.add_done_callback(self._end)

    def _end(self, task: "asyncio.Task[None]") -> None:
        del self._tasks[task]
        self._on_end()

    async def cancel(self) -> None:
        """Give up the outcomes that are not written yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def write(self, attempt: Attempt) -> None:
        if await self._try([attempt], defers=False) is not None:
            self.add([attempt])

    async def begin(self, attempt: Attempt) -> bool:
        """Write that an attempt begins, once its job is not locked.

        False when it is not held, or has expired, and so is released.
        """
        statement = statements.mark_started([attempt], waits=True)
        while True:
            try:
                held = await self._database.run_with("SET LOCAL lock_timeout = '10s'", statement)
            except psycopg.Error as error:
                if not is_transient(error):
                    raise
                await asyncio.sleep(self._backoff.next_delay(error))
            else:
                return bool(held)

    async def _write_parts(self, attempts: Sequence[Attempt]) -> None:
        error = await self._try(attempts)
        if error is None:
            return
        # Each part of a batch that took too long might take as long again.
        is_slow = isinstance(error, psycopg.errors.QueryCanceled)
        size = 1 if is_slow else -(-len(attempts) // 2)
        for start in range(0, len(attempts), size):
            self.add(attempts[start : start + size])

    async def _write_alone(self, attempt: Attempt) -> None:
        rounds = 0
        while (error := await self._try([attempt])) is not None:
            is_written = await self._try([refused(attempt, error)]) is None
            if is_written or not rounds:
                how = "refused the outcome" if is_written else "refuses every outcome"
                _log.error(
                    "job %s (%s): Postgres %s: %s",
                    *(attempt.job.id, attempt.job.type, how, error_message(error)),
                    extra=job_fields(attempt.job, attempt.elapsed),
                )
            if is_written:
                break
            rounds += 1
            self._stuck.add(attempt)
            self._on_end()
            await asyncio.sleep(delay_after(rounds))
        self._stuck.discard(attempt)

    async def _try(
        self, attempts: Sequence[Attempt], *, defers: bool = True
    ) -> psycopg.Error | None:
        """Write outcomes; returns why they cannot be written together, None when they are written.

        With `defers`, leaves the dependents of the jobs to the flow advancer: the lock or the
        refusal may concern them.
        """
        statement = statements.write(attempts, defers=defers)
        is_alone = len(attempts) == 1
        unclear = 0
        while True:
            try:
                if defers:
                    async with self._at_once:
                        settings = self._alone if is_alone else self._together
                        written = await self._database.run_with(settings, statement)
                else:
                    written = await self._database.run(statement)
            except psycopg.errors.LockNotAvailable as error:
                if not is_alone and not _is_table_locked(attempts, error):
                    return error
                await asyncio.sleep(min(self._backoff.next_delay(error), LOCKED))
            except psycopg.Error as error:
                if not is_transient(error):
                    unclear += is_unclear(error)
                    if not (is_alone and 0 < unclear < TRIES):
                        return error
                elif not is_alone and error.sqlstate is not None:
                    return error
                await asyncio.sleep(self._backoff.next_delay(error))
            else:
                self._backoff.reset()
                self._on_written(attempts, written)
                return None


def _is_table_locked(attempts: Sequence[Attempt], error: psycopg.errors.LockNotAvailable) -> bool:
    """Whether the whole table of jobs is locked; the error of a row's lock has a context."""
    return error.diag.context is None and not any(each.enqueued or each.result for each in attempts)


def refused(attempt: Attempt, error: psycopg.Error) -> Attempt:
    """The attempt as one that failed because Postgres refuses its outcome."""
    text = clean(f"Postgres refused the outcome: {error_message(error)}", 1_000)
    given = attempt.outcome
    detail = None
    if given is None or given.detail is None:
        detail = {"attempt": attempt.job.attempts, "error": text}
    outcome = Outcome(JobStatus.FAILED, error=text, detail=detail)
    return Attempt(attempt.job, attempt.elapsed, outcome, started=attempt.started)
