"""Jobs on Postgres: enqueued in the caller's transaction, run at least once by a worker.

Names are imported when they are first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client.async_queue import AsyncQueue
    from .client.executor import AsyncExecutor
    from .client.queue import Queue
    from .hooks.application import AsyncConnection, Connection, RequestContext
    from .hooks.async_hook import AsyncHook
    from .hooks.hook import Hook
    from .job_types.batches import batch
    from .job_types.context import JobContext
    from .job_types.job_type import JobType, job_type
    from .model.calls import Call, CurrentJob, current_call, current_job
    from .model.errors import (
        JobLost,
        MigrationError,
        NoHandler,
        PayloadError,
        PayloadMismatch,
        QueueError,
        ScheduleError,
        WorkerStuck,
    )
    from .model.flow import Flow, chain, group
    from .model.job import Job, JobPriority, JobStatus
    from .model.metrics.job_metrics import Distribution, JobMetrics
    from .model.outcome import Discard, Retry, Snooze
    from .model.package import GeneratedCodeError, generated_by
    from .model.schedules.schedule import Schedule
    from .model.stats import QueueStats
    from .model.text.names import named
    from .model.values import ConduitError, ErrorValue, Range
    from .payloads.sensitive import Sensitive
    from .payloads.shape import Shape
    from .postgres.tables.migrations import migrate
    from .postgres.transaction import NoTransaction
    from .records.columns import columns_of
    from .records.rows import Snapshot
    from .records.select import Select
    from .records.tables import RecordError, table
    from .schedules.async_scheduler import AsyncCronScheduler
    from .schedules.scheduler import CronScheduler
    from .services.service_calls import ServiceError
    from .telemetry.prometheus import PoolCollector
    from .worker.metrics import Metrics, TypeStats
    from .worker.pool import WorkerPool
    from .worker.run.failures import FailedJob
    from .worker.run.handlers import Handler, HandlerRegistry

_MODULES = {
    "hooks.application": ("AsyncConnection", "Connection", "RequestContext"),
    "client.async_queue": ("AsyncQueue",),
    "schedules.async_scheduler": ("AsyncCronScheduler",),
    "job_types.batches": ("batch",),
    "model.calls": ("Call", "CurrentJob", "current_call", "current_job"),
    "records.columns": ("columns_of",),
    "job_types.context": ("JobContext",),
    "model.errors": (
        *(
            "JobLost",
            "MigrationError",
            "NoHandler",
            "PayloadError",
            "PayloadMismatch",
            "QueueError",
        ),
        *("ScheduleError", "WorkerStuck"),
    ),
    "client.executor": ("AsyncExecutor",),
    "model.flow": ("Flow", "chain", "group"),
    "worker.run.handlers": ("Handler", "HandlerRegistry"),
    "hooks.async_hook": ("AsyncHook",),
    "hooks.hook": ("Hook",),
    "model.job": ("Job", "JobPriority", "JobStatus"),
    "job_types.job_type": ("JobType", "job_type"),
    "worker.metrics": ("Metrics", "TypeStats"),
    "postgres.tables.migrations": ("migrate",),
    "model.text.names": ("named",),
    "model.outcome": ("Discard", "Retry", "Snooze"),
    "model.package": ("GeneratedCodeError", "generated_by"),
    "worker.pool": ("WorkerPool",),
    "client.queue": ("Queue",),
    "records.rows": ("Snapshot",),
    "model.schedules.schedule": ("Schedule",),
    "schedules.scheduler": ("CronScheduler",),
    "records.select": ("Select",),
    "payloads.sensitive": ("Sensitive",),
    "services.service_calls": ("ServiceError",),
    "model.stats": ("QueueStats",),
    "worker.run.failures": ("FailedJob",),
    "model.metrics.job_metrics": ("Distribution", "JobMetrics"),
    "telemetry.prometheus": ("PoolCollector",),
    "payloads.shape": ("Shape",),
    "records.tables": ("RecordError", "table"),
    "postgres.transaction": ("NoTransaction",),
    "model.values": ("ConduitError", "ErrorValue", "Range"),
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
