"""Describes the project to the commands of `conduit-jobs`: what its workers run."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.autoreload import get_child_arguments

from ...cli.application import Application
from ...job_types.job_type import JobType
from ...model.errors import QueueError
from ...worker.pool import WorkerPool
from . import discovery, jobs_database, settings
from .handlers import registry


def application() -> Application:
    """The project as an Application."""
    return Application(
        dsn=jobs_database.dsn,
        schema=settings.schema(),
        jobs=_job_types,
        queues=_queues,
        services=_services,
        prepare=_prepare,
        program=get_child_arguments,
    )


def _job_types() -> list[JobType[Any, Any]]:
    try:
        return discovery.job_types()
    except ImproperlyConfigured as error:
        raise QueueError(str(error)) from error


def _services() -> object:
    try:
        return discovery.services()
    except ImproperlyConfigured as error:
        raise QueueError(str(error)) from error


def _queues(job_types: Sequence[JobType[Any, Any]]) -> list[str]:
    """The queues of generated jobs and of tasks; "default" for handlers written by hand."""
    from .tasks import discovered as tasks

    queues = {job_type.queue for job_type in job_types} | tasks.queues()
    if registry.by_type or not queues:
        queues.add("default")
    return sorted(queues)


def _prepare(pool: WorkerPool) -> None:
    """Register the handlers of `jobs` modules, and the tasks."""
    from .tasks import discovered as tasks

    for handler in registry:
        pool.handlers.add(handler)
    tasks.register(pool.handlers)
