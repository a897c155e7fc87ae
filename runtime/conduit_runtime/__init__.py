"""Jobs on Postgres: enqueued in the caller's transaction, run at least once by a worker.

Names are imported when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client.async_queue import AsyncQueue
    from .client.executor import AsyncExecutor
    from .client.flow import Flow, chain, group
    from .client.queue import Queue
    from .client.stats import QueueStats
    from .errors import (
        JobLost,
        MigrationError,
        NoHandler,
        PayloadError,
        QueueError,
        ScheduleError,
        WorkerStuck,
    )
    from .generated.application import AsyncConnection, Connection, RequestContext
    from .generated.batches import batch
    from .generated.calls import Call, CurrentJob, current_call, current_job
    from .generated.columns import columns_of
    from .generated.context import JobContext
    from .generated.decode import PayloadMismatch
    from .generated.hook import AsyncHook, Hook
    from .generated.job_types import JobType, job_type
    from .generated.package import GeneratedCodeError, generated_by
    from .generated.records import Snapshot
    from .generated.select import Select
    from .generated.sensitive import Sensitive
    from .generated.service_calls import ServiceError
    from .generated.shape import Shape
    from .generated.tables import RecordError, table
    from .job import Job, JobPriority, JobStatus
    from .names import named
    from .postgres.migrations import migrate
    from .postgres.transaction import NoTransaction
    from .schedules.async_scheduler import AsyncCronScheduler
    from .schedules.schedule import Schedule
    from .schedules.scheduler import CronScheduler
    from .telemetry.failures import FailedJob
    from .telemetry.job_metrics import Distribution, JobMetrics
    from .telemetry.prometheus import PoolCollector
    from .values import ConduitError, ErrorValue, Range
    from .workers.handlers import Handler, HandlerRegistry
    from .workers.metrics import Metrics, TypeStats
    from .workers.outcome import Discard, Retry, Snooze
    from .workers.pool import WorkerPool

_MODULES = {
    "generated.application": ("AsyncConnection", "Connection", "RequestContext"),
    "client.async_queue": ("AsyncQueue",),
    "schedules.async_scheduler": ("AsyncCronScheduler",),
    "generated.batches": ("batch",),
    "generated.calls": ("Call", "CurrentJob", "current_call", "current_job"),
    "generated.columns": ("columns_of",),
    "generated.context": ("JobContext",),
    "generated.decode": ("PayloadMismatch",),
    "errors": (
        *("JobLost", "MigrationError", "NoHandler", "PayloadError", "QueueError"),
        *("ScheduleError", "WorkerStuck"),
    ),
    "client.executor": ("AsyncExecutor",),
    "client.flow": ("Flow", "chain", "group"),
    "workers.handlers": ("Handler", "HandlerRegistry"),
    "generated.hook": ("AsyncHook", "Hook"),
    "job": ("Job", "JobPriority", "JobStatus"),
    "generated.job_types": ("JobType", "job_type"),
    "workers.metrics": ("Metrics", "TypeStats"),
    "postgres.migrations": ("migrate",),
    "names": ("named",),
    "workers.outcome": ("Discard", "Retry", "Snooze"),
    "generated.package": ("GeneratedCodeError", "generated_by"),
    "workers.pool": ("WorkerPool",),
    "client.queue": ("Queue",),
    "generated.records": ("Snapshot",),
    "schedules.schedule": ("Schedule",),
    "schedules.scheduler": ("CronScheduler",),
    "generated.select": ("Select",),
    "generated.sensitive": ("Sensitive",),
    "generated.service_calls": ("ServiceError",),
    "client.stats": ("QueueStats",),
    "telemetry.failures": ("FailedJob",),
    "telemetry.job_metrics": ("Distribution", "JobMetrics"),
    "telemetry.prometheus": ("PoolCollector",),
    "generated.shape": ("Shape",),
    "generated.tables": ("RecordError", "table"),
    "postgres.transaction": ("NoTransaction",),
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
    "Distribution",
    "ErrorValue",
    "FailedJob",
    "Flow",
    "GeneratedCodeError",
    "Handler",
    "HandlerRegistry",
    "Hook",
    "Job",
    "JobContext",
    "JobLost",
    "JobMetrics",
    "JobPriority",
    "JobStatus",
    "JobType",
    "Metrics",
    "MigrationError",
    "NoHandler",
    "NoTransaction",
    "PayloadError",
    "PayloadMismatch",
    "PoolCollector",
    "Queue",
    "QueueError",
    "QueueStats",
    "Range",
    "RecordError",
    "RequestContext",
    "Retry",
    "Schedule",
    "ScheduleError",
    "Select",
    "Sensitive",
    "ServiceError",
    "Shape",
    "Snapshot",
    "Snooze",
    "TypeStats",
    "WorkerPool",
    "WorkerStuck",
    "batch",
    "chain",
    "columns_of",
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
