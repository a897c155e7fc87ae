"""Sleeps and waits of jobs: which statements they are."""

from .. import ast
from ..lock.model import Pause
from ..program import Facts, LibraryCall


def pause_of(facts: Facts, statement: ast.Statement) -> ast.Call | None:
    """The sleep or the wait that is a statement, or the value of its `let`."""
    match statement:
        case ast.ExprStatement(value=ast.Call() as call) | ast.Let(value=ast.Call() as call):
            kind = kind_of(facts, call)
            is_whole = isinstance(statement, ast.ExprStatement) or kind == "wait"
            return call if kind and is_whole else None
    return None


def kind_of(facts: Facts, node: ast.Node) -> Pause:
    """Whether a call is a sleep or a wait; "" for other code."""
    match facts.resolutions.get(node):
        case LibraryCall(signature=called) if called.namespace == "Job":
            return "wait" if called.name == "wait" else "sleep"
    return ""


def signal_of(facts: Facts, wait: ast.Node) -> str:
    """The name of the signal of a wait; "" if it is not a literal."""
    use = facts.resolutions.get(wait)
    name = use.arguments[0] if isinstance(use, LibraryCall) else None
    return (name is not None and ast.constant_text(name)) or ""
