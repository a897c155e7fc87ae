"""A gateway for the tests of workers: it publishes jobs and takes outcomes and requests."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Self
from uuid import UUID, uuid4

import aio_pika
from aiormq.abc import DeliveredMessage
from conduit_runtime.broker import topology
from conduit_runtime.broker.decoding import decode_hello, decode_outcomes, decode_request
from conduit_runtime.broker.messages import (
    VERSION,
    Control,
    Hello,
    JobEntry,
    Jobs,
    OutcomeEntry,
    Reply,
    Request,
    encode,
)
from msgspec import Raw
from pamqp.commands import Basic

DATABASE = "0123456789abcdef"
GATEWAY = "gateway-1"


def entry(payload: str = "{}", **fields: Any) -> JobEntry:
    """A job of a message."""
    usual: dict[str, Any] = {"attempts": 1, "max_attempts": 3, "priority": 50, "run_at": 0}
    usual |= {"id": uuid4(), "token": uuid4(), "seq": 1}
    return JobEntry(payload=Raw(payload.encode()), **usual | fields)


class PlayedGateway:
    """A gateway that the test plays, for `async with`, in the worker's event loop or another."""

    def __init__(
        self, url: str, database: str = DATABASE, queues: Iterable[str] = ("default",)
    ) -> None:
        self._url = url
        self._database = database
        self._queues = queues
        self.outcomes: list[OutcomeEntry] = []
        self.requests: list[Request] = []
        self.hellos: list[Hello] = []
        self.answer: Callable[[Request], Any] = lambda request: None
        """Returns the reply to a request; None means no reply."""
        self._numbers = 0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self.connection = await aio_pika.connect(self._url)
        channel = await self.connection.channel(on_return_raises=True)
        self.channel = await channel.get_underlay_channel()
        await topology.declare_exchanges(self.channel)
        await topology.declare_job_queues(self.channel, self._queues)
        await topology.declare_gateway(self.channel, self._database, GATEWAY)
        for name, handle in (
            (topology.outcome_queue(self._database, GATEWAY), self._on_outcomes),
            (topology.request_queue(self._database), self._on_request),
            (topology.gateway_queue(GATEWAY), self._on_any),
        ):
            await self.channel.basic_consume(name, handle, no_ack=True)
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.connection.close()

    async def _on_outcomes(self, message: DeliveredMessage) -> None:
        self.outcomes += decode_outcomes(message.body).outcomes
        await self._notify()

    async def _on_any(self, message: DeliveredMessage) -> None:
        if message.exchange == topology.FLEET:
            self.hellos.append(decode_hello(message.body))
            await self._notify()
        else:
            await self._on_request(message)

    async def _on_request(self, message: DeliveredMessage) -> None:
        request = decode_request(message.body)
        self.requests.append(request)
        answer = self.answer(request)
        if answer is not None:
            await self.send(Reply(request.question, answer), request.worker)  # type: ignore[union-attr]
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        """Wait until a message that came makes the condition true."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)
        return condition()

    async def wait_for_outcomes(self, count: int = 1) -> list[Any]:
        """Wait for `count` outcomes, and return them: status, attempt counted, error."""
        await self.until(lambda: len(self.outcomes) >= count)
        return [each.outcome for each in self.outcomes]

    async def wait_for_requests(self, kind: type[Request], count: int = 1) -> list[Any]:
        """Wait for `count` requests of a kind, and return them."""

        def found() -> list[Request]:
            return [each for each in self.requests if isinstance(each, kind)]

        await self.until(lambda: len(found()) >= count)
        return found()

    async def wait_until_taken(self, band: str) -> None:
        """Wait until a worker has the messages of a band."""
        while await self.ready(band):
            pass

    async def send(self, message: Control, worker: str = topology.ALL) -> None:
        """Send a message to one worker, or to all."""
        await self.channel.basic_publish(
            encode(message), exchange=topology.CONTROL, routing_key=worker
        )

    async def publish(
        self,
        jobs: list[JobEntry],
        type: str = "greet",
        queue: str = "default",
        band: str = "normal",
    ) -> int:
        """Publish a message of jobs; returns its number."""
        self._numbers += 1
        message = Jobs(VERSION, self._database, GATEWAY, self._numbers, queue, type, jobs)
        headers = {topology.GATEWAY: GATEWAY, topology.DATABASE: self._database}
        await self.channel.basic_publish(
            encode(message),
            exchange=topology.JOBS,
            routing_key=topology.job_queue(queue, band),
            properties=Basic.Properties(delivery_mode=2, headers=headers),
            mandatory=True,
        )
        return self._numbers

    async def ready(self, band: str, queue: str = "default") -> int:
        """Return how many messages of a queue and a band wait for a worker."""
        name = topology.job_queue(queue, band)
        declared = await self.channel.queue_declare(name, passive=True)
        return declared.message_count or 0

    def outcome(self, id: UUID) -> OutcomeEntry | None:
        """Return the outcome that came for a job, or None."""
        return next((each for each in self.outcomes if each.id == id), None)
