"""Publishes the outcomes of attempts, many in a message, until the broker has confirmed them."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

from ...model.claimed import Claimed
from ...model.text.logs import get_logger
from ...postgres.backoff import Backoff
from ...statements.outcomes import Attempt, Written
from ...telemetry.attempt_counters import Recorder
from ...worker.acknowledge.acknowledger import take_batch
from ...worker.interfaces import ApartSink, OutcomeSink
from ...worker.metrics import Metrics
from ...worker.run.outcomes import log_ended
from ..messages import LARGEST, VERSION, Begin, Holding, Outcomes, encode
from ..topology import OUTCOMES, to_all
from .deliveries import Deliveries
from .entries import outcome_entries, too_large
from .requests import Requests, Unanswered
from .sessions import Lost, Sessions

_log = get_logger("conduit.worker")


class OutcomePublisher(OutcomeSink, ApartSink):
    """One task that publishes outcomes. Outcomes that come in during that form the next batch.

    It publishes a message until the broker confirms it, and messages to other gateways do not wait.
    That is harmless: the token of a claim matches once only. Then it acknowledges the messages with
    which the jobs came.
    """

    def __init__(
        self,
        sessions: Sessions,
        requests: Requests,
        deliveries: Deliveries,
        metrics: Metrics,
        recorder: Recorder,
    ) -> None:
        self._sessions = sessions
        self._requests = requests
        self._deliveries = deliveries
        self._metrics = metrics
        self._recorder = recorder
        self._attempts: list[Attempt] = []
        self._publishing = 0
        self._apart: dict[Attempt, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self.apart = self  # no outcome delays another
        self._closing = False
        self._again: dict[str, list[Attempt]] = {}
        self._tasks = asyncio.TaskGroup()

    @property
    def is_idle(self) -> bool:
        """Whether the broker has everything that came in."""
        return not (self._attempts or self._publishing or self._again)

    def add(self, attempt: Attempt) -> None:
        """Publish an outcome soon."""
        if not self._attempts:
            self._wake.set()
        self._attempts.append(attempt)

    def note_completed(self, attempt: Attempt, written: Written) -> None:
        raise AssertionError("jobs of a broker write in another database than the queue's")

    async def write(self, attempt: Attempt) -> None:
        """Publish an outcome; returns once the broker has it."""
        published = self._apart[attempt] = asyncio.get_running_loop().create_future()
        self.add(attempt)
        await published

    async def begin(self, attempt: Attempt) -> bool:
        """Ask a gateway to write the start of an attempt; False when its job is not held.

        Drops the job if no gateway replies: another worker gets it once its lease has ended.
        """
        job = cast("Claimed", attempt.job)
        if (delivery := self._deliveries.of(job)) is None:
            return False
        claim = (job.id, job.token)
        try:
            answer = await self._requests.insist(
                delivery.database, lambda worker, n: Begin(VERSION, worker, n, claim)
            )
        except Unanswered as error:
            _log.warning("job %s (%s) is left to others: %s", job.id, job.type, error)
            answer = False
        if answer is False:
            self.drop([job])
        return answer is not False

    async def mark_started(self, attempts: list[Attempt]) -> set[UUID]:
        """Tell the gateways which jobs run; returns the ids of the jobs that are still held.

        While no gateway answers, returns all of the ids.
        """
        by_database: defaultdict[str, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            if (delivery := self._deliveries.of(attempt.job)) is not None:
                by_database[delivery.database].append(attempt)
        asked = [self._held(database, each) for database, each in by_database.items()]
        return {id_ for held in await asyncio.gather(*asked) for id_ in held}

    async def _held(self, database: str, attempts: Sequence[Attempt]) -> set[UUID]:
        jobs = [cast("Claimed", attempt.job) for attempt in attempts]
        running = [(a.job.id, j.token, a.elapsed) for a, j in zip(attempts, jobs, strict=True)]
        answer = await self._requests.ask(
            to_all(database), lambda worker, n: Holding(VERSION, worker, n, running)
        )
        if answer is None:
            return {job.id for job in jobs}
        held = {UUID(id_) for id_ in answer}
        self.drop([job for job in jobs if job.id not in held])
        return held

    def drop(self, jobs: Iterable[Claimed]) -> None:
        """Expect no outcome of these jobs: they are not held any more."""
        self._deliveries.end(jobs)
        self._wake.set()

    def close(self) -> None:
        """Let `run` end when the broker has everything."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Publish what comes in until closed."""
        async with self._tasks:
            await self._run()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._attempts:
                attempts = take_batch(self._attempts)
                self._publishing = len(attempts)
                self._count(attempts)
                await self._publish_all(attempts)
                self._publishing = 0
            await self._deliveries.acknowledge()
            if self._closing and self.is_idle:
                return

    def _count(self, attempts: Sequence[Attempt]) -> None:
        completed = [attempt for attempt in attempts if attempt.outcome is None]
        if completed:
            self._recorder.record(completed)
            together = [each for each in completed if each not in self._apart]
            self._metrics.record_completed(together if self._apart else completed)
        if len(completed) < len(attempts):
            ended = [attempt for attempt in attempts if attempt.outcome is not None]
            self._recorder.record(ended)
        log_ended(attempts)

    async def _publish_all(self, attempts: Sequence[Attempt]) -> None:
        by_key: defaultdict[str, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            if (delivery := self._deliveries.of(attempt.job)) is not None:
                by_key[delivery.outcomes].append(attempt)
            else:
                self._confirmed([attempt])
        await asyncio.gather(*(self._publish(*each) for each in by_key.items()))
        await self._deliveries.acknowledge()

    def _confirmed(self, attempts: Sequence[Attempt]) -> None:
        """The broker has these outcomes, or none of them is expected."""
        self._deliveries.end(attempt.job for attempt in attempts)
        for attempt in attempts if self._apart else ():
            if (published := self._apart.pop(attempt, None)) is not None and not published.done():
                published.set_result(None)

    async def _publish(self, key: str, attempts: list[Attempt]) -> None:
        """Publish outcomes of one gateway's jobs; the untaken ones are retried beside others."""
        if key in self._again:
            self._again[key] += attempts
            return
        try:
            await self._try(key, attempts)
        except Lost as error:
            self._again[key] = attempts
            self._tasks.create_task(self._insist(key, error))

    async def _insist(self, key: str, error: Lost) -> None:
        """Publish outcomes of one gateway's jobs until the broker has them."""
        backoff = Backoff(_log, "outcomes cannot be published")
        waiting = self._again[key]
        while waiting:
            await asyncio.sleep(backoff.next_delay(error))
            attempts = take_batch(waiting)
            try:
                await self._try(key, attempts)
            except Lost as lost:
                error = lost
                waiting[:0] = attempts
            else:
                backoff.reset()
        del self._again[key]
        self._wake.set()

    async def _try(self, key: str, attempts: Sequence[Attempt]) -> None:
        """Publish outcomes of one gateway's jobs. Raises Lost if the broker did not take them."""
        session = await self._sessions.get()
        entries = outcome_entries(attempts, time.monotonic())
        message = Outcomes(VERSION, session.worker, entries)
        body = encode(message)
        if len(body) > LARGEST and len(entries) == 1 and entries[0].payload is not None:
            entries[0].payload = None  # the gateway that published the job has it
            body = encode(message)
        if len(body) <= LARGEST:
            await session.publish(OUTCOMES, key, body, is_persistent=True)
            self._confirmed(attempts)
        elif len(attempts) == 1:
            await self._try(key, [too_large(attempts[0], len(body), LARGEST)])
            self._confirmed(attempts)
        else:
            middle = len(attempts) // 2
            for part in (attempts[:middle], attempts[middle:]):
                await self._try(key, part)
