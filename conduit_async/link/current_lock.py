"""The lock entries of the present sources."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from ..config import Config
from ..lock.model import Lock, LockedJob
from ..lock.model import Services as LockedServices
from ..package import ModuleFacts
from .services import Method, Service


def current_lock(
    modules: Sequence[ModuleFacts],
    jobs: Mapping[str, LockedJob],
    services: Mapping[str, Service],
    of_jobs: Collection[str],
    config: Config,
) -> Lock:
    """Return the lock without removed job types and older shapes.

    `jobs` are the job types by name, `of_jobs` the services that jobs call.
    """
    return Lock(
        {name: jobs[name] for module in modules for name in module.types},
        tuple(sorted(hook for module in modules for hook in module.hooks)),
        _services(each for each in services.values() if each.name in of_jobs),
        _services(each for each in services.values() if each.name not in of_jobs),
        config.prefix,
        config.schema,
    )


def _services(services: Iterator[Service]) -> LockedServices:
    return {
        each.name: {method.name: tuple(_arguments(method)) for method in each.methods}
        for each in services
    }


def _arguments(method: Method) -> Iterator[str]:
    for number in range(1, len(method.positional) + 1):
        yield f"{number}{'?' if number > method.required_positional else ''}"
    for parameter in method.named:
        yield f"{parameter.name}{'?' if parameter.optional else ''}"
