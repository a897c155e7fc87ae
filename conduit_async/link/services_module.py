"""`services.py`: a Protocol for each service, and `Services` with all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..emit.templates import render_template
from ..names import class_name, python_name, unclashed
from ..python.annotations import named, union_of
from ..python.imports import Imports
from .services import Method, Service

_HOOKS_ONLY = '"called by hooks only"'
"""The note in the type of a service that a worker does not need; the runtime reads it."""

_PROVIDED = "_Provided"
"""The type of the services that an application provides."""


@dataclass(frozen=True)
class ServicesModule:
    """The text of the module, its Protocols by attribute, and its imports from `records.py`."""

    text: str
    protocols: Mapping[str, str]
    rows: frozenset[str]


def services_module(services: Mapping[str, Service], of_jobs: Collection[str]) -> ServicesModule:
    """Return the module; `of_jobs` are the names of the services that jobs call."""
    taken = {method.python for service in services.values() for method in service.methods}
    taken |= {service.python for service in services.values()} | {"Services", _PROVIDED}
    classes: dict[str, str] = {}
    for name in sorted(services, key=lambda name: (not name[:1].isupper(), name)):
        plain = python_name(name) if name[:1].isupper() else class_name(name)
        classes[name] = unclashed(plain, {"Services", _PROVIDED, *classes.values()})
    imports = Imports(taken | set(classes.values()))
    any_ = imports.use("typing", "Any") if services else "Any"
    described = []
    ordered = sorted(services.values(), key=lambda each: each.python)
    for service in ordered:
        name = classes[service.name]
        kind = name if service.methods else any_
        if service.name not in of_jobs:
            kind = f"{imports.use('typing', 'Annotated')}[{kind}, {_HOOKS_ONLY}]"
        described.append(
            {
                "attribute": service.python,
                "type": kind,
                "class": name,
                "named": named(imports, {}, *{service.name} - {name}) if service.methods else None,
                "methods": [
                    _method(imports, each)
                    for each in sorted(service.methods, key=lambda each: each.python)
                ],
            }
        )
    text = render_template(
        "services.py.jinja",
        services=described,
        protocol=imports.use("typing", "Protocol"),
        property=imports.use("builtins", "property"),
        any=any_,
        own=_PROVIDED,
        type_var=imports.use("typing", "TypeVar"),
        imports=imports.groups(),
    )
    protocols = {each.python: classes[each.name] for each in ordered if each.methods}
    return ServicesModule(text, protocols, frozenset(imports.used(".records")))


def _method(imports: Imports, method: Method) -> dict[str, object]:
    """Return the values of a method for the template."""
    parameters = ["self"]
    names = {parameter.python for parameter in method.named}
    for number, types in enumerate(method.positional, 1):
        name = unclashed(f"arg{number}", names)
        optional = " = ..." if number > method.required_positional else ""
        parameters.append(f"{name}: {union_of(types, imports)}{optional}")
    parameters += ["/"] if method.positional else []
    parameters += ["*"] if method.named else []
    for parameter in method.named:
        optional = " = ..." if parameter.optional else ""
        parameters.append(f"{parameter.python}: {union_of(parameter.types, imports)}{optional}")
    own = {method.name.rstrip("?!")} - {method.python}
    decorator = named(imports, {each.python: each.name for each in method.named}, *own)
    return {"name": method.python, "named": decorator, "parameters": parameters}
