"""The handlers and services that a run in a test uses."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...job_types.job_type import JobType
from ...model.arguments import check_type, each
from ...model.package import generated_packages
from ...model.schedules.schedule import Schedule
from ...services.protocols import protocols_for
from ...worker.pool import WorkerPool
from ...worker.run.around import AroundHooks
from ...worker.run.handlers import HandlerRegistry
from ..fake_services import Fakes


def imported_job_types() -> list[JobType[Any, Any]]:
    """The job types of all generated packages that this process has imported."""
    packages = [sys.modules.get(name) for name in generated_packages()]
    return [each for package in packages for each in getattr(package, "JOBS", ())]


def all_protocols() -> dict[str, type]:
    """The services that the jobs of all imported packages call."""
    return protocols_for(imported_job_types())


class Sources:
    """Handlers, services, queues, schedules and hooks: of a pool, job types, or all imports.

    `fakes` gives the services if there are no others; the attribute has the fakes among the
    services, none if they are not fakes.
    """

    def __init__(
        self,
        services: object,
        pool: WorkerPool | None,
        job_types: Iterable[JobType[Any, Any]] | None,
        default_pool: Callable[[], WorkerPool] | None,
        fakes: Callable[[], Fakes],
    ) -> None:
        self.queues: Sequence[str] | None = None
        self.schedules: Sequence[Schedule] = ()
        self.hooks: AroundHooks | None = None
        if pool is not None:
            check_type(pool, "pool", WorkerPool, "a WorkerPool")
            if job_types is not None:
                raise TypeError("give either a pool or job_types: a pool has its own")
            self.queues = [*pool.queues]
        elif job_types is None and default_pool is not None:
            pool = default_pool()
        if pool is not None:
            self.handlers = pool.handlers
            self.job_types = pool.job_types
            self.schedules = pool.schedules
            self.hooks = pool.hooks
            services = pool.services if services is None else services
        else:
            kind = "a JobType of a generated package"
            given = imported_job_types() if job_types is None else job_types
            self.job_types = each(given, "job_types", JobType, kind)
            self.handlers = HandlerRegistry()
            self.handlers.register_job_types(self.job_types)
        services = fakes() if services is None else services
        self.fakes = services if isinstance(services, Fakes) else Fakes()
        # Fakes are callable, so they would be taken for a function that returns services.
        self.services = (lambda: services) if isinstance(services, Fakes) else services
