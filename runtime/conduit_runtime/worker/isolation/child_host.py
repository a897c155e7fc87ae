"""What jobs ask of their worker from within a child: requests over the pipe."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from ...job_types.steps import Connection, StepStore, Writes
from ...model.claimed import Claimed
from ...model.errors import QueueError
from ...services.protocols import Prepared
from ...statements.outcomes import Attempt
from ...statements.outcomes import Written as Completed
from ...statements.steps import Record, Stored, Wait, Waited
from ..acknowledge.step_writer import Written, complete_within, store_within
from ..interfaces import ApartSink, OutcomeSink, RunnerHost
from ..job_database import NO_DATABASE, JobDatabase
from ..metrics import Metrics
from ..run.execution import HeldJob
from ..run.isolated_runs import Ended
from .messages import Answer, Ask, Ends, Key, Pipe, Setup, key_of

T = TypeVar("T")


class Requests:
    """Asks the worker, and hands each answer to what waits for it; belongs to the child's loop."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._awaited: dict[int, asyncio.Future[Any]] = {}

    def tell(self, what: str, job: Claimed) -> None:
        """Say something that needs no answer."""
        self._pipe.send(Ask(0, key_of(job), what, ()))

    def note_end(self, job: Key, transaction: str) -> None:
        """Say in which transaction a job ends, before it commits."""
        self._pipe.send(Ends(job, transaction))

    def ask(self, what: str, job: Claimed, *arguments: Any) -> "asyncio.Future[Any]":
        """Ask; the future gets the answer, or the error that it ended with."""
        number = next(self._numbers)
        answer: Written[Any] = Written(loop=self._loop)
        self._awaited[number] = answer
        self._pipe.send(Ask(number, key_of(job), what, arguments))
        return answer

    def on_answer(self, answer: Answer) -> None:
        """Hand on an answer."""
        future = self._awaited.pop(answer.number, None)
        if future is None or future.done():
            return
        if answer.error is not None:
            future.set_exception(answer.error)
        else:
            future.set_result(answer.answer)


class ChildSteps(StepStore):
    """Stores the records of steps by way of the worker, or in a transaction of the job's own."""

    def __init__(self, requests: Requests, database: JobDatabase | None, within: bool) -> None:
        self._requests = requests
        self._database = database
        self._within = within

    def read(self, job: Claimed, /) -> "asyncio.Future[Stored]":
        return self._requests.ask("read", job)

    def store(self, record: Record, /) -> "asyncio.Future[bool]":
        return self._requests.ask("store", *record)

    async def store_within(self, record: Record, connection: Connection, /) -> bool:
        if self._within and self._database is not None:
            return await store_within(self._database, record, connection)
        return True

    async def committed(self, record: Record, /) -> bool:
        return True if self._within else await self.store(record)

    async def complete(self, attempt: Attempt, writes: Writes, /) -> Completed | None:
        if self._within and self._database is not None:
            assert isinstance(attempt.job, Claimed)
            note = partial(self._requests.note_end, key_of(attempt.job))
            return await complete_within(self._database, attempt, writes, note)
        async with writes:
            return None

    def wait(self, wait: Wait, /) -> "asyncio.Future[Waited]":
        return self._requests.ask("wait", *wait)

    def lose(self, job: Claimed, /) -> None:
        self._requests.tell("lose", job)


class ChildHost(RunnerHost):
    """The worker, as a job in a child sees it."""

    is_draining = False
    stores_steps = True

    def __init__(self, setup: Setup, services: Prepared, requests: Requests) -> None:
        self.queues: dict[str, int | None] = {}
        self.concurrency = setup.concurrency
        self.services = services
        self.metrics = Metrics()
        self.timing = setup.timing
        self._requests = requests
        self._database = None
        if setup.dsn is not None:
            self._database = JobDatabase(setup.dsn, setup.schema, setup.concurrency)
        self._steps = ChildSteps(requests, self._database, setup.stores_within)
        self._lingering = 0
        self._loop = asyncio.get_running_loop()
        self.is_quiet = asyncio.Event()
        self.is_quiet.set()

    def on_capacity(self) -> None:
        """Do nothing: the worker sends the next job."""

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """A connection of this process. Raises QueueError if the worker has no database."""
        if self._database is None:
            raise QueueError(NO_DATABASE)
        return self._database.connection()

    async def progress(self, job: Claimed, note: dict[str, Any], /) -> None:
        await self._requests.ask("progress", job, note)

    async def used(self, job: Claimed, weight: int, /) -> None:
        await self._requests.ask("used", job, weight)

    def steps(self, job: Claimed, /) -> StepStore:
        return self._steps

    async def results_before(self, job: Claimed, /) -> list[Any]:
        found: list[Any] = await self._requests.ask("results", job)
        return found

    def linger(self, thread: Any, /) -> None:
        """Wait for a thread of a stopped attempt before the next job; see `is_quiet`."""
        self._lingering += 1
        self.is_quiet.clear()
        thread.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._let_go))

    def _let_go(self) -> None:
        self._lingering -= 1
        if not self._lingering:
            self.is_quiet.set()

    async def close(self) -> None:
        """Close the connections."""
        if self._database is not None:
            await self._database.close()


class Kept(ApartSink, OutcomeSink):
    """Keeps the outcomes of the jobs that run, which the worker writes."""

    def __init__(self) -> None:
        self.apart = self
        self._ended: dict[Key, Ended] = {}

    def taken(self, job: Claimed) -> Ended:
        """Return how the attempt of a job ended, once."""
        return self._ended.pop(key_of(job), Ended())

    def add(self, attempt: Any) -> None:
        self._keep(attempt, is_apart=False)

    async def write(self, attempt: Any) -> None:
        self._keep(attempt, is_apart=True)

    def note_completed(self, attempt: Attempt, written: Completed) -> None:
        self._keep(attempt, is_apart=False, advancing=written.advancing)

    async def begin(self, attempt: Any) -> bool:
        return True

    async def mark_started(self, attempts: Any) -> Any:
        return {each.job.id for each in attempts}

    async def lost_among(self, jobs: Any) -> list[HeldJob]:  # type: ignore[override]
        return []

    def _keep(
        self, attempt: Any, *, is_apart: bool, advancing: Sequence[UUID] | None = None
    ) -> None:
        self._ended[key_of(attempt.job)] = Ended(
            True,
            attempt.outcome,
            [*attempt.enqueued],
            attempt.result,
            attempt.has_steps,
            attempt.waits,
            is_apart,
            advancing=advancing,
        )
