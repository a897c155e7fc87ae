"""Unary and binary operators, and what conditions imply."""

from ... import ast
from ...types import (
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STRING,
    TIMESTAMP,
    Array,
    NilType,
    Type,
    is_nullable,
    required,
)
from ..body import Body, Inference, rule
from ..lattice import INVALID, InvalidType, is_number, is_text, is_unknown, join
from ..narrowing import Narrowing
from ..require import report_maybe_nil
from ..sizes import constant_number
from ..wording import conversion, describe, snippet
from .arithmetic import arithmetic
from .comparisons import equality, membership, reads_relation
from .literals import join_values
from .lookup import resolve_name
from .narrow import narrowing_of

_WORDS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "divide",
    "**": "raise", "<": "order", "<=": "order", ">": "order", ">=": "order",
}  # fmt: skip


@rule(ast.Unary)
def unary(body: Body, node: ast.Unary) -> Inference:
    """`not x`, `-x`."""
    kind = yield node.operand
    if node.operator == "not":
        implied = narrowing_of(body, node.operand)
        body.narrowings[node] = Narrowing(implied.when_false, implied.when_true)
        return BOOL
    if is_unknown(kind) or is_number(kind) or kind == DURATION:
        return kind
    if is_nullable(kind):
        report_maybe_nil(body, node.operand, "`-`", operand=True)
        return required(kind)
    return body.error("TYP121", node, f"`-` needs a number or a duration, this is {describe(kind)}")


@rule(ast.Binary)
def binary(body: Body, node: ast.Binary) -> Inference:
    """The right side of `and`, `or` and `??` is read with what the left one implies."""
    if node.operator == ".." and _is_access(body, node):
        shown = f"{snippet(node.left)}.{snippet(node.right)}"
        message = "`..` makes a range, and a method is called with one dot"
        return body.error("SYN001", node.operator_span, message, f"write `{shown}`")
    left = yield node.left
    before = body.non_nil
    if node.operator in ("and", "or"):
        implied = narrowing_of(body, node.left)
        body.non_nil |= implied.when_true if node.operator == "and" else implied.when_false
    right = yield node.right
    body.non_nil = before
    match node.operator:
        case "and":
            a, b = narrowing_of(body, node.left), narrowing_of(body, node.right)
            body.narrowings[node] = Narrowing(
                a.when_true | b.when_true, a.when_false & b.when_false
            )
            return join(left, right)
        case "or":
            a, b = narrowing_of(body, node.left), narrowing_of(body, node.right)
            body.narrowings[node] = Narrowing(
                a.when_true & b.when_true, a.when_false | b.when_false
            )
            return right if isinstance(left, NilType) else join(required(left), right)
        case "??":
            return _otherwise(body, node, left, right)
        case "==" | "!=":
            return equality(body, node, left, right)
        case "in" | "not_in":
            return membership(body, node, left, right)
    if _nil_operand(body, node.left, node) | _nil_operand(body, node.right, node):
        left, right = required(left), required(right)
        if isinstance(left, NilType) or isinstance(right, NilType):
            return INVALID
    if isinstance(left, InvalidType) or isinstance(right, InvalidType):
        return INVALID
    result = arithmetic(node, left, right)
    if result is None:
        _mismatch(body, node, left, right)
        return INVALID
    if node.operator in ("/", "%") and constant_number(node.right) == 0:
        body.error("TYP120", node.right, f"`{node.operator}` by zero always fails")
    return result


def _is_access(body: Body, node: ast.Binary) -> bool:
    """Whether a range is meant to be a call or a field: `Email..send(1)`, `self..name`."""
    called, name = False, node.right
    while isinstance(name, ast.Call | ast.Member | ast.Index):
        called = isinstance(name, ast.Call)
        name = name.callee if isinstance(name, ast.Call) else name.target
    if not isinstance(name, ast.NameRef) or body.scope.find(name.name) is not None:
        return False
    if isinstance(node.left, ast.SelfRef):
        return True
    owners = ("service", "namespace", "resource")
    return (
        called
        and isinstance(node.left, ast.NameRef)
        and resolve_name(body, node.left.name) in owners
    )


def _otherwise(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    if isinstance(left, NilType):
        return right
    if is_nullable(left) or is_unknown(left) or reads_relation(body, node.left):
        return join_values(node.left, required(left), node.right, right)
    message = f"`{snippet(node.left)}` is never nil, so the right side of `??` is never used"
    hint = f"write `{snippet(node.left)}` alone"
    body.warning("TYP103", node.operator_span.to(node.right.span), message, hint)
    return left


def _nil_operand(body: Body, operand: ast.Expr, node: ast.Binary) -> bool:
    if not is_nullable(body.type_of(operand)):
        return False
    if isinstance(body.type_of(operand), NilType):
        body.error("TYP101", operand, f"nil has no `{node.operator}`")
    else:
        report_maybe_nil(body, operand, f"`{node.operator}`", operand=True)
    return True


def _exactly(node: ast.Binary) -> str | None:
    """A decimal times a number with a point, written with ints: `price * 15 / 10`."""
    if node.operator != "*" or not isinstance(node.right, ast.Float):
        return None
    text = node.right.span.text.replace("_", "")
    whole, _, part = text.partition(".")
    if not (whole + part).isdecimal():
        return None
    ints = f"{int(whole + part)} / {10 ** len(part)}"
    return f"a float is not exact: write `{snippet(node.left)} * {ints}`"


def _mismatch(body: Body, node: ast.Binary, left: Type, right: Type) -> None:
    operator = node.operator
    hint = None
    if {left, right} == {DECIMAL, FLOAT}:
        hint = _exactly(node) or "a float is not exact: make both decimals, or both floats"
    elif operator in ("+", "-") and left in (TIMESTAMP, DATE) and right == STRING:
        hint = "a duration is a number with a unit, such as `1.day`"
    elif operator in ("<", "<=", ">", ">=") and {left, right} == {TIMESTAMP, STRING}:
        hint = f"parse it: `Time.parse({snippet(node.right if right == STRING else node.left)})`"
    elif operator == "+" and isinstance(left, Array) and not isinstance(right, Array):
        hint = f"`+` joins two arrays: write `[{snippet(node.right)}]`"
    elif operator == "+" and (is_text(left) or is_text(right)):
        other = node.right if is_text(left) else node.left
        hint = f'join strings by interpolation: `"… #{{{snippet(other)}}}"`'
    elif operator in ("+", "-") and left in (TIMESTAMP, DATE) and right == INT:
        hint = conversion(node.right, INT, DURATION)
    elif operator in ("<", "<=", ">", ">=") and left == right:
        hint = f"values of type {left} have no order"
    both = f"{describe(left)} and {describe(right)}"
    message = f"`{operator}` cannot {_WORDS.get(operator, '')} {both}"
    if operator in ("..", "..."):
        message = f"a range needs two values of one type, these are {both}"
    body.error("TYP120", node, message, hint)
