"""Jobs on Postgres: enqueued in the caller's transaction, run at least once by a worker.

Names are imported when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import JobLost, MigrationError, NoHandler, PayloadError, QueueError
    from .job import Job, JobPriority, JobStatus
    from .migrate import migrate
    from .queue import Queue
    from .stats import QueueStats

_MODULES = {
    "errors": ("JobLost", "MigrationError", "NoHandler", "PayloadError", "QueueError"),
    "job": ("Job", "JobPriority", "JobStatus"),
    "migrate": ("migrate",),
    "queue": ("Queue",),
    "stats": ("QueueStats",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Job",
    "JobLost",
    "JobPriority",
    "JobStatus",
    "MigrationError",
    "NoHandler",
    "PayloadError",
    "Queue",
    "QueueError",
    "QueueStats",
    "migrate",
]


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value
