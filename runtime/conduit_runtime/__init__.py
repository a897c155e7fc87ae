"""Jobs on Postgres: the caller's transaction enqueues them, a worker runs them at least once.

The package imports a name when it is first used, so that importing the package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .broker.broker import Broker as Broker
    from .client.async_queue import AsyncQueue as AsyncQueue
    from .client.executor import AsyncExecutor as AsyncExecutor
    from .client.queue import Queue as Queue
    from .hooks.async_hook import AsyncHook as AsyncHook
    from .hooks.hook import Hook as Hook
    from .hooks.hook_run import AsyncConnection as AsyncConnection
    from .hooks.hook_run import Connection as Connection
    from .hooks.hook_run import RequestContext as RequestContext
    from .job_types.batch_context import BatchContext as BatchContext
    from .job_types.batch_context import BatchJob as BatchJob
    from .job_types.batches import batch as batch
    from .job_types.context import JobContext as JobContext
    from .job_types.job_type import JobType as JobType
    from .job_types.job_type import job_type as job_type
    from .job_types.plain_context import PlainContext as PlainContext
    from .job_types.upcasts import require_upcasts as require_upcasts
    from .job_types.upcasts import upcast as upcast
    from .model.attempts.failed_job import FailedJob as FailedJob
    from .model.attempts.outcome import Discard as Discard
    from .model.attempts.outcome import Retry as Retry
    from .model.attempts.outcome import Snooze as Snooze
    from .model.calls import Call as Call
    from .model.calls import CurrentJob as CurrentJob
    from .model.calls import current_call as current_call
    from .model.calls import current_job as current_job
    from .model.errors import JobCancelled as JobCancelled
    from .model.errors import JobFailed as JobFailed
    from .model.errors import JobLost as JobLost
    from .model.errors import MigrationError as MigrationError
    from .model.errors import NoHandler as NoHandler
    from .model.errors import NotRepeatable as NotRepeatable
    from .model.errors import PayloadError as PayloadError
    from .model.errors import PayloadMismatch as PayloadMismatch
    from .model.errors import ProcessDied as ProcessDied
    from .model.errors import QueueError as QueueError
    from .model.errors import ScheduleError as ScheduleError
    from .model.errors import StepNotStored as StepNotStored
    from .model.errors import UnknownJob as UnknownJob
    from .model.errors import WorkerStuck as WorkerStuck
    from .model.flow import Flow as Flow
    from .model.flow import chain as chain
    from .model.flow import group as group
    from .model.headers import headers as headers
    from .model.job import Job as Job
    from .model.job import JobPriority as JobPriority
    from .model.job import JobStatus as JobStatus
    from .model.job_step import JobStep as JobStep
    from .model.metrics.job_metrics import Distribution as Distribution
    from .model.metrics.job_metrics import JobMetrics as JobMetrics
    from .model.package import GeneratedCodeError as GeneratedCodeError
    from .model.package import generated_by as generated_by
    from .model.queues.stats import QueueDepth as QueueDepth
    from .model.queues.stats import QueueStats as QueueStats
    from .model.schedules.schedule import Schedule as Schedule
    from .model.text.names import named as named
    from .model.values import ConduitError as ConduitError
    from .model.values import ErrorValue as ErrorValue
    from .model.values import Range as Range
    from .model.workers.worker_info import RunningJob as RunningJob
    from .model.workers.worker_info import WorkerInfo as WorkerInfo
    from .payloads.sensitive import Sensitive as Sensitive
    from .payloads.shape import Shape as Shape
    from .postgres.tables.migrations import migrate as migrate
    from .postgres.transaction import NoTransaction as NoTransaction
    from .records.rows import Snapshot as Snapshot
    from .records.rows import columns_of as columns_of
    from .records.select import Select as Select
    from .records.tables import RecordError as RecordError
    from .records.tables import table as table
    from .schedules.async_scheduler import AsyncCronScheduler as AsyncCronScheduler
    from .schedules.scheduler import CronScheduler as CronScheduler
    from .services.service_calls import ServiceError as ServiceError
    from .telemetry.prometheus import PoolCollector as PoolCollector
    from .worker.health.application import Health as Health
    from .worker.health.pool_health import PoolHealth as PoolHealth
    from .worker.metrics import Metrics as Metrics
    from .worker.metrics import TypeStats as TypeStats
    from .worker.pool import WorkerPool as WorkerPool
    from .worker.run.handler import Handler as Handler
    from .worker.run.handlers import HandlerRegistry as HandlerRegistry

_MODULES = {
    "broker.broker": "Broker",
    "client.async_queue": "AsyncQueue",
    "client.executor": "AsyncExecutor",
    "client.queue": "Queue",
    "hooks.hook_run": "AsyncConnection Connection RequestContext",
    "hooks.async_hook": "AsyncHook",
    "hooks.hook": "Hook",
    "job_types.batch_context": "BatchContext BatchJob",
    "job_types.batches": "batch",
    "job_types.context": "JobContext",
    "job_types.job_type": "JobType job_type",
    "job_types.plain_context": "PlainContext",
    "job_types.upcasts": "require_upcasts upcast",
    "model.attempts.failed_job": "FailedJob",
    "model.attempts.outcome": "Discard Retry Snooze",
    "model.calls": "Call CurrentJob current_call current_job",
    "model.errors": (
        "JobCancelled JobFailed JobLost MigrationError NoHandler NotRepeatable PayloadError "
        "PayloadMismatch ProcessDied QueueError ScheduleError StepNotStored UnknownJob WorkerStuck"
    ),
    "model.flow": "Flow chain group",
    "model.headers": "headers",
    "model.job": "Job JobPriority JobStatus",
    "model.job_step": "JobStep",
    "model.metrics.job_metrics": "Distribution JobMetrics",
    "model.package": "GeneratedCodeError generated_by",
    "model.queues.stats": "QueueDepth QueueStats",
    "model.schedules.schedule": "Schedule",
    "model.text.names": "named",
    "model.values": "ConduitError ErrorValue Range",
    "model.workers.worker_info": "RunningJob WorkerInfo",
    "payloads.sensitive": "Sensitive",
    "payloads.shape": "Shape",
    "postgres.tables.migrations": "migrate",
    "postgres.transaction": "NoTransaction",
    "records.rows": "Snapshot columns_of",
    "records.select": "Select",
    "records.tables": "RecordError table",
    "schedules.async_scheduler": "AsyncCronScheduler",
    "schedules.scheduler": "CronScheduler",
    "services.service_calls": "ServiceError",
    "telemetry.prometheus": "PoolCollector",
    "worker.health.application": "Health",
    "worker.health.pool_health": "PoolHealth",
    "worker.metrics": "Metrics TypeStats",
    "worker.pool": "WorkerPool",
    "worker.run.handler": "Handler",
    "worker.run.handlers": "HandlerRegistry",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value
