"""The application's services: which services the jobs call, and whether all are there."""

import inspect
import typing
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

from ..model.package import calls_of
from ..model.text.logs import get_logger
from ..model.text.names import named, source_name
from .attributes import attribute_of
from .service_calls import JobServices, Linger, Protocols, ServiceError
from .signatures import unfit_calls

_log = get_logger("conduit.worker")

_MISSING = object()
HOOKS_ONLY = "called by hooks only"
"""The mark, in `Annotated` of a generated `Services` Protocol, of a service that no job calls."""


def protocols_of(services: Any) -> dict[str, type]:
    """The services of a generated `Services` Protocol that jobs call."""
    hints = {
        name: typing.get_type_hints(member.fget, include_extras=True)["return"]
        for name, member in vars(services).items()
        if isinstance(member, property)
    }
    return {
        name: hint
        for name, hint in hints.items()
        if HOOKS_ONLY not in getattr(hint, "__metadata__", ())
    }


def methods_of(protocol: type) -> dict[str, Any]:
    """The methods of a service that the sources call."""
    return {
        name: m
        for name, m in vars(protocol).items()
        if inspect.isfunction(m) and (name[0] != "_" or name == "__call__")
    }


def is_value(protocol: object) -> bool:
    """Whether the sources read it as a value: it may be anything, and no method is called."""
    return protocol is Any


def provided(services: object) -> Any:
    """The services as an object with an attribute for each; `services` may be a mapping."""
    if isinstance(services, Mapping):
        return SimpleNamespace(**services)
    return services


def check_complete(services: object, protocols: Protocols, calls: Mapping[str, str] = {}) -> None:
    """Raise ServiceError if the jobs call a service or a method that is missing; it names all.

    It also names the `calls` that a method does not accept, by their places in the sources.
    """
    if services is None and protocols:
        called = ", ".join(_calls(name, protocol) for name, protocol in protocols.items())
        raise ServiceError(
            f"no services were given, and the jobs call {called}: give an object with the "
            f"attributes {', '.join(protocols)} (`--services module:object`, or `services=`)"
        )
    missing = []
    for name, protocol in protocols.items():
        if is_value(protocol):
            if attribute_of(services, name, _MISSING) is _MISSING:
                missing.append(f'the value "{name}"')
            continue
        service = attribute_of(services, name)
        if service is None:
            missing.append(f'the service "{name}" (for {_calls(name, protocol)})')
            continue
        missing += [
            f'a function as the service "{name}"'
            if method == "__call__"
            else f'the method "{method}" of the service "{name}"'
            for method in methods_of(protocol)
            if not callable(service if method == "__call__" else attribute_of(service, method))
        ]
    problem = "the services object lacks " + ", ".join(missing)
    unfit = unfit_calls(services, calls)
    if missing or unfit:
        problem = problem if missing else "the services do not accept the calls of the jobs:"
        raise ServiceError("\n  ".join([problem, *unfit]))
    for line in unfit_calls(services, calls, as_declared=True):
        _log.warning("a decorated method of the services may not accept its calls: %s", line)


def _calls(attribute: str, protocol: type) -> str:
    if is_value(protocol):
        return attribute
    name = source_name(protocol)
    methods = methods_of(protocol).items()
    return ", ".join(
        name if method == "__call__" else f"{name}.{source_name(m)}" for method, m in methods
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """Services that are known to be complete for the job types that call them."""

    services: Any
    protocols: Protocols

    def for_jobs(self, linger: Linger | None = None) -> JobServices:
        """The services as the jobs of a worker call them; see JobServices."""
        return JobServices(self.services, self.protocols, linger)


class ServiceUser(Protocol):
    """A job type, of which only the services matter here."""

    __module__: str

    @property
    def services(self) -> Mapping[str, type]:
        """The services that its jobs call: attribute → Protocol."""


def prepare(services: object, job_types: Collection[ServiceUser]) -> Prepared:
    """Prepare services for jobs. Raises ServiceError, which names what is missing or unfit."""
    protocols = protocols_for(job_types)
    ready = provided(services)
    calls: dict[str, str] = {}
    for module in dict.fromkeys(job_type.__module__ for job_type in job_types):
        calls = {**calls_of(module), **calls}
    check_complete(ready, protocols, calls)
    return Prepared(ready, protocols)


def protocols_for(job_types: Iterable[ServiceUser]) -> dict[str, type]:
    """The services that job types call: attribute → Protocol.

    If several packages call a service of one name, each has a Protocol for it; the result has the
    methods of all of them.
    """
    found: dict[str, dict[type, None]] = {}
    for job_type in job_types:
        for attribute, protocol in job_type.services.items():
            found.setdefault(attribute, {})[protocol] = None
    return {attribute: _united(list(protocols)) for attribute, protocols in found.items()}


def _united(protocols: list[type]) -> type:
    protocols = [each for each in protocols if not is_value(each)] or protocols
    first = protocols[0]
    if len(protocols) == 1:
        return first
    members = {name: m for protocol in protocols for name, m in methods_of(protocol).items()}
    return named(source_name(first))(type(first.__name__, (), members))
