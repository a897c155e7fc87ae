"""How each source calls services, and what all sources together ask of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

from .. import ast, types
from ..names import argument_name, python_name, service_name, snake_case
from ..program import CALL, Extern, MethodInfo, Program, ServiceCall, ServiceInfo, ServiceParameter
from ..types import ANY, Type

Call: TypeAlias = list[Any]
"""The types of positional arguments in a list, of named ones by name; see `serialized`."""

Services: TypeAlias = dict[str, dict[str, list[Call]]]
"""By the name of a service and of its method: how one source calls it."""


def services_of(program: Program, nodes: Iterable[ast.Node]) -> Services:
    """The services that these nodes use."""
    found: Services = {}

    def kind(node: ast.Expr) -> Any:
        return serialized(program.facts.types.get(node, ANY))

    for use in map(program.facts.resolutions.get, nodes):
        if isinstance(use, ServiceCall | Extern):
            methods = found.setdefault(use.service.name, {})
            if isinstance(use, ServiceCall):
                calls = methods.setdefault(use.method.name, [])
                call = [[*map(kind, use.positional)], {name: kind(v) for name, v in use.named}]
                if call not in calls:
                    calls.append(call)
    return found


def merged(sources: Iterable[Services]) -> dict[str, ServiceInfo]:
    """The services that all sources call.

    Positional parameters are required as far as every call gives them, named ones when every call
    does.
    """
    uses: dict[str, dict[str, list[Call]]] = {}
    for source in sources:
        for service, methods in source.items():
            found = uses.setdefault(service, {})
            for name, calls in methods.items():
                found.setdefault(name, []).extend(calls)
    return {
        name: ServiceInfo(
            name,
            service_name(name),
            {each: _method(each, uses[name][each]) for each in sorted(uses[name])},
        )
        for name in sorted(uses)
    }


def have_clashes(services: Mapping[str, ServiceInfo]) -> bool:
    """Whether two names would be one in Python."""
    scopes: list[Iterable[ServiceInfo | MethodInfo | ServiceParameter]] = [services.values()]
    for service in services.values():
        scopes.append(service.methods.values())
        scopes += [method.named.values() for method in service.methods.values()]
    return any(
        count > 1 for scope in scopes for count in Counter(each.python for each in scope).values()
    )


def _method(name: str, calls: Sequence[Call]) -> MethodInfo:
    """A method as all sources call it."""
    counts = [len(given) for given, _ in calls]
    positional = [
        _distinct(given[place] for given, _ in calls if place < len(given))
        for place in range(max(counts))
    ]
    named = {
        each: ServiceParameter(
            each,
            argument_name(each),
            _distinct(given[each] for _, given in calls if each in given),
            optional=not all(each in given for _, given in calls),
        )
        for each in sorted({each for _, given in calls for each in given})
    }
    python = CALL if name == CALL else python_name(snake_case(name))
    return MethodInfo(name, python, positional, min(counts), named)


def _distinct(found: Iterable[Any]) -> tuple[Type, ...]:
    """The types without repeats, in an order that no reordering of calls changes."""
    return tuple(sorted(set(map(deserialized, found)), key=lambda kind: (str(kind), repr(kind))))


def serialized(value: Any) -> Any:
    """A type as JSON: the name of its class, then its fields, less what is known of entries."""
    if is_dataclass(value):
        own = [serialized(getattr(value, each.name)) for each in fields(value) if each.compare]
        return [type(value).__name__, *own]
    return ["", *map(serialized, value)] if isinstance(value, tuple) else value


def deserialized(value: Any) -> Any:
    """The type that was serialized; raises `ValueError` for anything else."""
    if not isinstance(value, list):
        return value
    name, *own = value
    kind = getattr(types, name, None) if name else tuple
    if kind is tuple:
        return tuple(map(deserialized, own))
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"no type is called {name}")
    return kind(*map(deserialized, own))
