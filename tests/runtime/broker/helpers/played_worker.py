"""A worker without a database, for the tests of gateways: it does what a test wants."""

import asyncio
from collections.abc import Callable
from typing import Any, Self
from uuid import UUID, uuid4

import aio_pika
from aiormq.abc import DeliveredMessage
from conduit_runtime.broker import topology
from conduit_runtime.broker.decoding import decode_control, decode_jobs
from conduit_runtime.broker.messages import (
    VERSION,
    Control,
    Hello,
    JobEntry,
    Jobs,
    OutcomeEntry,
    Outcomes,
    Request,
    encode,
)
from pamqp.commands import Basic


class PlayedWorker:
    """A worker for `async with`: says hello every half second, and takes its queues' messages."""

    def __init__(self, url: str, concurrency: int = 10, **hello: Any) -> None:
        self._url = url
        self.name = f"played-{uuid4().hex[:8]}"
        usual: dict[str, Any] = {
            "version": VERSION,
            "worker": self.name,
            "host": "here",
            "pid": 1,
            "package": None,
            "queues": {"default": None},
            "concurrency": concurrency,
            "lanes": [("t", "")],
            "descriptions": [],
        }
        self.hello = Hello(**usual | hello)
        self.messages: list[tuple[Jobs, DeliveredMessage]] = []
        self.controls: list[Control] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect(self._url)
        channel = await self._connection.channel()
        self.channel = await channel.get_underlay_channel()
        async with asyncio.timeout(30):
            await self._consume()
        self._greeting = asyncio.create_task(self._greet())
        return self

    async def _consume(self) -> None:
        """Declare and consume the queues, which the gateway may not have declared yet."""
        await topology.declare_exchanges(self.channel)
        await topology.declare_job_queues(self.channel, self.hello.queues)
        await topology.declare_worker(self.channel, self.name)
        await self.channel.basic_qos(prefetch_count=self.hello.concurrency)
        for queue in self.hello.queues:
            for band in topology.BANDS:
                name = topology.job_queue(queue, band)
                await self.channel.basic_consume(name, self._on_jobs)
        name = topology.worker_queue(self.name)
        await self.channel.basic_consume(name, self._on_control, no_ack=True)

    async def __aexit__(self, *raised: object) -> None:
        await self.die()

    def fall_silent(self) -> None:
        """Say hello no more, and keep every message that was taken."""
        self._greeting.cancel()

    async def die(self) -> None:
        """Disappear with every message that was taken."""
        self._greeting.cancel()
        await self._connection.close()

    async def _greet(self) -> None:
        while True:
            await self._send(topology.FLEET, "", encode(self.hello))
            await asyncio.sleep(0.5)

    async def _on_jobs(self, message: DeliveredMessage) -> None:
        self.messages.append((decode_jobs(message.body), message))
        await self._notify()

    async def _on_control(self, message: DeliveredMessage) -> None:
        self.controls.append(decode_control(message.body))
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _send(self, exchange: str, key: str, body: bytes) -> None:
        await self.channel.basic_publish(body, exchange=exchange, routing_key=key)

    async def until(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        """Wait until a message that came makes the condition true."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)
        return condition()

    @property
    def jobs(self) -> list[JobEntry]:
        """Every job that came, in the order of arrival."""
        return [job for message, _ in self.messages for job in message.jobs]

    def message_of(self, id: UUID) -> Jobs:
        """Return the last message with this job."""
        return next(m for m, _ in reversed(self.messages) if id in [job.id for job in m.jobs])

    async def taken(self, count: int = 1) -> list[JobEntry]:
        """Wait until `count` jobs have come."""
        await self.until(lambda: len(self.jobs) >= count)
        return self.jobs

    async def end(self, *jobs: JobEntry, **fields: Any) -> None:
        """Send the outcomes of jobs in one message: completed, unless `fields` say otherwise."""
        message = self.message_of(jobs[0].id)
        entries = [
            OutcomeEntry(
                job.id, job.token, message.type, message.queue, job.run_at, job.attempts,
                job.max_attempts, ago=0.0, **fields,
            )
            for job in jobs
        ]  # fmt: skip
        await self.send_outcomes(message, encode(Outcomes(VERSION, self.name, entries)))

    async def send_outcomes(self, message: Jobs, body: bytes) -> None:
        """Send `body` as the outcomes of a message's jobs, and acknowledge all messages taken."""
        key = topology.outcome_key(message.database, message.gateway)
        await self._send(topology.OUTCOMES, key, body)
        await self.acknowledge()

    async def return_jobs(self, message: Jobs, body: bytes) -> None:
        """Send `body` as a message of jobs that found no worker, and acknowledge those taken."""
        properties = Basic.Properties(
            message_type=topology.RETURNED_JOBS,
            headers={topology.GATEWAY: message.gateway, topology.DATABASE: message.database},
        )
        await self.channel.basic_publish(
            body, exchange=topology.RETURNED, properties=properties, mandatory=True
        )
        await self.acknowledge()

    async def acknowledge(self) -> None:
        """Acknowledge all messages that were taken."""
        await self.channel.basic_ack(0, multiple=True)

    async def ask(self, request: Request, database: str, *, everyone: bool = False) -> None:
        """Send a request to one gateway, or to all."""
        key = topology.to_all(database) if everyone else database
        await self._send(topology.REQUESTS, key, encode(request))
