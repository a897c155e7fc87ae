"""Which expressions may give the value of an expression or a block."""

from collections.abc import Iterator

from .. import ast
from .walk import walk


def results(node: ast.Expr) -> Iterator[ast.Expr]:
    """The expressions that may give the value of an expression: both sides of a `? :`, …"""
    pending = [node]
    while pending:
        current = pending.pop()
        if found := _choices(current):
            pending += reversed(found)
        else:
            yield current


def matches(node: ast.Expr) -> Iterator[ast.Match]:
    """Each `match` among what may give the value of an expression."""
    pending = [node]
    while pending:
        current = pending.pop()
        pending += reversed(_choices(current))
        if isinstance(current, ast.Match):
            yield current


def origins(node: ast.Expr) -> Iterator[ast.Expr]:
    """The expressions that may give a value, also through `??`, `or`, `and` and `rescue`."""
    pending = [node]
    while pending:
        current = pending.pop()
        match current:
            case ast.Binary(operator="??" | "or" | "and", left=left, right=right):
                pending += [right, left]
            case ast.Rescue(operand=operand, body=body):
                ends = body_results(body)
                pending += [*(end for end in ends if end is not None), operand]
            case _ if found := _choices(current):
                pending += reversed(found)
            case _:
                yield current


def _choices(node: ast.Expr) -> list[ast.Expr]:
    """The expressions of which one gives the value; of an arm without a value, none is told."""
    match node:
        case ast.Ternary(then=then, otherwise=otherwise):
            return [then, otherwise]
        case ast.Match(arms=arms):
            ends = [end for arm in arms for end in block_results(arm.body)]
            return [] if None in ends else [end for end in ends if end is not None]
    return []


def block_results(block: ast.Block) -> list[ast.Expr | None]:
    """The expressions that may give the value of a block; None where it ends without one."""
    match block.statements[-1] if block.statements else None:
        case ast.ExprStatement(value=value):
            return [value]
        case ast.If(branches=branches, otherwise=otherwise):
            blocks = [branch.body for branch in branches]
            ends = [end for each in blocks for end in block_results(each)]
            return [*ends, *(block_results(otherwise) if otherwise is not None else [None])]
        case ast.Return() | ast.Raise():
            return []
    return [None]


def body_results(body: ast.Block) -> list[ast.Expr | None]:
    """The expressions that a body may return; None where it ends without a value."""
    return [*_returned(body), *block_results(body)]


def _returned(block: ast.Block) -> list[ast.Expr | None]:
    inside = walk(block, into=lambda each: not isinstance(each, ast.Lambda | ast.Async))
    return [each.value for each in inside if isinstance(each, ast.Return)]
