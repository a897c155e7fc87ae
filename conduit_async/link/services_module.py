"""`services.py`: a Protocol for each service, and `Services`, which has them all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..emit.render import render
from ..names import class_name, python_name, unclashed
from ..python import literals
from ..python.annotations import union_of
from ..python.imports import Imports
from .services import Method, Service

_HOOKS_ONLY = '"called by hooks only"'
"""What the runtime reads in the type of a service that a worker can do without."""


@dataclass(frozen=True)
class ProtocolMethod:
    """A method of a Protocol; `named` is the text of its decorator."""

    name: str
    named: str | None
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Protocol:
    """A service: its attribute with its type, and its class; one without methods has none."""

    attribute: str
    type: str
    name: str
    named: str | None
    methods: tuple[ProtocolMethod, ...]


@dataclass(frozen=True)
class ServicesModule:
    """The text of the module, its Protocols by attribute, and what it imports of `records.py`."""

    text: str
    protocols: tuple[Protocol, ...]
    rows: frozenset[str]


def services_module(services: Mapping[str, Service], of_jobs: Collection[str]) -> ServicesModule:
    """The module, given the names of the services that jobs call."""
    taken = {method.python for service in services.values() for method in service.methods}
    taken |= {service.python for service in services.values()} | {"Services"}
    classes: dict[str, str] = {}
    for name in sorted(services, key=lambda name: (not name[:1].isupper(), name)):
        plain = python_name(name) if name[:1].isupper() else class_name(name)
        classes[name] = unclashed(plain, {"Services", *classes.values()})
    imports = Imports(taken | set(classes.values()))
    any_ = imports.use("typing", "Any") if services else "Any"
    protocols = tuple(
        _protocol(imports, each, classes[each.name] if each.methods else any_, each.name in of_jobs)
        for each in sorted(services.values(), key=lambda each: each.python)
    )
    text = render(
        "services.py.jinja",
        services=protocols,
        protocol=imports.use("typing", "Protocol"),
        property=imports.use("builtins", "property"),
        any=any_,
        imports=imports.groups(),
    )
    return ServicesModule(text, protocols, frozenset(imports.used(".records")))


def _protocol(imports: Imports, service: Service, name: str, is_for_jobs: bool) -> Protocol:
    kind = name
    if not is_for_jobs:
        kind = f"{imports.use('typing', 'Annotated')}[{name}, {_HOOKS_ONLY}]"
    source = service.name if service.methods and service.name != name else None
    methods = sorted(service.methods, key=lambda method: method.python)
    return Protocol(
        service.python,
        kind,
        name,
        _named(imports, source, []),
        tuple(_method(imports, each) for each in methods),
    )


def _method(imports: Imports, method: Method) -> ProtocolMethod:
    parameters = ["self"]
    names = {parameter.python for parameter in method.named}
    for number, types in enumerate(method.positional, 1):
        name = unclashed(f"arg{number}", names)
        optional = " = ..." if number > method.required_positional else ""
        parameters.append(f"{name}: {union_of(types, imports)}{optional}")
    if method.positional:
        parameters.append("/")
    if method.named:
        parameters.append("*")
    for parameter in method.named:
        optional = " = ..." if parameter.optional else ""
        parameters.append(f"{parameter.python}: {union_of(parameter.types, imports)}{optional}")
    renamed = [(p.python, p.name) for p in method.named if p.python != p.name]
    plain = method.name.rstrip("?!")
    own = plain if plain != method.python else None
    return ProtocolMethod(method.python, _named(imports, own, renamed), tuple(parameters))


def _named(imports: Imports, own: str | None, renamed: list[tuple[str, str]]) -> str | None:
    if own is None and not renamed:
        return None
    texts = [literals.quoted(own)] if own is not None else []
    texts += [f"{python}={literals.quoted(name)}" for python, name in renamed]
    return f"{imports.runtime('named')}({', '.join(texts)})"
