"""Writes the outcome of each attempt at once; a worker's acknowledger writes many together."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import UUID

from ...model.claimed import Claimed
from ...model.payload import decode
from ...statements.outcomes import Attempt, Written
from ...worker.interfaces import ApartSink, OutcomeSink
from ...worker.run.environment import WhyStopped
from .ran import Outcome, Run


class Outcomes(OutcomeSink, ApartSink):
    """Takes the runner's attempts, in place of an acknowledger and its ApartWriter."""

    def __init__(
        self,
        write: Callable[[Attempt], Awaitable[None]],
        begin: Callable[[Attempt], Awaitable[bool]],
    ) -> None:
        self._added: list[Attempt] = []
        self._completed: list[tuple[Attempt, Written]] = []
        self._write = write
        self._begin = begin
        self.apart = self  # each outcome is written alone

    def add(self, attempt: Attempt) -> None:
        """Take note of an attempt, which is written when the runner is idle."""
        self._added.append(attempt)

    def take(self) -> list[Attempt]:
        """The attempts that came in since the last call, and are not written."""
        added, self._added = self._added, []
        return added

    def note_completed(self, attempt: Attempt, written: Written) -> None:
        """Take note of a completion that is written."""
        self._completed.append((attempt, written))

    def take_completed(self) -> list[tuple[Attempt, Written]]:
        """The completions since the last call that were written with the jobs' last writes."""
        completed, self._completed = self._completed, []
        return completed

    async def write(self, attempt: Attempt) -> None:
        """Write an outcome, and return once it is written."""
        await self._write(attempt)

    async def mark_started(self, attempts: list[Attempt]) -> set[UUID]:
        """Write that the jobs of a batch begin; return the ids of those that are held."""
        return {each.job.id for each in attempts if await self._begin(each)}

    async def begin(self, attempt: Attempt) -> bool:
        """Write that an attempt begins; return False if its job is not held."""
        return await self._begin(attempt)


class Noted:
    """What the code of the last attempts returned or raised, by job."""

    def __init__(self) -> None:
        self.results: dict[UUID, Any] = {}
        self.raised: dict[UUID, BaseException] = {}

    def clear(self) -> None:
        """Forget the last attempts."""
        self.results.clear()
        self.raised.clear()

    async def attempt(
        self, job: Claimed, work: Coroutine[Any, Any, Any], why_stopped: WhyStopped
    ) -> Any:
        """Run the work of a job, and note how it ended."""
        try:
            self.results[job.id] = result = await work
        except BaseException as error:
            self.raised[job.id] = why_stopped() or error
            raise
        return result

    def batch(self, jobs: Sequence[Claimed]) -> "NotedBatch":
        """Note how a batch of jobs ends."""
        return NotedBatch(self, jobs)


class NotedBatch:
    """Notes what a runner reports of a batch, in place of the spans of a trace."""

    def __init__(self, noted: Noted, jobs: Sequence[Claimed]) -> None:
        self._noted = noted
        self._jobs = jobs

    async def around(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run the work of the batch, and note what it returned for each job."""
        results = await work
        if isinstance(results, list | tuple) and len(results) == len(self._jobs):
            for job, result in zip(self._jobs, results, strict=True):
                self._noted.results[job.id] = result
        return results

    def end(self, job: Claimed, error: BaseException | None) -> None:
        """Note what a job of the batch raised."""
        if error is not None:
            self._noted.raised[job.id] = error
            self._noted.results.pop(job.id, None)


def run_of(job: Claimed, attempt: Attempt, noted: Noted, *, is_held: bool) -> Run:
    """Make the Run of an attempt; `is_held` says whether its outcome could be written."""
    outcome = attempt.outcome
    found: Outcome = "completed"
    if not is_held:
        found = "not held"
    elif outcome is None:
        found = "completed"
    elif outcome.fingerprint is not None:
        found = "unreadable"
    elif outcome.is_snooze:
        found = "snoozed"
    elif outcome.status == "pending":
        found = "retried"
    else:
        found = "discarded" if outcome.discarded else "failed"
    return Run(
        id=job.id,
        type=job.type,
        queue=job.queue,
        payload=decode(job.payload),
        attempt=job.attempts,
        max_attempts=job.max_attempts,
        outcome=found,
        result=noted.results.get(job.id),
        error=None if outcome is None else outcome.error,
        exception=noted.raised.get(job.id),
    )
