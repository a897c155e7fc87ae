"""What the arguments of `conduit-jobs worker` name: packages, pools, handlers, their modules."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..packages import load_module
from ..service import Service
from .given import load_around, load_on_failed, load_schedules

if TYPE_CHECKING:
    from ...job_types.job_type import JobType
    from ...worker.pool import WorkerPool
    from ...worker.run.handlers import HandlerRegistry


@dataclass
class Named:
    """The job types of packages, at most one pool, and the handlers that stand without a pool."""

    jobs: list["JobType[Any, Any]"] = field(default_factory=list)
    pool: "WorkerPool | None" = None
    registries: list["HandlerRegistry"] = field(default_factory=list)

    def prepare(self, pool: "WorkerPool") -> None:
        """Give a pool the handlers that stand without one."""
        for registry in self.registries:
            for handler in registry:
                if handler.type in pool.handlers:
                    raise click.ClickException(
                        f"there are two handlers for the type {handler.type}: name one of them"
                    )
                pool.handlers.add(handler)


def load_named(names: Sequence[str]) -> Named:
    """Import what the names say. Raises ClickException if there is nothing that runs jobs."""
    from ...services.references import load
    from ...worker.pool import WorkerPool
    from ...worker.run.handlers import HandlerRegistry

    found = Named()
    for name in names:
        if ":" in name and not os.path.exists(name):
            given = load("PACKAGE", name)
            if not isinstance(given, WorkerPool | HandlerRegistry):
                raise click.ClickException(
                    f"{name} is {given!r:.100}: name a WorkerPool or a HandlerRegistry"
                )
            _add(found, given, name)
            continue
        module = load_module(name)
        if hasattr(module, "JOBS"):
            found.jobs += module.JOBS
            continue
        members = _members(module)
        if not members:
            raise click.ClickException(
                f"{name} has neither JOBS, as a generated package has, nor a WorkerPool or a "
                "HandlerRegistry"
            )
        for member in members:
            _add(found, member, name)
    return found


def _members(module: ModuleType) -> "list[WorkerPool | HandlerRegistry]":
    """The pools and registries of a module; a registry that its pool uses is left out."""
    from ...worker.pool import WorkerPool
    from ...worker.run.handlers import HandlerRegistry

    values = {id(value): value for value in vars(module).values()}.values()
    pools = [value for value in values if isinstance(value, WorkerPool)]
    used = [pool.handlers for pool in pools]
    return pools + [
        value
        for value in values
        if isinstance(value, HandlerRegistry) and not any(value is each for each in used)
    ]


def _add(found: Named, given: "WorkerPool | HandlerRegistry", name: str) -> None:
    from ...worker.pool import WorkerPool

    if not isinstance(given, WorkerPool):
        found.registries.append(given)
    elif found.pool is None or found.pool is given:
        found.pool = given
    else:
        raise click.ClickException(
            f"{name} is a second pool, and a worker runs one: name it as module:pool, and start a "
            "worker for each"
        )


def check_pool_options() -> None:
    """Refuse the options that say where jobs come from: a pool knows that itself."""
    for name, option in (("dsn", "--dsn"), ("schema", "--schema"), ("url", "--broker")):
        if _is_given(name):
            raise click.UsageError(f"leave out {option}: the pool has a queue of its own")


def adapt(
    pool: "WorkerPool",
    jobs: Sequence["JobType[Any, Any]"],
    queues: Mapping[str, int | None],
    services: object,
    schedules: str | None,
    on_failed: str | None,
    around: Sequence[str],
    service: Service,
) -> None:
    """Give a pool the job types of packages, and the options of the command line."""
    from ...model.queues.retention import Retention

    pool.add_job_types(jobs)
    if queues:
        pool.serve_only(queues)
    if services is not None:
        pool.services = services
    pool.schedules = [*pool.schedules, *load_schedules(schedules)]
    pool.failure_hook = load_on_failed(on_failed) or pool.failure_hook
    for reference in around:
        pool.around(load_around(reference))
    given = click.get_current_context().params
    if _is_given("concurrency"):
        pool.workers = given["concurrency"]
    if _is_given("grace"):
        pool.grace = service.grace
    if _is_given("connect_timeout"):
        pool.connect_timeout = service.connect_timeout
    pool.retention = Retention(
        service.keep_completed or pool.retention.keep_completed,
        service.keep_failed or pool.retention.keep_failed,
    )


def _is_given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE
