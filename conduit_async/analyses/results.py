"""Finds the expressions that may give the value of an expression or a block."""

from collections.abc import Callable, Iterator

from .. import ast
from .walk import walk


def results(node: ast.Expr) -> Iterator[ast.Expr]:
    """The expressions that may give the value of an expression: both sides of a `? :`, …"""
    return (each for each in _with_choices(node, _choices) if not _choices(each))


def fallbacks(node: ast.Expr) -> list[ast.Expr]:
    """What `a ?? b`, or a value with a `rescue`, gives instead of its first part; else nothing."""
    if isinstance(node, ast.Rescue) or (isinstance(node, ast.Binary) and node.operator == "??"):
        return _all_choices(node)[1:]
    return []


def matches(node: ast.Expr) -> Iterator[ast.Match]:
    """Each `match` among what may give the value of an expression."""
    return (each for each in _with_choices(node, _choices) if isinstance(each, ast.Match))


def origins(node: ast.Expr) -> Iterator[ast.Expr]:
    """The expressions that may give a value, even through `??`, `or`, `and` and `rescue`."""
    return (each for each in _with_choices(node, _all_choices) if not _all_choices(each))


def _with_choices(
    node: ast.Expr, choices: Callable[[ast.Expr], list[ast.Expr]]
) -> Iterator[ast.Expr]:
    """The expression, its alternatives and their alternatives, in the order of the source."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending += reversed(choices(current))


def _choices(node: ast.Expr) -> list[ast.Expr]:
    """The alternatives, one of which gives the value; none if an arm has no value."""
    match node:
        case ast.Ternary(then=then, otherwise=otherwise):
            return [then, otherwise]
        case ast.Match(arms=arms):
            ends = [end for arm in arms for end in block_results(arm.body)]
            return [] if None in ends else [end for end in ends if end is not None]
    return []


def _all_choices(node: ast.Expr) -> list[ast.Expr]:
    match node:
        case ast.Binary(operator="??" | "or" | "and", left=left, right=right):
            return [left, right]
        case ast.Rescue(operand=operand, body=body):
            ends = [*block_results(body), *_returned(body)]
            return [operand, *(end for end in ends if end is not None)]
    return _choices(node)


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
    inside = walk(block, ast.Lambda | ast.Async)
    return [each.value for each in inside if isinstance(each, ast.Return)]
