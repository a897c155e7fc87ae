"""The conditions on which code branches, and the blocks that it leaves early."""

from collections.abc import Iterable, Iterator

from ... import ast


def decisions(nodes: Iterable[ast.Node]) -> Iterator[ast.Expr | ast.Match]:
    """The conditions of `if`, `unless`, `? :` and `a && b`, and each `match`."""
    for node in nodes:
        match node:
            case ast.If(branches=branches):
                for branch in branches:
                    yield from conjuncts(branch.condition)
            case ast.Ternary(condition=condition):
                yield from conjuncts(condition)
            case ast.ExprStatement(value=ast.Binary(operator="and" | "or", left=left)):
                yield from conjuncts(left)
            case ast.Match():
                yield node


def conjuncts(condition: ast.Expr) -> Iterator[ast.Expr]:
    """The parts that `and`, `or` and `not` join, in the order of the source."""
    pending = [condition]
    while pending:
        match pending.pop():
            case ast.Binary(operator="and" | "or", left=left, right=right):
                pending += [right, left]
            case ast.Unary(operator="not", operand=operand):
                pending.append(operand)
            case part:
                yield part


def nil_tested(condition: ast.Expr) -> ast.Expr:
    """The operand that `x != nil` or `x == nil` tests, else the condition itself."""
    match condition:
        case ast.Binary(operator="==" | "!=", left=tested, right=ast.Nil()):
            return tested
        case ast.Binary(operator="==" | "!=", left=ast.Nil(), right=tested):
            return tested
    return condition


def diverges(block: ast.Block) -> bool:
    """Whether control never reaches the end of a block."""
    for each in block.statements:
        match each:
            case ast.Return() | ast.Raise():
                return True
            case ast.If(branches=branches, otherwise=ast.Block() as otherwise):
                if all(map(diverges, (*(branch.body for branch in branches), otherwise))):
                    return True
    return False
