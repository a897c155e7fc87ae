"""Jobs on Postgres: enqueued in the caller's transaction, run at least once by a worker.

Names are imported when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application import AsyncConnection, Connection, RequestContext
    from .batches import NoTransaction, batch
    from .calls import Call, CurrentJob, current_call, current_job
    from .context import JobContext
    from .decode import PayloadMismatch
    from .errors import JobLost, MigrationError, NoHandler, PayloadError, QueueError
    from .hook import AsyncHook, Hook
    from .job import Job, JobPriority, JobStatus
    from .job_types import JobType, job_type
    from .migrations import migrate
    from .names import named
    from .package import GeneratedCodeError, generated_by
    from .queue import Queue
    from .records import RecordError, Snapshot, table
    from .service_calls import ServiceError
    from .stats import QueueStats
    from .values import ConduitError, ErrorValue, Range

_MODULES = {
    "application": ("AsyncConnection", "Connection", "RequestContext"),
    "batches": ("NoTransaction", "batch"),
    "calls": ("Call", "CurrentJob", "current_call", "current_job"),
    "context": ("JobContext",),
    "decode": ("PayloadMismatch",),
    "errors": ("JobLost", "MigrationError", "NoHandler", "PayloadError", "QueueError"),
    "hook": ("AsyncHook", "Hook"),
    "job": ("Job", "JobPriority", "JobStatus"),
    "job_types": ("JobType", "job_type"),
    "migrations": ("migrate",),
    "names": ("named",),
    "package": ("GeneratedCodeError", "generated_by"),
    "queue": ("Queue",),
    "records": ("RecordError", "Snapshot", "table"),
    "service_calls": ("ServiceError",),
    "stats": ("QueueStats",),
    "values": ("ConduitError", "ErrorValue", "Range"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AsyncConnection",
    "AsyncHook",
    "Call",
    "ConduitError",
    "Connection",
    "CurrentJob",
    "ErrorValue",
    "GeneratedCodeError",
    "Hook",
    "Job",
    "JobContext",
    "JobLost",
    "JobPriority",
    "JobStatus",
    "JobType",
    "MigrationError",
    "NoHandler",
    "NoTransaction",
    "PayloadError",
    "PayloadMismatch",
    "Queue",
    "QueueError",
    "QueueStats",
    "Range",
    "RecordError",
    "RequestContext",
    "ServiceError",
    "Snapshot",
    "batch",
    "current_call",
    "current_job",
    "generated_by",
    "job_type",
    "migrate",
    "named",
    "table",
]


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value
