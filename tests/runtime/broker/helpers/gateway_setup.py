"""A gateway to test, with its database and its broker; the test plays the workers."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from conduit_runtime import Queue, WorkerPool
from gateways import gateway_of
from played_worker import PlayedWorker
from waiting import until


class GatewaySetup:
    """Starts gateways of the database of `queue`, at the broker of `broker_url`."""

    def __init__(self, queue: Queue, broker_url: str) -> None:
        self.queue = queue
        self.broker_url = broker_url

    @asynccontextmanager
    async def running(
        self,
        queues: Mapping[str, int | None] | None = None,
        *,
        dsn: str | None = None,
        broker_url: str | None = None,
        grace: float = 0.5,
        **options: Any,
    ) -> AsyncIterator[WorkerPool]:
        """Run a gateway, at another address of the database or the broker if one is given.

        In the end it waits only so many seconds for jobs that are with a worker: most tests leave
        some there.
        """
        gateway = gateway_of(
            dsn or self.queue.dsn, broker_url or self.broker_url, queues, grace=grace, **options
        )
        await asyncio.to_thread(gateway.start)
        try:
            yield gateway
        finally:
            await asyncio.to_thread(gateway.stop)

    @asynccontextmanager
    async def with_worker(
        self,
        queues: Mapping[str, int | None] | None = None,
        *,
        concurrency: int = 10,
        lanes: Iterable[tuple[str, str]] = (("t", ""),),
        **options: Any,
    ) -> AsyncIterator[PlayedWorker]:
        """Run a gateway and a worker that the test plays; the worker ends before the gateway."""
        async with (
            self.running(queues, **options),
            PlayedWorker(self.broker_url, concurrency, lanes=[*lanes]) as worker,
        ):
            yield worker

    def status(self, id: UUID) -> str | None:
        """The status of a job; None if there is no such job."""
        job = self.queue.get(id)
        return job and job.status

    async def until_status(self, id: UUID, status: str) -> None:
        """Return once the job has the status."""
        await asyncio.to_thread(until, lambda: self.status(id) == status)

    def column(self, id: UUID, name: str) -> Any:
        """A column of a job's row."""
        with psycopg.connect(self.queue.dsn) as connection:
            [(value,)] = connection.execute(f"SELECT {name} FROM jobs WHERE id = %s", [id])
            return value
