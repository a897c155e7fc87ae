"""Finds the code that some code reaches by calls."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .. import ast
from ..program import FunctionCall, FunctionInfo, Program, RecordCall
from .walk import walk


@dataclass
class Reached:
    """Code by its roots, and the functions among it."""

    roots: list[ast.Node] = field(default_factory=list)
    functions: dict[FunctionInfo, None] = field(default_factory=dict)

    def nodes(self) -> Iterator[ast.Node]:
        """Every node of the code."""
        for root in self.roots:
            yield from walk(root)


def reached_from(program: Program, roots: Iterable[ast.Node]) -> Reached:
    """Return the code that some code reaches, such as that of the hooks of a resource."""
    found = Reached()
    scopes: set[ast.Scope] = set()
    pending = [*roots]
    while pending:
        root = pending.pop(0)
        found.roots.append(root)
        for node in walk(root):
            match program.facts.resolutions.get(node):
                case FunctionCall(function=function):
                    if function not in found.functions:
                        found.functions[function] = None
                        pending += function_roots(function)
                case RecordCall(resource=owner, operation=name):
                    scope = program.resources[owner].scopes.get(name)
                    if scope is not None and scope not in scopes:
                        scopes.add(scope)
                        pending.append(scope)
    return found


def function_roots(function: FunctionInfo) -> list[ast.Node]:
    """The code of a function: the defaults of its parameters, and its body."""
    defaults = (parameter.default for parameter in function.parameters)
    return [*filter(None, defaults), function.body]
