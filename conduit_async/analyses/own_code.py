"""The code that a hook or a job runs itself, without the jobs in it."""

from collections.abc import Iterator

from .. import ast
from .walk import walk


def own_nodes(body: ast.Block) -> Iterator[ast.Node]:
    """The nodes of a body, with the options of its jobs, which it evaluates, not their blocks."""
    for node in walk(body, ast.Async):
        yield node
        if isinstance(node, ast.Async):
            for option in node.options:
                yield from walk(option)


def is_on_self(node: ast.Node) -> bool:
    """Whether a function is called on the record itself: `label()`, `self.label()`."""
    callee = node.callee if isinstance(node, ast.Call) else node
    return not isinstance(callee, ast.Member) or isinstance(callee.target, ast.SelfRef)
