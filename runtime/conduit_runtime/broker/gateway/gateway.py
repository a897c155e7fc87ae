"""A gateway: it has the database, and publishes its due jobs to workers that have none."""

import time
from collections.abc import Collection

import psycopg

from ...postgres.async_execute import own_async, run_async
from ...postgres.connection import keepalive
from ...services.protocols import Prepared
from ...statements.worker_registry import identity
from ...worker.arrival import reach
from ...worker.pool_settings import PoolSettings
from ...worker.worker_factory import WorkerFactory
from ..broker_connection import reach as reach_broker
from .fleet import Fleet
from .gateway_worker import GatewayWorker
from .link import Link


class Gateway(WorkerFactory):
    """Makes the worker of a WorkerPool that publishes the jobs of its queues to a broker.

    `types`, if given, are the only job types that it publishes, and that their jobs may enqueue.
    """

    def __init__(
        self,
        dsn: str,
        schema: str | None,
        url: str,
        ca_file: str | None = None,
        types: Collection[str] | None = None,
    ) -> None:
        self.dsn: str | None = dsn
        self._dsn = dsn
        self.schema = schema
        self._url = url
        self._ca_file = ca_file
        self._types = types
        self._identity = ""

    async def reach(self, seconds: float) -> None:
        """Wait at most `seconds` for the database and the broker.

        Raises the error of the last try: psycopg.Error or BrokerError.
        """
        deadline = time.monotonic() + seconds
        self.schema = await reach(self._dsn, self.schema, seconds)
        connecting = psycopg.AsyncConnection.connect(self._dsn, **keepalive(self._dsn))
        async with await connecting as connection:
            await own_async(connection)
            self._identity = await run_async(connection, identity(self.schema), self.schema)
        await reach_broker(self._url, self._ca_file, max(0.0, deadline - time.monotonic()))

    def new_worker(
        self, pool: PoolSettings, services: Prepared, *, is_draining: bool
    ) -> GatewayWorker:
        """A worker whose jobs run elsewhere."""
        assert self.schema is not None
        return GatewayWorker(
            pool,
            services,
            self._dsn,
            self.schema,
            self._identity,
            Fleet(pool.queues, self._types, pool.timing.forgotten),
            lambda opened, on_change: Link(self._url, self._ca_file, opened, on_change),
            is_draining=is_draining,
        )
