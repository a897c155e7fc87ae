"""The requests of workers: for data in the database, and whether they still hold their jobs."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from aiormq.abc import AbstractChannel, DeliveredMessage
from msgspec import MsgspecError

from ...model.claimed import Claimed
from ...model.errors import JobLost
from ...model.job import Job
from ...model.text.logs import get_logger
from ...statements.outcomes import Attempt
from ...worker.worker import Worker
from ..decoding import decode_hello, decode_request
from ..messages import (
    CANNOT_SAY,
    LARGEST,
    VERSION,
    Begin,
    Claim,
    Holding,
    Progress,
    Question,
    Redelivered,
    Reply,
    Results,
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
        self._asking: set[str | Claim] = set()

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
        asked: str | Claim | None = None
        if isinstance(request, Holding):
            self._leases.on_holding([(id_, token) for id_, token, _ in request.jobs])
            asked = request.worker
        elif isinstance(request, Begin):
            self._leases.on_holding([request.claim])
            asked = request.claim
        if asked in self._asking:  # an outage, or the row is locked
            self._reply(request, CANNOT_SAY)
            return
        if asked is not None:
            self._asking.add(asked)
        try:
            answer = await self._answer(request)
        except psycopg.Error as error:
            _log.warning("a worker's request cannot be answered: %s", error)
            answer = CANNOT_SAY
        finally:
            if asked is not None:
                self._asking.discard(asked)
        self._reply(request, answer)

    def _reply(self, request: Question, answer: Any) -> None:
        body = encode(Reply(request.question, answer))
        if len(body) > LARGEST:
            body = encode(Reply(request.question, False))
        self._link.send(request.worker, body)

    async def _answer(self, request: Question) -> Any:
        worker = self._worker
        if isinstance(request, Begin):
            return await worker.acknowledger.apart.begin(Attempt(_job(request.claim)))
        if isinstance(request, Progress):
            self._leases.on_holding([request.claim])
            try:
                await worker.progress(_claimed(request.claim), request.note)
            except JobLost:
                return False
            return True
        if isinstance(request, Results):
            return await worker.results_before(_claimed((request.id, request.id)))
        assert isinstance(request, Holding)
        attempts = [Attempt(_job((id_, token)), age) for id_, token, age in request.jobs]
        return [*await worker.acknowledger.mark_started(attempts)]


def _job(claim: Claim) -> Job:
    return Job("", id=claim[0], token=claim[1])


def _claimed(claim: Claim) -> Claimed:
    id_, token = claim
    return Claimed(token, id_, "", "")
