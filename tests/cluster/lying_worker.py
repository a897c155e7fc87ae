"""A worker that a test plays and that may lie, and the gateway it talks to."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import aiormq
from aiormq.abc import DeliveredMessage
from conduit_runtime.broker import topology
from conduit_runtime.broker.decoding import decode_jobs
from conduit_runtime.broker.messages import (
    VERSION,
    Hello,
    JobEntry,
    Jobs,
    OutcomeEntry,
    Outcomes,
    encode,
)
from pamqp.commands import Basic
from waiting import until

WORKER = "lying-worker"


@contextmanager
def running_gateway(folder: Path, url: str, dsn: str, *arguments: str) -> Iterator[Path]:
    """Run a gateway of modules in the folder for the block; yield its log."""
    log = folder / "gateway.log"
    command = [sys.executable, "-m", "conduit_runtime.cli", "gateway", "--dsn", dsn, *arguments]
    environment = os.environ | {"CONDUIT_BROKER_URL": url}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=out)
    try:
        yield log
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


class LyingWorker:
    """Takes the jobs of a queue, and sends what a test wants. Use it as `async with`."""

    def __init__(self, url: str, queue: str, *types: str) -> None:
        self._url = url
        self._queue = queue
        self.hello = Hello(
            version=VERSION,
            worker=WORKER,
            host="there",
            pid=1,
            package=None,
            queues={queue: None},
            concurrency=100,
            lanes=[(type_, fingerprint) for type_ in types for fingerprint in ("", "1")],
        )
        self.jobs: list[tuple[Jobs, JobEntry]] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._connection = await aiormq.connect(self._url)
        self.channel = await self._until_declared()
        for band in topology.BANDS:
            queue = topology.job_queue(self._queue, band)
            await self.channel.basic_consume(queue, self._on_jobs, no_ack=True)
        self._greeting = asyncio.create_task(self._greet())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._greeting.cancel()
        await self._connection.close()

    async def _until_declared(self) -> Any:
        """Wait until the gateway has declared what a worker uses; return a channel."""
        async with asyncio.timeout(60):
            while True:
                channel = await self._connection.channel()
                try:
                    await topology.declare_worker(channel, WORKER)
                    for band in topology.BANDS:
                        queue = topology.job_queue(self._queue, band)
                        await channel.queue_declare(queue, passive=True)
                except aiormq.exceptions.ChannelNotFoundEntity:
                    await asyncio.sleep(0.1)
                else:
                    return channel

    async def _greet(self) -> None:
        while True:
            await self.send(topology.FLEET, "", encode(self.hello))
            await asyncio.sleep(1)

    async def _on_jobs(self, message: DeliveredMessage) -> None:
        jobs = decode_jobs(message.body)
        async with self._changed:
            self.jobs += [(jobs, job) for job in jobs.jobs]
            self._changed.notify_all()

    async def job(self, id: UUID) -> tuple[Jobs, JobEntry]:
        """Wait until the job arrives, and return it with its message."""

        def found() -> tuple[Jobs, JobEntry] | None:
            return next((each for each in self.jobs if each[1].id == id), None)

        async with asyncio.timeout(30), self._changed:
            return await self._changed.wait_for(found)  # type: ignore[return-value]

    async def send(self, exchange: str, key: str, body: bytes) -> None:
        """Publish a message, and wait until the broker confirms it."""
        properties = Basic.Properties(delivery_mode=2)
        await self.channel.basic_publish(
            body, exchange=exchange, routing_key=key, properties=properties
        )

    async def end(self, message: Jobs, *entries: OutcomeEntry) -> None:
        """Send outcomes to the gateway that sent a message."""
        body = encode(Outcomes(VERSION, WORKER, [*entries]))
        await self.send(topology.OUTCOMES, outcome_key(message), body)


def outcome_key(message: Jobs) -> str:
    """The routing key for outcomes of the jobs of a message."""
    return topology.outcome_key(message.database, message.gateway)


def outcome_of(message: Jobs, job: JobEntry, **changes: Any) -> OutcomeEntry:
    """The outcome entry of a completed job."""
    entry = OutcomeEntry(
        id=job.id,
        token=job.token,
        type=message.type,
        queue=message.queue,
        run_at=job.run_at,
        attempts=job.attempts + 1,
        max_attempts=job.max_attempts,
        elapsed=0.01,
        ago=0.02,
    )
    for name, value in changes.items():
        setattr(entry, name, value)
    return entry


async def until_true(condition: Callable[[], Any]) -> Any:
    """Wait until a condition is true, without blocking the event loop."""
    return await asyncio.to_thread(until, condition)
