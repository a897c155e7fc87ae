"""Finds the `jobs`, `tasks` and `services` modules of the installed applications."""

import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import autodiscover_modules

from ...job_types.job_type import JobType
from ...model.errors import QueueError
from ...services.references import imported
from . import settings


def modules(name: str) -> Iterator[ModuleType]:
    """The module of that name of each installed application that has one."""
    autodiscover_modules(name)
    for app in apps.get_app_configs():
        if (module := sys.modules.get(f"{app.name}.{name}")) is not None:
            yield module


def job_types() -> list[JobType[Any, Any]]:
    """The job types of the packages in the setting, or of the `jobs` packages of applications.

    Raises ImproperlyConfigured for a name that is not a generated package.
    """
    found = [*modules("jobs")]  # handlers that are written by hand, too
    if (names := settings.packages()) is not None:
        found = [_package(name) for name in names]
    types = [job_type for module in found for job_type in getattr(module, "JOBS", ())]
    return list(dict.fromkeys(types))


def _package(name: str) -> ModuleType:
    try:
        module = imported(f"CONDUIT['PACKAGES']: {name}", name)
    except QueueError as error:
        raise ImproperlyConfigured(str(error)) from error
    if not hasattr(module, "JOBS"):
        raise ImproperlyConfigured(
            f"CONDUIT['PACKAGES']: {name} has no JOBS: it is not a generated package"
        )
    return module


def services() -> object:
    """The object `services` in an application's module `services`; None if there is none.

    Raises ImproperlyConfigured if several applications have one.
    """
    found = [module for module in modules("services") if hasattr(module, "services")]
    if len(found) > 1:
        names = " and ".join(module.__name__ for module in found)
        raise ImproperlyConfigured(
            f"{names} each have an object `services`: name the one that has all services in "
            "CONDUIT['SERVICES'], as 'module:object'"
        )
    return found[0].services if found else None


def schemas(job_types: Sequence[JobType[Any, Any]]) -> set[str | None]:
    """The schemas that packages were compiled for."""
    return {job_type.schema for job_type in job_types}
