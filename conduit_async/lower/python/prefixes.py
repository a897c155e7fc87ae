"""Prefix operators that cancel each other out."""

from ... import ast


def effective_operand(node: ast.Unary) -> ast.Expr:
    """The operand of a prefix, without pairs of further ones behind it: `!!!x` is `!x`.

    One further prefix stays, since `!!x` is a bool and `x` may be none.
    """
    operand = node.operand
    while (
        isinstance(operand, ast.Unary)
        and isinstance(operand.operand, ast.Unary)
        and operand.operator == operand.operand.operator == node.operator
    ):
        operand = operand.operand.operand
    return operand
