"""What Python cannot hold is said, never guessed."""

from collections.abc import Iterator

from .. import ast
from ..diagnostics import Problems
from ..program import Local, Program, RecordCall, RelationUse
from ..types import Query
from ..walk import children, walk
from .require import shorten

DEEPEST = 16
"""Python nests at most 20 loops and `try` or `with` blocks in one function; some are ours."""


def report_unsupported(program: Program, problems: Problems) -> None:
    """Report (GEN690) what nests too deep, and queries that are not compiled yet."""
    for root in _reached(program):
        _report_depth(root, problems)
        _report_queries(root, program, problems)


def _report_queries(root: ast.Node, program: Program, problems: Problems) -> None:
    resolutions = program.facts.resolutions
    for node in walk(root):
        call = resolutions.get(node)
        receiver = call.receiver if isinstance(call, RecordCall) else None
        if receiver is None or isinstance(resolutions.get(receiver), RecordCall):
            continue
        found = resolutions.get(receiver)
        is_query = isinstance(found, Local) and isinstance(found.type, Query)
        if not is_query and not isinstance(found, RelationUse):
            problems.error(
                "GEN690",
                node.span,
                "not compiled yet: a query of what is neither a relation nor a query itself",
                "write the whole query where it is used, as in `self.posts.where(…).count`",
            )
        elif (safe := _guard(receiver)) is not None:
            problems.error(
                "GEN690",
                node.span,
                "not compiled yet: a query behind `?.`",
                f"check `{shorten(safe.target)} != nil` first, then write a plain `.`",
            )


def _guard(node: ast.Expr) -> ast.Member | None:
    """The `?.` that may end a chain, if there is one."""
    while True:
        match node:
            case ast.Member(safe=True):
                return node
            case ast.Member(target=below) | ast.Index(target=below) | ast.Call(callee=below):
                node = below
            case _:
                return None


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
