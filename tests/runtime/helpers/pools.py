"""Pools for tests that run both with direct workers and with workers behind a broker."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol, Self

import psycopg
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.broker.broker import Broker
from conduit_runtime.broker.gateway.gateway import Gateway
from waiting import until

Queues = str | Iterable[str] | Mapping[str, int | None] | None


class NewPool(Protocol):
    """The type of the fixture `new_pool`: makes a pool on the database of the fixture `queue`.

    With `database`, jobs behind a broker may use that database too.
    """

    is_direct: bool

    def __call__(
        self, queues: Queues = None, *, database: bool = False, **options: Any
    ) -> WorkerPool: ...


class DirectPools:
    """Pools whose workers connect to the database."""

    is_direct = True

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def __call__(
        self, queues: Queues = None, *, database: bool = False, **options: Any
    ) -> WorkerPool:
        return WorkerPool(self._queue, queues, **options)


class BrokerPools:
    """Pools behind a broker, and gateways that run while at least one of the pools runs."""

    is_direct = False

    def __init__(self, queue: Queue, url: str) -> None:
        self._queue = queue
        self._url = url
        self._gateways: dict[str, WorkerPool] = {}
        self._lock = threading.Lock()
        self._running = 0

    def __call__(
        self, queues: Queues = None, *, database: bool = False, **options: Any
    ) -> WorkerPool:
        broker = Broker(self._url, database=self._queue.dsn if database else None)
        return _BrokerPool(self, broker, queues, **options)

    def enter(self, queues: Iterable[str]) -> None:
        """Start gateways for those of the queues that have none."""
        with self._lock:
            self._running += 1
            missing = [name for name in queues if name not in self._gateways]
            if missing:
                factory = Gateway(self._queue.dsn, self._queue.schema, self._url)
                gateway = WorkerPool(factory, missing)
                gateway.start()
                self._gateways |= dict.fromkeys(missing, gateway)

    def leave(self) -> None:
        """Stop the gateways if this pool is the last one."""
        with self._lock:
            self._running -= 1
            if self._running == 0:
                self.close()

    def close(self) -> None:
        """Stop the gateways."""
        with ExitStack() as stack:
            for gateway in {*self._gateways.values()}:
                stack.callback(gateway.stop, 1)
            self._gateways.clear()

    def connect(self) -> psycopg.Connection[Any]:
        """Connect to the database of the pools."""
        return psycopg.connect(self._queue.dsn, autocommit=True)

    def is_drained(self, pool: WorkerPool, connection: psycopg.Connection[Any]) -> bool:
        """Return whether no job of the pool's queues and types is due or runs."""
        readers = [f"!{handler.reader}" for handler in [*pool.handlers]]
        types = [type_ for type_, _ in pool.handlers.lanes()]
        row = connection.execute(_IS_DRAINED, ([*pool.queues], types, readers)).fetchone()
        return row is not None and bool(row[0])


_IS_DRAINED = """
SELECT NOT EXISTS (
  SELECT FROM jobs WHERE queue = ANY (%s) AND type = ANY (%s) AND NOT EXISTS (
    SELECT FROM conduit_queues WHERE name = queue AND paused_at IS NOT NULL
  ) AND (
    status = 'running' OR status = 'pending' AND run_at <= clock_timestamp() AND NOT EXISTS (
      SELECT FROM unnest(%s::text[]) AS reader WHERE strpos(fingerprint, reader) > 0))
) AND NOT EXISTS (
  SELECT FROM conduit_dependencies JOIN jobs ON jobs.id = job
  WHERE status IN ('completed', 'failed', 'cancelled'))
"""


class _BrokerPool(WorkerPool):
    """A pool of workers without a database that drains until the database has no work for it."""

    def __init__(self, pools: BrokerPools, broker: Broker, queues: Queues, **options: Any) -> None:
        super().__init__(broker, queues, **options)
        self._pools = pools

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._pools.enter, self.queues)
        return await super().__aenter__()

    async def __aexit__(self, *raised: object) -> None:
        await super().__aexit__(*raised)
        await asyncio.to_thread(self._pools.leave)

    def start(self) -> None:
        self._pools.enter(self.queues)
        super().start()

    def stop(self, grace: float | None = None) -> None:
        was_started = self._lifecycle._thread is not None
        super().stop(grace)
        if was_started:
            self._pools.leave()

    def run(self, *, drain: bool = False, **callbacks: Callable[[], object] | None) -> None:
        """Work until stopped or, when draining, until nothing is due in the database."""
        self._pools.enter(self.queues)
        ending = threading.Thread(target=self._stop_when_drained)
        try:
            if drain:
                ending.start()
            super().run(drain=drain, **callbacks)
        finally:
            if drain:
                ending.join()
            else:
                self._pools.leave()

    def _is_drained_for_long(self, connection: psycopg.Connection[Any]) -> bool:
        """Return whether it stays drained for 0.5 s, since a gateway may release jobs of a flow."""
        for _ in range(5):
            if not self._pools.is_drained(self, connection):
                return False
            time.sleep(0.1)
        return True

    def _stop_when_drained(self) -> None:
        """Stop the gateways, then the pool: the gateways report failed jobs to a worker."""
        try:
            until(lambda: self._lifecycle.worker is not None)
            with self._pools.connect() as connection:  # one for all looks
                until(
                    lambda: self._lifecycle.worker is None or self._is_drained_for_long(connection)
                )
        finally:
            self._pools.leave()
            self.stop()
