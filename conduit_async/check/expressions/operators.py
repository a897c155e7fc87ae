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
    TIME,
    TIMESTAMP,
    Array,
    NilType,
    Type,
    is_nullable,
    required,
)
from ..body import Body, Steps, rule
from ..lattice import BROKEN, Broken, is_number, is_text, is_unknown, join
from ..paths import Implied
from ..require import article, conversion, nil_arrives, shorten
from ..sizes import constant_number
from .arithmetic import arithmetic
from .comparisons import equality, membership, reads_relation
from .literals import join_values
from .lookup import meaning
from .narrow import implications

_ORDERED = (TIMESTAMP, DATE, TIME, DURATION)
_WORDS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "divide",
    "**": "raise", "<": "order", "<=": "order", ">": "order", ">=": "order",
}  # fmt: skip


@rule(ast.Unary)
def unary(body: Body, node: ast.Unary) -> Steps:
    """`not x`, `-x`."""
    kind = yield node.operand
    if node.operator == "not":
        implied = implications(body, node.operand)
        body.implied[node] = Implied(implied.false, implied.true)
        return BOOL
    if is_unknown(kind) or is_number(kind) or kind == DURATION:
        return kind
    if is_nullable(kind):
        nil_arrives(body, node.operand, "`-`", operand=True)
        return required(kind)
    body.problems.error(
        "TYP121", node.span, f"`-` needs a number or a duration, this is {article(kind)}"
    )
    return BROKEN


@rule(ast.Binary)
def binary(body: Body, node: ast.Binary) -> Steps:
    """The right side of `and`, `or` and `??` is read with what the left one implies."""
    if node.operator == ".." and _is_method_call(body, node):
        shown = f"{shorten(node.left)}.{shorten(node.right)}"
        message = "`..` makes a range, and a method is called with one dot"
        body.problems.error("SYN001", node.operator_span, message, f"write `{shown}`")
        return BROKEN
    left = yield node.left
    before = body.known
    if node.operator in ("and", "or"):
        implied = implications(body, node.left)
        body.known |= implied.true if node.operator == "and" else implied.false
    right = yield node.right
    body.known = before
    match node.operator:
        case "and":
            a, b = implications(body, node.left), implications(body, node.right)
            body.implied[node] = Implied(a.true | b.true, a.false & b.false)
            return join(left, right)
        case "or":
            a, b = implications(body, node.left), implications(body, node.right)
            body.implied[node] = Implied(a.true & b.true, a.false | b.false)
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
            return BROKEN
    if isinstance(left, Broken) or isinstance(right, Broken):
        return BROKEN
    result = arithmetic(node, left, right)
    if result is None:
        _mismatch(body, node, left, right)
        return BROKEN
    if node.operator in ("/", "%") and constant_number(node.right) == 0:
        body.problems.error("TYP120", node.right.span, f"`{node.operator}` by zero always fails")
    return result


def _is_method_call(body: Body, node: ast.Binary) -> bool:
    """Whether a range is meant to be a call: `Email..send(1)`."""
    right = node.right
    is_call = isinstance(right, ast.Call) and isinstance(right.callee, ast.NameRef)
    owners = ("service", "namespace", "resource")
    return (
        is_call and isinstance(node.left, ast.NameRef) and meaning(body, node.left.name) in owners
    )


def _otherwise(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    if isinstance(left, NilType):
        return right
    if is_nullable(left) or is_unknown(left) or reads_relation(body, node.left):
        return join_values(node.left, required(left), node.right, right)
    body.problems.warning(
        "TYP103",
        node.operator_span.to(node.right.span),
        f"`{shorten(node.left)}` is never nil, so the right side of `??` is never used",
        f"write `{shorten(node.left)}` alone",
    )
    return left


def _nil_operand(body: Body, operand: ast.Expr, node: ast.Binary) -> bool:
    if not is_nullable(body.type_of(operand)):
        return False
    if isinstance(body.type_of(operand), NilType):
        body.problems.error("TYP101", operand.span, f"nil has no `{node.operator}`")
    else:
        nil_arrives(body, operand, f"`{node.operator}`", operand=True)
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
    return f"a float is not exact: write `{shorten(node.left)} * {ints}`"


def _mismatch(body: Body, node: ast.Binary, left: Type, right: Type) -> None:
    operator = node.operator
    hint = None
    if {left, right} == {DECIMAL, FLOAT}:
        hint = _exactly(node) or "a float is not exact: make both decimals, or both floats"
    elif operator in ("+", "-") and left in (TIMESTAMP, DATE) and right == STRING:
        hint = "a duration is a number with a unit, such as `1.day`"
    elif operator in ("<", "<=", ">", ">=") and {left, right} == {TIMESTAMP, STRING}:
        hint = f"parse it: `Time.parse({shorten(node.right if right == STRING else node.left)})`"
    elif operator == "+" and isinstance(left, Array) and not isinstance(right, Array):
        hint = f"`+` joins two arrays: write `[{shorten(node.right)}]`"
    elif operator == "+" and (is_text(left) or is_text(right)):
        other = node.right if is_text(left) else node.left
        hint = f'join strings by interpolation: `"… #{{{shorten(other)}}}"`'
    elif operator in ("+", "-") and left in (TIMESTAMP, DATE) and right == INT:
        hint = conversion(node.right, INT, DURATION)
    elif operator in ("<", "<=", ">", ">=") and left == right:
        hint = f"values of type {left} have no order"
    both = f"{article(left)} and {article(right)}"
    message = f"`{operator}` cannot {_WORDS.get(operator, '')} {both}"
    if operator in ("..", "..."):
        message = f"a range needs two values of one type, these are {both}"
    body.problems.error("TYP120", node.span, message, hint)
