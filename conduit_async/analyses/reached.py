"""The code that runs for the hooks of a resource: theirs, and all that it calls."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .. import ast
from ..program import ComputedUse, FunctionCall, FunctionInfo, Program, RecordCall, ResourceInfo
from .walk import walk


@dataclass
class Reached:
    """The roots of the code, the functions among it, and the sources in which it stands."""

    roots: list[ast.Node] = field(default_factory=list)
    functions: dict[FunctionInfo, None] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)

    def nodes(self) -> Iterator[ast.Node]:
        """Every node of the code."""
        for root in self.roots:
            yield from walk(root)


def reached_from(program: Program, resource: ResourceInfo) -> Reached:
    """What the hooks of a resource reach."""
    found = Reached()
    scopes: set[ast.Scope] = set()
    pending: list[ast.Node] = [hook.node for hook in resource.hooks]
    while pending:
        root = pending.pop(0)
        found.roots.append(root)
        found.sources.add(root.span.source.path)
        for node in walk(root):
            match program.facts.resolutions.get(node):
                case FunctionCall(function=function) | ComputedUse(function=function):
                    if function not in found.functions:
                        found.functions[function] = None
                        defaults = (parameter.default for parameter in function.parameters)
                        pending += [*filter(None, defaults), function.body]
                case RecordCall(resource=owner, operation=name):
                    scope = program.resources[owner].scopes.get(name)
                    if scope is not None and scope not in scopes:
                        scopes.add(scope)
                        pending.append(scope)
    return found
