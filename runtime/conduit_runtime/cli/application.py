"""The settings that a web framework gives commands under its own command line."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..job_types.job_type import JobType
    from ..worker.pool import WorkerPool


@dataclass(frozen=True, slots=True)
class Application:
    """An application that the framework has configured; the options of a command still win.

    `dsn` returns its database; `schema` is the schema of our tables there. A worker without
    packages gets its job types from `jobs`, its queues from `queues` and, without `--services`, its
    services from `services`. The worker calls `prepare` with its pool before the pool starts.
    `program` returns the command line that starts another process like this one.
    """

    dsn: Callable[[], str]
    schema: str | None
    jobs: Callable[[], "Sequence[JobType[Any, Any]]"]
    queues: Callable[["Sequence[JobType[Any, Any]]"], Collection[str]]
    services: Callable[[], object]
    prepare: Callable[["WorkerPool"], None]
    program: Callable[[], Sequence[str]]


def present_application() -> Application | None:
    """The application whose framework runs the command; None if no framework does."""
    return click.get_current_context().find_object(Application)
