"""What is understood but not compiled yet is said, never guessed."""

from collections.abc import Callable, Iterator

from .. import ast
from ..diagnostics import Problems
from ..looping import is_looping
from ..program import (
    ComputedUse,
    Facts,
    FunctionCall,
    Program,
    RecordCall,
    RelationUse,
    ServiceCall,
)  # fmt: skip
from ..types import Query
from ..walk import children, walk

DEEPEST = 16
AWAITED = ServiceCall | RecordCall | RelationUse


def report_unsupported(program: Program, problems: Problems) -> None:
    """Report each construct of reached code that has no translation, once a place."""
    for root in _reached(program):
        _report_depth(root, problems)
        for node in walk(root):
            for what, applies in _UNSUPPORTED.items():
                if applies(program.facts, node):
                    problems.error("GEN690", node.span, f"not compiled yet: {what}")


def _reached(program: Program) -> Iterator[ast.Node]:
    for resource in program.resources.values():
        yield from (hook.node for hook in resource.hooks)
        yield from (each.body for each in resource.functions.values() if each.reached)


def _report_depth(root: ast.Node, problems: Problems) -> None:
    """Python nests at most 20 loops and `try` or `with` blocks."""
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        if isinstance(node, ast.Async):
            depth = 0
        depth += isinstance(node, ast.For) + 2 * isinstance(node, ast.Rescue)
        if depth > DEEPEST:
            problems.error(
                "GEN690", node.span, f"not compiled yet: more than {DEEPEST} nested loops"
            )
        else:
            pending += [(child, depth) for child in children(node)]


def _is_lambda_that_waits(facts: Facts, node: ast.Node) -> bool:
    """A lambda that is no part of a loop: a comprehension can wait, a function of Python not."""
    if not isinstance(node, ast.Lambda):
        return False
    waits = any(_waits(facts, each) for each in walk(node.body))
    return waits and not is_looping(facts, node)


def _waits(facts: Facts, node: ast.Node) -> bool:
    use = facts.resolutions.get(node)
    if isinstance(use, FunctionCall | ComputedUse):
        return use.function.uses_services or use.function.uses_database
    return isinstance(use, AWAITED)


def _is_subquery(facts: Facts, node: ast.Node) -> bool:
    if not isinstance(node, ast.Binary) or node.operator not in ("in", "not_in"):
        return False
    return isinstance(facts.types.get(node.right), Query)


def _reads_changes_of_another(facts: Facts, node: ast.Node) -> bool:
    use = facts.resolutions.get(node)
    callee = node.callee if isinstance(node, ast.Call) else node
    if not isinstance(use, FunctionCall | ComputedUse) or not isinstance(callee, ast.Member):
        return False
    reads = any(read.kind not in ("self_path", "snapshot") for read in use.function.reads)
    return reads and not isinstance(callee.target, ast.SelfRef)


def _is_early_return(facts: Facts, node: ast.Node) -> bool:
    """A `return` deep inside of a `rescue` used as a value."""
    if not isinstance(node, ast.Let | ast.Assign) or not isinstance(node.value, ast.Rescue):
        return False
    statements = node.value.body.statements
    return any(_returns_early(statement, statement is statements[-1]) for statement in statements)


def _returns_early(statement: ast.Statement, is_last: bool) -> bool:
    if isinstance(statement, ast.Return):
        return False
    inside = any(isinstance(node, ast.Return) for node in walk(statement))
    return inside and not (is_last and isinstance(statement, ast.If))


_UNSUPPORTED: dict[str, Callable[[Facts, ast.Node], bool]] = {
    "a lambda that calls a service or the database": _is_lambda_that_waits,
    "a query on the right of `in`": _is_subquery,
    "a function of another record that tracks changes or reads `Context`": (
        _reads_changes_of_another
    ),
    "a `return` inside of another statement, in a `rescue` used as a value": _is_early_return,
}
