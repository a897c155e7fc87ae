"""What each source file gives to a package: what is kept of it for the next compilation.

A part is plain data, so that it can be stored as JSON and read again without executing anything.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from . import ast
from .names import record_name, snapshot_name
from .program import Program
from .service_uses import Method, Services, service_uses
from .types import Enum, required


@dataclass(frozen=True)
class Written:
    """A module that was written for a resource of a source.

    `lines` leads from its lines to those of the source; `rows` are the names that it imports from
    `records.py`, `job_services` the services that its jobs call.
    """

    name: str
    source: str
    jobs: list[str]
    lines: dict[int, int]
    rows: list[str]
    job_services: list[str]


@dataclass(frozen=True)
class Part:
    """What one source gives to a package, and what it takes from other sources.

    `text` is a digest of the source, `declared` of what others may see of it. `names` are the
    Python names of its inline structs and enums, of which `structs` and `enums` stand in rows.
    `mentions` are the resources of the program that its text names, `reaches` the functions and
    scopes of other resources that its code runs.
    """

    text: str
    declared: str
    events: list[str]
    resources: list[str]
    names: list[str]
    structs: list[str]
    enums: list[str]
    mentions: list[str]
    reaches: list[str]
    services: Services
    modules: list[Written]

    @property
    def rows(self) -> set[str]:
        """The names that `records.py` may define for it."""
        rows = {*self.structs, *self.enums}
        for name in self.resources:
            rows |= {record_name(name), snapshot_name(name)}
        return rows

    @property
    def classes(self) -> set[str]:
        """The names of its rows as its own source has them."""
        return self.rows - set(self.enums)


def mentions(text: str, resources: Iterable[str]) -> list[str]:
    """The resources that a text names, in whatever sense."""
    return sorted(set(re.findall(r"[^\W\d]\w*", text)) & set(resources))


def digest(text: str) -> str:
    """Stands for a text."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def parts_of(
    program: Program, files: Sequence[ast.File], modules: Iterable[Written], known: Iterable[str]
) -> dict[str, Part]:
    """The parts of files by the path of the source; `known` are the resources of all sources."""
    known = frozenset(known)
    names: dict[str, dict[ast.TypeExpr, str]] = {}
    for node, name in program.class_names.items():
        names.setdefault(node.span.source.path, {})[node] = name
    services = service_uses(program)
    written: dict[str, list[Written]] = {}
    for module in modules:
        written.setdefault(module.source, []).append(module)
    parts: dict[str, Part] = {}
    for file in files:
        path, text = file.span.source.path, file.span.source.text
        resources = [resource.name.text for resource in file.resources]
        own = names.get(path, {})
        columns = [c for name in resources for c in program.resources[name].columns.values()]
        kinds = [required(column.type) for column in columns]
        parts[path] = Part(
            text=digest(text),
            declared=_declared(file, own),
            events=events_of(file),
            resources=resources,
            names=sorted(own.values()),
            structs=sorted(set(own.values()) & program.structs.keys()),
            enums=sorted({kind.name for kind in kinds if isinstance(kind, Enum)}),
            mentions=mentions(text, known),
            reaches=sorted(n for name in resources for n in program.reaches.get(name, ())),
            services=services.get(path, {}),
            modules=written.get(path, []),
        )
    return parts


def _declared(file: ast.File, types: Iterable[ast.TypeExpr]) -> str:
    """A digest of all but the hooks, wherever it stands, and of the types in `records.py`."""
    seen: list[object] = [annotation.span.text for annotation in file.annotations]
    seen += sorted(node.span.text for node in types)
    for resource in file.resources:
        seen += [resource.name.text, resource.doc]
        for member in resource.members:
            if not isinstance(member, ast.Hook):
                seen += [member.span.text, getattr(member, "doc", None)]
    return digest(repr(seen))


def events_of(file: ast.File) -> list[str]:
    """When the hooks of a source run, in their order."""
    hooks = [
        member
        for resource in file.resources
        for member in resource.members
        if isinstance(member, ast.Hook)
    ]
    return [f"{hook.timing} {hook.event}" for hook in hooks]


def as_json(part: Part) -> dict[str, Any]:
    """A part as plain data."""
    services = {
        service: {name: vars(method) for name, method in methods.items()}
        for service, methods in part.services.items()
    }
    return {**vars(part), "services": services, "modules": [vars(each) for each in part.modules]}


def from_json(data: Mapping[str, Any]) -> Part:
    """The part that was plain data; raises `KeyError`, `TypeError` or `ValueError`."""
    services = {
        service: {name: Method(**method) for name, method in methods.items()}
        for service, methods in data["services"].items()
    }
    modules = [
        Written(**{**each, "lines": {int(line): at for line, at in each["lines"].items()}})
        for each in data["modules"]
    ]
    return Part(**{**data, "services": services, "modules": modules})
