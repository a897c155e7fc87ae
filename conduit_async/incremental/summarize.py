"""The summaries of checked sources."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from .. import ast
from ..analyses.reached import reached_from
from ..check.declarations.declare import attributes
from ..link.services import ServiceCalls, serialized
from ..names import record_name, snapshot_name
from ..program import Extern, Program, ResourceInfo, ServiceCall
from ..types import ANY, Array
from .mentions import words
from .output import SourceSummary, digest


def summaries_of(
    program: Program, files: Sequence[ast.File], known: Collection[str]
) -> dict[str, SourceSummary]:
    """Return the summary of each source by its path; `known` are the resources of all sources."""
    types: dict[str, set[str]] = {}
    for node, name in program.class_names.items():
        types.setdefault(node.span.source.path, set()).update((name, name.rstrip("_")))
    uses: dict[str, set[str]] = {}
    for info in program.resources.values():
        found = program.resources.uses.get(info.name, set())
        uses.setdefault(info.node.span.source.path, set()).update(found.intersection(known))
    return {file.span.source.path: _summary(program, file, known, types, uses) for file in files}


def _summary(
    program: Program,
    file: ast.File,
    known: Collection[str],
    types: dict[str, set[str]],
    uses: dict[str, set[str]],
) -> SourceSummary:
    path, text = file.span.source.path, file.span.source.text
    resources = [program.resources[resource.name.text] for resource in file.resources]
    names = [resource.name for resource in resources]
    members = (member for resource in resources for member in resource.node.members)
    hooks = [member for member in members if isinstance(member, ast.Hook)]
    rows = {each(name) for name in names for each in (record_name, snapshot_name)}
    seen = {name for resource in resources for name in attributes(resource.node)}
    reached = [reached_from(program, [hook.node for hook in each.hooks]) for each in resources]
    nodes = dict.fromkeys(node for each in reached for node in each.nodes())
    sources = {path, *(root.span.source.path for each in reached for root in each.roots)}
    return SourceSummary(
        text=digest(text),
        declared=digest(repr([*_declared(file, resources)])),
        events=[str(hook.event) for hook in hooks],
        columns={resource.name: [*resource.columns] for resource in resources},
        attributes=sorted(name for name in seen if name != name.lower()),
        classes=sorted(rows | types.get(path, set())),
        reached=sorted(sources - {path}),
        mentions=sorted(words(text).intersection(known)),
        uses=sorted(set[str]().union(*(uses.get(source, ()) for source in sources))),
        services=_services(program, nodes),
    )


def _declared(file: ast.File, resources: Sequence[ResourceInfo]) -> Iterator[object]:
    """Yield all declarations except hooks, wherever they are, with the types of columns."""
    yield from (annotation.span.text for annotation in file.annotations)
    for resource in resources:
        yield resource.name, resource.doc
        yield from ((c.name, c.python, repr(c.type)) for c in resource.columns.values())
        for member in resource.node.members:
            if not isinstance(member, ast.Hook):
                yield member.span.text, getattr(member, "doc", None)


def _services(program: Program, nodes: Iterable[ast.Node]) -> ServiceCalls:
    """Return the calls of services in these nodes; a value of the application has no calls."""
    found: ServiceCalls = {}

    def given(use: ServiceCall, node: ast.Expr) -> Any:
        of = program.facts.types.get(node, ANY)
        return serialized(Array(of) if node in use.listed else of)

    for use in map(program.facts.resolutions.get, nodes):
        if isinstance(use, ServiceCall | Extern):
            methods = found.setdefault(use.service, {})
            if isinstance(use, ServiceCall):
                calls = methods.setdefault(use.method, [])
                call = [
                    [given(use, value) for value in use.positional],
                    {name: given(use, value) for name, value in use.named},
                ]
                if call not in calls:
                    calls.append(call)
    return found
