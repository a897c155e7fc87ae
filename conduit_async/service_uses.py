"""How each source calls services, and what all sources together ask of them.

Types are packed as plain data, so that they can be stored between compilations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from . import types
from .names import python_name, service_name, snake_case
from .program import CALL, Extern, MethodInfo, Program, ServiceCall, ServiceInfo, ServiceParameter
from .types import ANY, Type


@dataclass(frozen=True)
class Method:
    """How the calls of a source use a method: types are packed, see `packed`.

    `least` positional arguments are in every call, and so are the named ones in `always`.
    """

    least: int
    positional: list[list[Any]]
    named: dict[str, list[Any]]
    always: list[str]


Services: TypeAlias = dict[str, dict[str, Method]]
"""By the name of a service and of its method: how one source calls it."""


def service_uses(program: Program) -> dict[str, Services]:
    """How each source calls services."""
    calls: dict[str, dict[str, dict[str, list[ServiceCall]]]] = {}
    for node, use in program.facts.resolutions.items():
        if isinstance(use, ServiceCall | Extern):
            of_source = calls.setdefault(node.span.source.path, {})
            methods = of_source.setdefault(use.service.name, {})
            if isinstance(use, ServiceCall):
                methods.setdefault(use.method.name, []).append(use)
    return {
        path: {
            service: {name: _method(uses, program) for name, uses in methods.items()}
            for service, methods in services.items()
        }
        for path, services in calls.items()
    }


def _method(calls: Sequence[ServiceCall], program: Program) -> Method:
    kinds = program.facts.types
    positional = [
        _distinct(kinds.get(c.positional[place], ANY) for c in calls if place < len(c.positional))
        for place in range(max(len(call.positional) for call in calls))
    ]
    given = [dict(call.named) for call in calls]
    names = sorted({name for each in given for name in each})
    return Method(
        least=min(len(call.positional) for call in calls),
        positional=[[packed(kind) for kind in kinds] for kinds in positional],
        named={
            name: [
                packed(kind)
                for kind in _distinct(kinds.get(each[name], ANY) for each in given if name in each)
            ]
            for name in names
        },
        always=[name for name in names if all(name in each for each in given)],
    )


def _distinct(found: Iterable[Type]) -> tuple[Type, ...]:
    return tuple(sorted(set(found), key=lambda kind: (str(kind), repr(kind))))


def united(sources: Iterable[Services]) -> dict[str, ServiceInfo] | None:
    """The services that all sources call; None if two would have one name in Python."""
    uses: dict[str, dict[str, list[Method]]] = {}
    for source in sources:
        for service, methods in source.items():
            found = uses.setdefault(service, {})
            for name, method in methods.items():
                found.setdefault(name, []).append(method)
    services = {
        name: ServiceInfo(
            name,
            service_name(name),
            {each: _united(each, uses[name][each]) for each in sorted(uses[name])},
        )
        for name in sorted(uses)
    }
    clash = _repeats(service.python for service in services.values()) or any(
        _repeats(method.python for method in service.methods.values())
        or any(
            _repeats(each.python for each in method.named.values())
            for method in service.methods.values()
        )
        for service in services.values()
    )
    return None if clash else services


def _repeats(names: Iterable[str]) -> bool:
    listed = list(names)
    return len(listed) != len(set(listed))


def _united(name: str, uses: Sequence[Method]) -> MethodInfo:
    """A method as all sources call it."""
    positional = [
        _distinct(
            unpacked(kind)
            for use in uses
            if place < len(use.positional)
            for kind in use.positional[place]
        )
        for place in range(max(len(use.positional) for use in uses))
    ]
    named = {
        each: ServiceParameter(
            each,
            python_name(each, taken=("self",)),
            _distinct(unpacked(kind) for use in uses for kind in use.named.get(each, [])),
            optional=not all(each in use.always for use in uses),
        )
        for each in sorted({each for use in uses for each in use.named})
    }
    python = CALL if name == CALL else python_name(snake_case(name))
    return MethodInfo(name, python, positional, min(use.least for use in uses), named)


def packed(value: Any) -> Any:
    """A type as JSON: the name of its class, then its fields, less what is known of entries."""
    if is_dataclass(value):
        own = [packed(getattr(value, each.name)) for each in fields(value) if each.compare]
        return [type(value).__name__, *own]
    return ["", *map(packed, value)] if isinstance(value, tuple) else value


def unpacked(value: Any) -> Any:
    """The type that was packed; raises `ValueError` for anything else."""
    if not isinstance(value, list):
        return value
    name, *own = value
    kind = getattr(types, name, None) if name else tuple
    if kind is tuple:
        return tuple(map(unpacked, own))
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(f"no type is called {name}")
    return kind(*map(unpacked, own))
