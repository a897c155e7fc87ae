"""Arithmetic as Python: plain operators wherever the types allow."""

from dataclasses import replace

from .. import ast
from ..types import (
    ANY,
    DECIMAL,
    JSON,
    Array,
    Optional,
    Type,
    Union,
    Variable,
    required,
)  # fmt: skip
from .code import Code, Strength, call, compare, made_of, negate
from .comparisons import equality, membership
from .drive import Lowering, Operand, rule
from .frame import Frame, variable_for
from .lazy import coalesce, lazy
from .prefixes import effective_operand
from .typing import ORDERED, known, type_of
from .values import decimal

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_HELPERS = {"/": "divide", "%": "remainder", "**": "power"}
_UNKNOWN = {"+": "add", "-": "subtract", "*": "multiply"}
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
    if _is_unknown(type_of(frame, operand)):
        return call(frame.module.imports.operator("negate"), [inner])
    if inner.strength == Strength.SIGN and inner.text.startswith("-"):
        return replace(inner, text=inner.text.removeprefix("-"))
    return made_of(f"-{inner.at(Strength.SIGN)}", Strength.SIGN, [inner])


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
    wanted = required(wish.expected) if wish.expected is not None else None
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
    is_known = not any(_is_unknown(kind) for kind in kinds)
    if operator in _MIRRORED and not is_known:
        text = f'{helper("ordered")}({left.text}, "{operator}", {right.text})'
        return made_of(text, Strength.PRIMARY, [left, right])
    if operator in _MIRRORED:
        if left.is_constant and not right.is_constant:
            return _order(right, _MIRRORED[operator], left, kinds)
        return _order(left, operator, right, kinds)
    if operator in _HELPERS:
        return call(helper(_HELPERS[operator]), [left, right])
    if not is_known:
        return call(helper(_UNKNOWN[operator]), [left, right])
    if operator == "+" and isinstance(kinds[0], Array) and "[" in left.text[:1] + right.text[:1]:
        items = ", ".join(part for part in (_spread(left), _spread(right)) if part)
        return made_of(f"[{items}]", Strength.ATOM, [left, right])
    strength = _STRENGTHS[operator]
    text = f"{left.at(strength)} {operator} {right.at(Strength(strength + 1))}"
    return made_of(text, strength, [left, right])


def _order(left: Code, operator: str, right: Code, kinds: tuple[Type, Type]) -> Code:
    code = compare(left, operator, right)
    if all(kind in ORDERED for kind in kinds):
        return replace(code, opposite=compare(left, _OPPOSITES[operator], right).text)
    return code


def _spread(code: Code) -> str:
    """The items of an array inside of a list: of a literal, those that it has."""
    is_literal = code.strength == Strength.ATOM and code.text.startswith("[")
    return code.text[1:-1] if is_literal else f"*{code.at(Strength.OR)}"


def _is_unknown(kind: Type) -> bool:
    return required(kind) in (ANY, JSON) or isinstance(kind, Optional | Union | Variable)
