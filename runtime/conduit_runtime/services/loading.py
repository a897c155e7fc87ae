"""The services of a worker: `module:object`, or `echo`, which prints the calls."""

import inspect
import sys
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from ..model import payload
from ..model.calls import batch_here, job_here
from ..model.errors import QueueError
from ..model.text.names import source_names
from ..model.text.printable import escape_controls
from ..model.values import ErrorValue
from .attributes import attribute_of
from .protocols import Prepared, is_value, prepare, protocols_for
from .references import blamed, load
from .service_calls import BoundService, Protocols, ServiceError, source_names_of

if TYPE_CHECKING:
    from ..job_types.job_type import JobType


_NONE = object()
JobTypes: TypeAlias = "Collection[JobType[Any, Any]]"


def resolve(reference: str, job_types: JobTypes) -> object:
    """The object that `module:object` or `echo` names; raises ServiceError if there is none."""
    if reference == "echo":
        return Echo(protocols_for(job_types))
    if ":" not in reference:
        raise ServiceError(f"--services takes module:object or echo, not {reference!r}")
    try:
        return load("--services", reference)
    except QueueError as error:
        raise ServiceError(str(error)) from None


@asynccontextmanager
async def entered(given: object, job_types: JobTypes) -> AsyncIterator[Prepared]:
    """Enter the services for as long as a worker runs.

    Takes an object with the services as attributes, a mapping of them, a callable without
    arguments that returns one of these (a coroutine function too), or an (async) context manager,
    which is entered in this loop. Raises ServiceError if a service or a method is missing.
    """
    async with AsyncExitStack() as stack:
        try:
            services = await _entered(given, job_types, stack)
        except QueueError:
            raise
        except Exception as error:
            raise ServiceError(f"the services cannot be created: {blamed(error)}") from error
        yield prepare(services, job_types)


async def _entered(given: object, job_types: JobTypes, stack: AsyncExitStack) -> object:
    services: Any = given
    is_manager = hasattr(type(services), "__aenter__") or hasattr(type(services), "__enter__")
    if callable(services) and not is_manager and not _has_any(services, job_types):
        services = _called(services)
    if inspect.isawaitable(services):
        services = await services
    if hasattr(type(services), "__aenter__"):
        services = await stack.enter_async_context(services)
    elif hasattr(type(services), "__enter__"):
        services = stack.enter_context(services)
    return services


def _called(factory: Callable[..., Any]) -> Any:
    try:
        inspect.signature(factory).bind()
    except TypeError:
        name = getattr(factory, "__qualname__", repr(factory))
        raise ServiceError(
            f"{name} takes arguments, but services are created without any"
        ) from None
    except ValueError:  # written in C, without a signature
        pass
    return factory()


def _has_any(services: object, job_types: JobTypes) -> bool:
    """Whether a callable is the services object itself, and not a factory of services."""
    return not inspect.isclass(services) and any(
        attribute_of(services, name, _NONE) is not _NONE for name in protocols_for(job_types)
    )


class Echo:
    """Every service that the protocols name; each call writes one line of JSON and returns {}."""

    def __init__(self, protocols: Protocols, write: Callable[[str], None] | None = None) -> None:
        self.__protocols = protocols
        for attribute, protocol in protocols.items():
            service = BoundService(partial(_echo, write or _to_stdout, protocol, attribute))
            setattr(self, attribute, {} if is_value(protocol) else service)

    def __reduce__(self) -> tuple[type["Echo"], tuple[Protocols]]:
        """Pickle it for a process of isolated jobs, where it writes to stdout."""
        return Echo, (self.__protocols,)


def _echo(
    write: Callable[[str], None], protocol: type, attribute: str, method: str
) -> Callable[..., Any]:
    """A method that prints its calls."""
    service, name = source_names_of(protocol, attribute, method)
    parameters = source_names(vars(protocol).get(method))

    def call(*args: Any, **named: Any) -> dict[str, Any]:
        line = {
            **_caller(),
            "service": service,
            "method": name,
            "args": [_shown(value) for value in args],
            "kwargs": {parameters.get(key, key): _shown(value) for key, value in named.items()},
        }
        write(escape_controls(payload.encode(line)) + "\n")
        return {}

    call.runs_inline = True  # type: ignore[attr-defined]
    return call


def _caller() -> dict[str, Any]:
    """The job that calls, or the jobs of a batch."""
    if (batch := batch_here()) is not None:
        return {"job_ids": [job.id for job in batch.jobs], "type": batch.type}
    job = job_here()
    return {
        "job_id": job and job.id,
        "type": job and job.type,
        "attempt": job and job.attempt,
    }


def _shown(value: object) -> object:
    return ErrorValue.of(value) if isinstance(value, BaseException) else value


def _to_stdout(line: str) -> None:
    """Write a line at once, so that lines of threads never mix; in UTF-8 whatever the locale."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line.encode())
    sys.stdout.buffer.flush()
