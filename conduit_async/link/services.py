"""The services that all sources together require of an application."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from .. import types
from ..names import argument_name, method_name, service_name
from ..types import Type

CallTypes: TypeAlias = list[Any]
"""The types of the positional arguments in a list, and of named ones by name; see `serialized`."""

ServiceCalls: TypeAlias = dict[str, dict[str, list[CallTypes]]]
"""How one source calls services, by the names of the service and the method."""


@dataclass(frozen=True)
class NamedParameter:
    """A named parameter of a service's method; `optional` when some call leaves it out."""

    name: str
    python: str
    types: tuple[Type, ...]
    optional: bool


@dataclass(frozen=True)
class Method:
    """A method of a service: its name in the source, and the union of all its calls."""

    name: str
    python: str
    positional: tuple[tuple[Type, ...], ...]
    required_positional: int
    named: tuple[NamedParameter, ...]


@dataclass(frozen=True)
class Service:
    """A service: `python` is its attribute; one without methods is a value."""

    name: str
    python: str
    methods: tuple[Method, ...]


def merged(sources: Iterable[ServiceCalls]) -> dict[str, Service]:
    """Return the services that all sources call, by name.

    A parameter is required if every call passes it.
    """
    uses: dict[str, dict[str, list[CallTypes]]] = {}
    for source in sources:
        for service, methods in source.items():
            found = uses.setdefault(service, {})
            for name, calls in methods.items():
                found.setdefault(name, []).extend(calls)
    return {
        name: Service(
            name,
            service_name(name),
            tuple(_method(each, calls) for each, calls in sorted(methods.items())),
        )
        for name, methods in sorted(uses.items())
    }


def have_clashes(services: Collection[Service]) -> bool:
    """Whether two names would be the same in Python."""
    scopes: list[Iterable[Service | Method | NamedParameter]] = [services]
    for service in services:
        scopes += [service.methods, *(method.named for method in service.methods)]
    return any(
        count > 1 for scope in scopes for count in Counter(each.python for each in scope).values()
    )


def _method(name: str, calls: Sequence[CallTypes]) -> Method:
    """Return a method as all sources call it."""
    counts = [len(given) for given, _ in calls]
    positional = tuple(
        _distinct(given[place] for given, _ in calls if place < len(given))
        for place in range(max(counts))
    )
    named = tuple(
        NamedParameter(
            each,
            argument_name(each),
            _distinct(given[each] for _, given in calls if each in given),
            optional=not all(each in given for _, given in calls),
        )
        for each in sorted({each for _, given in calls for each in given})
    )
    return Method(name, method_name(name), positional, min(counts), named)


def _distinct(found: Iterable[Any]) -> tuple[Type, ...]:
    """Return the distinct types, in an order that does not depend on the order of calls."""
    return tuple(sorted(set(map(deserialized, found)), key=lambda kind: (str(kind), repr(kind))))


def serialized(value: Any) -> Any:
    """Return a type as JSON: the name of its class, then the fields that are compared."""
    if is_dataclass(value):
        own = [serialized(getattr(value, each.name)) for each in fields(value) if each.compare]
        return [type(value).__name__, *own]
    return ["", *map(serialized, value)] if isinstance(value, tuple) else value


def deserialized(value: Any) -> Any:
    """Return the type that was serialized; raises `ValueError` for anything else."""
    if not isinstance(value, list):
        return value
    name, *own = value
    kind = getattr(types, name, None) if name else tuple
    if kind is tuple:
        return tuple(map(deserialized, own))
    if kind is types.Scalar and len(own) == 1 and own[0] in types.KINDS:
        return types.KINDS[own[0]]
    if kind is types.Scalar or not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"no type is called {name}")
    return kind(*map(deserialized, own))
