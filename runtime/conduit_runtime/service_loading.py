"""The services of a worker: from `module:object` to an object that is ready to be called."""

import importlib
import inspect
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from .echo import Echo
from .services import Protocols, ServiceError, check_complete, provided

__all__ = ["entered", "resolve"]


def resolve(reference: str, protocols: Protocols) -> object:
    """What a reference on the command line names: `module:object`, or `echo`.

    Raises ServiceError when there is no such thing.
    """
    if reference == "echo":
        return Echo(protocols)
    module_name, _, path = reference.partition(":")
    if not module_name or not path:
        raise ServiceError(f"--services takes module:object or echo, not {reference!r}")
    try:
        target: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ServiceError(
            f"--services {reference}: there is no module {error.name!r} "
            "(the working folder is on the import path)"
        ) from None
    for name in path.split("."):
        if not hasattr(target, name):
            raise ServiceError(f"--services {reference}: {module_name} has no {path!r}")
        target = getattr(target, name)
    return target


@asynccontextmanager
async def entered(given: object, protocols: Protocols) -> AsyncIterator[Any]:
    """The services for as long as a worker runs.

    Takes an object with the services as attributes, a mapping of them, a callable without
    arguments that gives one (a coroutine function too), or an (async) context manager, which is
    entered in this loop. Raises ServiceError when a service or a method is missing.
    """
    async with AsyncExitStack() as stack:
        services: Any = given
        if callable(services) and (inspect.isclass(services) or not _has_any(services, protocols)):
            services = services()
        if inspect.isawaitable(services):
            services = await services
        if hasattr(type(services), "__aenter__"):
            services = await stack.enter_async_context(services)
        elif hasattr(type(services), "__enter__"):
            services = stack.enter_context(services)
        services = provided(services)
        check_complete(services, protocols)
        yield services


def _has_any(services: object, protocols: Protocols) -> bool:
    return any(hasattr(services, attribute) for attribute in protocols)
