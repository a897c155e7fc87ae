"""Stores the records of steps and waits, and reads them, those of many jobs in one statement."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import psycopg

from ...job_types.steps import Connection, StepStore, Writes
from ...model.attempts.interruptions import TakenAway
from ...model.claimed import Claimed
from ...model.job import Job
from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...postgres.refusals import is_transient
from ...postgres.statement import Statement
from ...statements import outcomes
from ...statements import steps as statements
from ...statements.outcomes import Attempt
from ...statements.outcomes import Written as Completed
from ...statements.steps import Record, Stored, Wait, Waited
from ..job_database import JobDatabase

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

_log = get_logger("conduit.worker")

MOST = 1_000
"""The most records of a statement."""
MOST_BYTES = 4_000_000
"""The most bytes of their values; a single one may have more."""
LAST = 2.0
"""Seconds until a stopped attempt waits no longer for a record."""
LOCKED = 0.01
"""Seconds until a record is tried again whose job another transaction has locked."""
TRIES = 100
"""How often a record, or the end of a job, is tried that commits with writes of its job."""
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'"


class StepWriter(StepStore):
    """Stores and reads records over the jobs' connections, fenced as outcomes are.

    Records that come in during a write form the next batch. A write is repeated until Postgres has
    stored it, which is harmless. If Postgres refuses a batch, its halves are written apart.
    `on_lost` is called with a job that is no longer held.
    """

    def __init__(self, database: JobDatabase, on_lost: Callable[[Claimed], object]) -> None:
        self._database = database
        self._on_lost = on_lost
        self._writing = _Together(database, statements.store, lambda record: len(record.value))
        self._reading: _Together[Claimed, Stored] = _Together(
            database, statements.read, lambda job: 0
        )
        self._waiting: _Together[Wait, Waited] = _Together(
            database, statements.wait, lambda wait: 0
        )

    def store(self, record: Record, /) -> "asyncio.Future[bool]":
        return self._writing.add(record)

    async def store_within(self, record: Record, connection: Connection, /) -> bool:
        return await store_within(self._database, record, connection)

    async def committed(self, record: Record, /) -> bool:
        """Do nothing: the record is stored."""
        return True

    async def complete(self, attempt: Attempt, writes: Writes, /) -> Completed | None:
        return await complete_within(self._database, attempt, writes)

    def read(self, job: Claimed, /) -> "asyncio.Future[Stored]":
        return self._reading.add(job)

    def wait(self, wait: Wait, /) -> "asyncio.Future[Waited]":
        return self._waiting.add(wait)

    def lose(self, job: Claimed, /) -> None:
        self._on_lost(job)

    async def cancel(self) -> None:
        """Give up what is not written yet; threads that wait for it would never end."""
        for each in (self._writing, self._reading, self._waiting):
            await each.cancel()


async def store_within(database: JobDatabase, record: Record, connection: Connection) -> bool:
    """Store a record in a connection's transaction; False if its job is not held.

    Raises LockNotAvailable if another transaction has the job for long.
    """
    statement = statements.store([record])
    for _ in range(TRIES):
        [found] = await database.run(statement, connection)
        if found is not None:
            return found
        await asyncio.sleep(LOCKED)
    raise _locked(record.job)


async def complete_within(
    database: JobDatabase,
    attempt: Attempt,
    writes: Writes,
    note: Callable[[str], object] | None = None,
) -> Completed:
    """Write that a job completed, in the transaction of its last writes, and commit it.

    `note` is called with the transaction's id before it commits. Raises TakenAway if the job is not
    held, LockNotAvailable if another transaction has it, or what its end changes, for long.
    """
    statement = outcomes.complete([attempt], defers=True)
    async with writes as connection:
        assert connection is not None
        for _ in range(TRIES):
            is_locked = await database.run(outcomes.lock(attempt), connection)
            if is_locked is not None:
                break
            await asyncio.sleep(LOCKED)
        else:
            raise _locked(attempt.job)
        if not is_locked:
            raise TakenAway
        await connection.execute(_LOCK_TIMEOUT)
        completed = await database.run(statement, connection)
        if note is not None:
            note(await database.run(outcomes.transaction(), connection))
        return completed


def _locked(job: Claimed | Job) -> psycopg.Error:
    """The error of a transaction that waits no longer: the other one may wait for its writes."""
    return psycopg.errors.LockNotAvailable(f"another transaction has locked job {job.id}")


class Written(asyncio.Future[R]):
    """The result of a record. A task that waits for it is stopped once it is there.

    So what is finished is stored before the job of a stopped attempt is released.
    """

    def cancel(self, msg: Any = None) -> bool:
        """Cancel it in `LAST` seconds."""
        if not self.done():
            self.get_loop().call_later(LAST, self.give_up)
        return False

    def give_up(self) -> None:
        """Cancel it now."""
        super().cancel()


Waiting = tuple[I, Written[R]]
"""What is to be sent, and its result."""


class _Together(Generic[I, R]):
    """Sends one statement for all that came in while the statement before it ran.

    The statement returns a result for each; None: it is to be sent again.
    """

    def __init__(
        self,
        database: JobDatabase,
        statement: Callable[[Sequence[I]], Statement[Sequence[R | None]]],
        weight: Callable[[I], int],
    ) -> None:
        self._database = database
        self._statement = statement
        self._weight = weight
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting[I, R]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._backoff = Backoff(_log, "records of steps cannot be stored or read")

    def add(self, item: I) -> "asyncio.Future[R]":
        future: Written[R] = Written(loop=self._loop)
        self._put([(item, future)])
        return future

    def _put(self, items: Iterable[Waiting[I, R]]) -> None:
        if self._is_closed:
            _give_up(items)
            return
        self._waiting.extend(items)
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._work(), name="conduit steps")

    async def cancel(self) -> None:
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _give_up(self._waiting)

    async def _work(self) -> None:
        while self._waiting:
            batch, weight = [self._waiting.popleft()], 0
            while self._waiting and len(batch) < MOST and weight < MOST_BYTES:
                batch.append(self._waiting.popleft())
                weight += self._weight(batch[-1][0])
            try:
                await self._send(batch)
            except asyncio.CancelledError:
                _give_up(batch)
                raise

    async def _send(self, batch: Sequence[Waiting[I, R]]) -> None:
        statement = self._statement([item for item, _ in batch])
        while True:
            try:
                results = await self._database.run(statement)
                break
            except Exception as error:
                if isinstance(error, psycopg.Error) and is_transient(error):
                    await asyncio.sleep(self._backoff.next_delay(error))
                    continue
                if len(batch) > 1:
                    middle = len(batch) // 2
                    await self._send(batch[:middle])
                    await self._send(batch[middle:])
                elif not batch[0][1].done():
                    batch[0][1].set_exception(error)
                return
        self._backoff.reset()
        locked = []
        for each, result in zip(batch, results, strict=True):
            if result is None:
                locked.append(each)
            elif not each[1].done():
                each[1].set_result(result)
        if locked:
            self._loop.call_later(LOCKED, self._put, locked)


def _give_up(items: Iterable[Waiting[Any, Any]]) -> None:
    for _, future in items:
        future.give_up()
