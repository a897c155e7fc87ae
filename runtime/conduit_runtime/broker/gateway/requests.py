"""The requests of workers: for data in the database, and whether they still hold their jobs."""

import time
from collections.abc import Callable, Hashable
from typing import Any

import psycopg
from aiormq.abc import AbstractChannel, DeliveredMessage
from msgspec import MsgspecError

from ...model.claimed import Claimed
from ...model.errors import JobLost
from ...model.job import Job
from ...model.text.logs import get_logger
from ...model.values import error_message
from ...statements.outcomes import Attempt
from ...statements.steps import Record, Wait
from ...worker.worker import Worker
from ..decoding import decode_hello, decode_request
from ..messages import (
    CANNOT_SAY,
    LARGEST,
    VERSION,
    Begin,
    Claim,
    Holding,
    OfStep,
    Progress,
    Question,
    ReadSteps,
    Redelivered,
    Reply,
    Results,
    Used,
    WaitInStep,
    encode,
)
from ..topology import FLEET
from .fleet import Fleet
from .leases import Leases
from .link import Link

_log = get_logger("conduit.gateway")


class Requests:
    """Answers workers. All methods belong to the worker's loop."""

    def __init__(
        self,
        worker: Worker,
        fleet: Fleet,
        leases: Leases,
        link: Link,
        on_fleet: Callable[[], object],
    ) -> None:
        self._worker = worker
        self._fleet = fleet
        self._leases = leases
        self._link = link
        self._on_fleet = on_fleet
        self._asking: set[Hashable] = set()

    async def consume(self, channel: AbstractChannel, shared: str, own: str) -> None:
        """Take requests from these queues."""
        await channel.basic_consume(shared, self._on_request, no_ack=True)
        await channel.basic_consume(own, self._on_own, no_ack=True)

    async def _on_own(self, message: DeliveredMessage) -> None:
        if message.exchange != FLEET:
            await self._on_request(message)
            return
        try:
            hello = decode_hello(message.body)
        except MsgspecError as error:
            _log.warning("a worker's announcement is not understood: %s", error)
            return
        if hello.version == VERSION and self._fleet.hear(hello, time.monotonic()):
            self._on_fleet()

    async def _on_request(self, message: DeliveredMessage) -> None:
        try:
            request = decode_request(message.body)
        except MsgspecError as error:
            _log.warning("a worker's request is not understood: %s", error)
            return
        if request.version != VERSION:
            return
        if isinstance(request, Redelivered):
            self._leases.on_redelivered(request.jobs)
            return
        asked: Hashable | None = None
        if isinstance(request, Holding):
            self._leases.on_holding([(id_, token) for id_, token, _ in request.jobs])
            asked = request.worker
        elif isinstance(request, Begin):
            self._leases.on_holding([request.claim])
            asked = request.claim
        elif isinstance(request, OfStep):
            self._leases.on_holding([request.claim])
            asked = (*request.claim, getattr(request, "name", None))
        if asked in self._asking:  # an outage, or the row is locked
            self._reply(request, CANNOT_SAY)
            return
        if asked is not None:
            self._asking.add(asked)
        answer, problem = CANNOT_SAY, ""
        try:
            answer = await self._answer(request)
        except psycopg.Error as error:
            _log.warning("a worker's request cannot be answered: %s", error)
            if isinstance(request, OfStep):  # what is not transient does not come here
                problem = error_message(error)
        finally:
            if asked is not None:
                self._asking.discard(asked)
        self._reply(request, answer, problem)

    def _reply(self, request: Question, answer: Any, problem: str = "") -> None:
        body = encode(Reply(request.question, answer, problem))
        if (size := len(body)) > LARGEST:
            what = "the results of the jobs before" if isinstance(request, Results) else "the steps"
            problem = (
                f"{what} are too large for a broker, {size:,} bytes: return references to the data"
            )
            body = encode(Reply(request.question, CANNOT_SAY, problem))
        self._link.send(request.worker, body)

    async def _answer(self, request: Question) -> Any:
        worker = self._worker
        if isinstance(request, Begin):
            return await worker.acknowledger.apart.begin(Attempt(_job(request.claim)))
        if isinstance(request, Progress | Used):
            self._leases.on_holding([request.claim])
            job = _claimed(request.claim)
            try:
                if isinstance(request, Progress):
                    await worker.progress(job, request.note)
                else:
                    await worker.used(job, request.weight)
            except JobLost:
                return False
            return True
        if isinstance(request, Results):
            return await worker.results_before(_claimed((request.id, request.id)))
        if isinstance(request, OfStep):
            return await self._answer_of_step(request)
        attempts = [Attempt(_job((id_, token)), age) for id_, token, age in request.jobs]
        return [*await worker.acknowledger.mark_started(attempts)]

    async def _answer_of_step(self, request: OfStep) -> Any:
        job = _claimed(request.claim)
        steps = self._worker.steps(job)
        if isinstance(request, ReadSteps):
            found = await steps.read(job)
            return found and (found.values, [*found.asleep])
        job.attempts = request.attempt
        if isinstance(request, WaitInStep):
            return await steps.wait(Wait(job, request.name, request.seconds, request.is_signal))
        record = Record(job, request.name, request.value, request.elapsed, request.is_loop)
        return await steps.store(record)


def _job(claim: Claim) -> Job:
    return Job("", id=claim[0], token=claim[1])


def _claimed(claim: Claim) -> Claimed:
    id_, token = claim
    return Claimed(token, id_, "", "")
