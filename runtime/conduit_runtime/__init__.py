"""Jobs on Postgres: enqueued in the caller's transaction, run at least once by a worker.

Names are imported when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .application import AsyncConnection, Connection, RequestContext
    from .async_queue import AsyncQueue
    from .async_scheduler import AsyncCronScheduler
    from .batches import batch
    from .calls import Call, CurrentJob, current_call, current_job
    from .context import JobContext
    from .decode import PayloadMismatch
    from .errors import (
        JobLost,
        MigrationError,
        NoHandler,
        PayloadError,
        QueueError,
        ScheduleError,
    )
    from .executor import AsyncExecutor
    from .flow import Flow, chain, group
    from .handlers import Handler, HandlerRegistry
    from .hook import AsyncHook, Hook
    from .job import Job, JobPriority, JobStatus
    from .job_types import JobType, job_type
    from .metrics import Metrics, TypeStats
    from .migrations import migrate
    from .names import named
    from .outcome import Discard, Retry, Snooze
    from .package import GeneratedCodeError, generated_by
    from .pool import WorkerPool
    from .queue import Queue
    from .records import Snapshot
    from .schedule import Schedule
    from .scheduler import CronScheduler
    from .service_calls import ServiceError
    from .stats import QueueStats
    from .tables import RecordError, table
    from .transaction import NoTransaction
    from .values import ConduitError, ErrorValue, Range

_MODULES = {
    "application": ("AsyncConnection", "Connection", "RequestContext"),
    "async_queue": ("AsyncQueue",),
    "async_scheduler": ("AsyncCronScheduler",),
    "batches": ("batch",),
    "calls": ("Call", "CurrentJob", "current_call", "current_job"),
    "context": ("JobContext",),
    "decode": ("PayloadMismatch",),
    "errors": (
        *("JobLost", "MigrationError", "NoHandler", "PayloadError", "QueueError"),
        "ScheduleError",
    ),
    "executor": ("AsyncExecutor",),
    "flow": ("Flow", "chain", "group"),
    "handlers": ("Handler", "HandlerRegistry"),
    "hook": ("AsyncHook", "Hook"),
    "job": ("Job", "JobPriority", "JobStatus"),
    "job_types": ("JobType", "job_type"),
    "metrics": ("Metrics", "TypeStats"),
    "migrations": ("migrate",),
    "names": ("named",),
    "outcome": ("Discard", "Retry", "Snooze"),
    "package": ("GeneratedCodeError", "generated_by"),
    "pool": ("WorkerPool",),
    "queue": ("Queue",),
    "records": ("Snapshot",),
    "schedule": ("Schedule",),
    "scheduler": ("CronScheduler",),
    "service_calls": ("ServiceError",),
    "stats": ("QueueStats",),
    "tables": ("RecordError", "table"),
    "transaction": ("NoTransaction",),
    "values": ("ConduitError", "ErrorValue", "Range"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AsyncConnection",
    "AsyncCronScheduler",
    "AsyncExecutor",
    "AsyncHook",
    "AsyncQueue",
    "Call",
    "ConduitError",
    "Connection",
    "CronScheduler",
    "CurrentJob",
    "Discard",
    "ErrorValue",
    "Flow",
    "GeneratedCodeError",
    "Handler",
    "HandlerRegistry",
    "Hook",
    "Job",
    "JobContext",
    "JobLost",
    "JobPriority",
    "JobStatus",
    "JobType",
    "Metrics",
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
    "Retry",
    "Schedule",
    "ScheduleError",
    "ServiceError",
    "Snapshot",
    "Snooze",
    "TypeStats",
    "WorkerPool",
    "batch",
    "chain",
    "current_call",
    "current_job",
    "generated_by",
    "group",
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
