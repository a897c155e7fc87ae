"""What a worker says of itself to the gateways, every few seconds."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from dataclasses import astuple

from ...model.lanes import Lane
from ...model.package import package_version
from ...model.type_description import DescribedType
from ...worker.pool_settings import PoolSettings
from ..messages import VERSION, Hello, Limits, encode
from ..topology import FLEET
from .sessions import Session

EVERY = 2.0
"""Seconds between two of these messages."""
DESCRIBED = 10
"""One in so many messages has the descriptions of the job types."""


class Hellos:
    """Sends these messages over the connections of a worker of this pool.

    `reports_failures` says whether the worker can report jobs that ended failed, `is_stopping`
    whether it takes no more jobs.
    """

    def __init__(
        self,
        pool: PoolSettings,
        reports_failures: Callable[[], bool],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._registry = pool.handlers
        self._queues = pool.queues
        self._concurrency = pool.workers
        self._reports_failures = reports_failures
        self._is_stopping = is_stopping
        self._sent_at: float | None = None
        self._described: list[Lane] | None = None
        self._descriptions: list[DescribedType] = []

    @property
    def age(self) -> float | None:
        """Seconds since the broker took the last message; None before the first."""
        return None if self._sent_at is None else time.monotonic() - self._sent_at

    async def run(self, session: Session) -> None:
        """Send messages over a connection until cancelled. Raises Lost."""
        number = 0
        while True:
            lanes = self._registry.lanes()
            if lanes != self._described:
                self._described, number = lanes, 0
                self._descriptions = self._registry.descriptions()
            await self.send(session, describes=number % DESCRIBED == 0)
            number += 1
            await asyncio.sleep(EVERY)

    async def send(self, session: Session, *, describes: bool = False) -> None:
        """Send a message now. Raises Lost."""
        registry = self._registry
        hello = Hello(
            version=VERSION,
            worker=session.worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            package=package_version() or None,
            queues=self._queues,
            concurrency=self._concurrency,
            lanes=registry.lanes(),
            readers={handler.type: handler.reader for handler in [*registry]},
            batches=dict(registry.batched),
            limits={name: Limits(*astuple(each)) for name, each in registry.limits().items()},
            descriptions=self._descriptions if describes else None,
            reports_failures=self._reports_failures(),
            is_stopping=self._is_stopping(),
        )
        await session.publish(FLEET, "", encode(hello), is_mandatory=False)
        self._sent_at = time.monotonic()
