"""What a worker is registered as."""

import os
import secrets
import socket
import time
from typing import TYPE_CHECKING

from ...model.lanes import Lane
from ...model.queues.controls import SourceLimits
from ...postgres.steps import Run
from ...statements import worker_registry

if TYPE_CHECKING:
    from ..worker import Worker


class Registration:
    """The row of a worker: its name, the key of its session lock, and what it has code for."""

    def __init__(self, worker: "Worker") -> None:
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
