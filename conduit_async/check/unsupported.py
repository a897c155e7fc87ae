"""What Python cannot hold is said, never guessed."""

from collections.abc import Iterator

from .. import ast
from ..diagnostics import Problems
from ..program import Program
from ..walk import children

DEEPEST = 16
"""Python nests at most 20 loops and `try` or `with` blocks in one function; some are ours."""


def report_unsupported(program: Program, problems: Problems) -> None:
    """Report (GEN690) loops and rescues that nest deeper than Python's own can."""
    for root in _reached(program):
        _report_depth(root, problems)


def _reached(program: Program) -> Iterator[ast.Node]:
    for resource in program.resources.values():
        yield from (hook.node for hook in resource.hooks)
        yield from (each.body for each in resource.functions.values() if each.reached)


def _report_depth(root: ast.Node, problems: Problems) -> None:
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        if isinstance(node, ast.Async | ast.Lambda):
            depth = 0
        depth += isinstance(node, ast.For) + 2 * isinstance(node, ast.Rescue)
        if depth > DEEPEST:
            problems.error(
                "GEN690",
                node.span,
                f"more than {DEEPEST} nested loops, of which a `rescue` counts as two",
                "move the inner ones into a `@function`, or an `@async` of their own",
            )
        else:
            pending += [(child, depth) for child in children(node)]
