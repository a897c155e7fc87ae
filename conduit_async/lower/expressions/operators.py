"""Arithmetic as Python: plain operators wherever the types allow."""

from dataclasses import replace

from ... import ast
from ...types import DECIMAL, FLOAT, INT, STRING, Array, Type, required  # fmt: skip
from ..functions.function_builder import Frame, variable_for
from ..python.code import Code, Effect, Strength, call, compare, list_of, made_of, negate
from ..python.prefixes import effective_operand
from ..python.typing import ORDERED, as_type, is_unknown, known, type_of
from .comparisons import equality, membership
from .dispatch import Lowering, Operand, rule
from .lazy import coalesce, lazy
from .values import decimal

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_HELPERS = {"/": "divide", "%": "remainder", "**": "power"}
_UNKNOWN = {"+": "add", "-": "subtract", "*": "multiply"}
_TYPED_POWER = 25
_STRENGTHS = {"+": Strength.SUM, "-": Strength.SUM, "*": Strength.PRODUCT}


@rule(ast.Unary)
def unary(frame: Frame, node: ast.Unary, wish: Operand) -> Lowering:
    """`not e`, `-e`."""
    if isinstance(node.operand, ast.Int | ast.Float) and type_of(frame, node.operand) == DECIMAL:
        return decimal(frame, node.operand, "-")
    operand = effective_operand(node)
    inner = yield Operand(operand, maybe=node.operator == "not")
    if node.operator == "not":
        return negate(inner)
    inner = known(frame, operand, inner)
    if is_unknown(type_of(frame, operand)):
        return call(frame.module.imports.operator("negate"), [inner], Effect.FAILS)
    if inner.strength == Strength.SIGN and inner.text.startswith("-"):
        return replace(inner, text=inner.text.removeprefix("-"))
    least = Strength.AWAIT if inner.strength == Strength.POWER else Strength.SIGN  # `-(a**2)`
    return made_of(f"-{inner.at(least)}", Strength.SIGN, [inner])


@rule(ast.Binary)
def binary(frame: Frame, node: ast.Binary, wish: Operand) -> Lowering:
    """Every operator between two operands."""
    match node.operator:
        case "and" | "or":
            return (yield from lazy(frame, node))
        case "??":
            return (yield from coalesce(frame, node, wish))
        case "==" | "!=":
            return (yield from equality(frame, node))
        case "in" | "not_in":
            return (yield from membership(frame, node))
    wanted = required(wish.expected if wish.expected is not None else type_of(frame, node))
    parts = wanted if node.operator == "+" and isinstance(wanted, Array) else None
    left = yield Operand(node.left, expected=parts)
    right = yield Operand(node.right, expected=parts)
    left, right = frame.in_order([left, right], [variable_for(node.left), variable_for(node.right)])
    return _strict(frame, node, left, right)


def _strict(frame: Frame, node: ast.Binary, left: Code, right: Code) -> Code:
    """An operator that always evaluates both operands."""
    left, right = known(frame, node.left, left), known(frame, node.right, right)
    operator = node.operator
    helper = frame.module.imports.operator
    kinds = type_of(frame, node.left), type_of(frame, node.right)
    if operator in ("..", "..."):
        name = frame.module.imports.runtime("Range")
        exclusive = ", exclusive=True" if operator == "..." else ""
        text = f"{name}({left.text}, {right.text}{exclusive})"
        return made_of(text, Strength.PRIMARY, [left, right])
    is_known = not any(is_unknown(kind) for kind in kinds)
    if operator in _MIRRORED and not is_known:
        text = f'{helper("ordered")}({left.text}, "{operator}", {right.text})'
        return made_of(text, Strength.PRIMARY, [left, right], Effect.FAILS)
    if operator in _MIRRORED:
        if left.is_constant and not right.is_constant:
            return _order(right, _MIRRORED[operator], left, kinds)
        return _order(left, operator, right, kinds)
    if operator == "**" and kinds == (INT, INT):
        return _power(frame, node, left, right)
    if operator in _HELPERS:
        divides = operator != "**" and _is_a_divisor(node.right) and kinds[0] in (INT, FLOAT)
        effect = Effect.NONE if divides else Effect.FAILS
        return call(helper(_HELPERS[operator]), [left, right], effect)
    if not is_known:
        return call(helper(_UNKNOWN[operator]), [left, right], Effect.FAILS)
    if operator == "+" and isinstance(kinds[0], Array) and "[" in left.text[:1] + right.text[:1]:
        return list_of(", ".join(filter(None, (left.spread, right.spread))), [left, right])
    strength = _STRENGTHS[operator]
    text = f"{left.at(strength)} {operator} {right.at(Strength(strength + 1))}"
    return made_of(text, strength, [left, right], _effect(operator, kinds))


def _power(frame: Frame, node: ast.Binary, left: Code, right: Code) -> Code:
    """A power of ints: of a small constant, type checkers know that it is an int as well.

    Of zero they know that it is 1, and refuse to compare it with another one.
    """
    if isinstance(node.right, ast.Int) and 0 < node.right.value <= _TYPED_POWER:
        space = "" if left.repeatable or left.is_literal else " "
        text = f"{left.at(Strength.AWAIT)}{space}**{space}{right.text}"
        return made_of(text, Strength.POWER, [left, right])
    power = call(frame.module.imports.operator("power"), [left, right], Effect.FAILS)
    kind = type_of(frame, node)
    return power if is_unknown(kind) else as_type(frame, power, kind)


def _is_a_divisor(node: ast.Expr) -> bool:
    """Whether a number can be divided by it: it is one, and not zero."""
    return isinstance(node, ast.Int | ast.Float) and bool(node.value)


def _effect(operator: str, kinds: tuple[Type, Type]) -> Effect:
    """Whether an operator on known types may fail: one on dates, and of others, may overflow."""
    same = kinds[0] == kinds[1] and kinds[0] in (INT, FLOAT, STRING)
    joins = operator == "+" and isinstance(kinds[0], Array)
    return Effect.NONE if same or joins else Effect.FAILS


def _order(left: Code, operator: str, right: Code, kinds: tuple[Type, Type]) -> Code:
    code = compare(left, operator, right)
    if all(kind in ORDERED for kind in kinds):
        return replace(code, opposite=compare(left, _OPPOSITES[operator], right).text)
    return code
