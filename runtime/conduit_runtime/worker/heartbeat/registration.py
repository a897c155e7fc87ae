"""The row of a worker, and the connection on which the heartbeat writes it."""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from ...model.lanes import Lane
from ...model.queues.controls import SourceLimits
from ...postgres.backoff import Backoff
from ...postgres.execute import run
from ...postgres.statement import Statement
from ...postgres.steps import Run
from ...statements import worker_registry
from ..worker_base import WorkerBase

T = TypeVar("T")


class Registration:
    """The row of a worker: its name, the key of its session lock, and what it has code for."""

    def __init__(self, worker: WorkerBase) -> None:
        self._worker = worker
        self._began = time.monotonic()
        self.rename()

    def rename(self) -> None:
        """Take another name: other workers took this one for dead."""
        self.lock_key = secrets.randbits(63)
        self.name = f"{socket.gethostname()[:100]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._written: tuple[list[Lane], dict[str, SourceLimits]] | None = None

    @property
    def is_current(self) -> bool:
        """Whether the row says all that the worker has code for."""
        registry = self._worker.registry
        return self._written == (registry.lanes(), registry.limits())

    @property
    def limits(self) -> dict[str, SourceLimits]:
        """The limits in the row."""
        return self._written[1] if self._written else {}

    def write(self, run: Run, *, has_lock: bool) -> None:
        """Write the row; with the key of the session lock if the worker `has_lock`."""
        worker, host, pid = self._worker, socket.gethostname(), os.getpid()
        lanes, limits = worker.registry.lanes(), worker.registry.limits()
        run(
            worker_registry.register(
                *(self.name, self.lock_key if has_lock else None, host, pid),
                *([*worker.queues], lanes, worker.version, worker.retention),
                *(limits, time.monotonic() - self._began),
            )
        )
        self._written = lanes, limits


class HeartbeatConnection:
    """Runs statements for tables in a schema; `refusals` logs what Postgres refused."""

    def __init__(
        self, connection: psycopg.Connection[Any], schema: str | None, refusals: Backoff
    ) -> None:
        self.connection = connection
        self._schema = schema
        self._refusals = refusals

    def run(self, statement: Statement[T]) -> T:
        """Send a statement; returns what it decodes."""
        return run(self.connection, statement, self._schema)

    def run_with(self, settings: str, statement: Statement[T]) -> T:
        """Run a statement with these settings in a transaction of its own."""
        with self.connection.transaction():
            self.connection.execute(settings)
            return self.run(statement)

    @contextmanager
    def refusable(self) -> Iterator[None]:
        """Log a statement that Postgres refuses, perhaps for a lock; keep the connection in use."""
        try:
            yield
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            self._refusals.next_delay(error)
