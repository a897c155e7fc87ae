"""Unary and binary operators: the types of their results, and narrowing by conditions."""

from itertools import product

from ... import ast
from ...types import (
    ANY,
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
    Hash,
    NilType,
    Range,
    Type,
    is_nullable,
    required,
)
from ..body import Body, Inference, rule
from ..lattice import (
    INVALID,
    InvalidType,
    is_number,
    is_text,
    is_unknown,
    join,
    join_parts,
    result_of_unknown,
)
from ..narrowing import Narrowing
from ..sizes import constant_number
from ..wording import conversion, describe, snippet
from .comparisons import equality, membership
from .literals import join_values
from .lookup import resolve_name
from .narrow import narrowing_of, reads_nil
from .nil import report_maybe_nil

_WORDS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "divide",
    "**": "raise", "<": "order", "<=": "order", ">": "order", ">=": "order",
}  # fmt: skip
_ORDERS = ("<", "<=", ">", ">=")
_RANGES = ("..", "...")
_MOMENTS = (TIMESTAMP, DATE, DURATION)
_EXAMPLES = (INT, STRING, TIMESTAMP, DATE, TIME, DURATION, Array(ANY))
"""Types to try for a value of unknown type: one of each kind that operators take."""


@rule(ast.Unary)
def unary(body: Body, node: ast.Unary) -> Inference:
    """`not x`, `-x`."""
    kind = yield node.operand
    if node.operator == "not":
        body.narrowings[node] = narrowing_of(body, node.operand).negated
        return BOOL
    if is_unknown(kind) or is_number(kind) or kind == DURATION:
        return result_of_unknown(kind)
    if is_nullable(kind):
        report_maybe_nil(body, node.operand, "`-`", operand=True)
        return required(kind)
    return body.error("TYP121", node, f"`-` needs a number or a duration, this is {describe(kind)}")


@rule(ast.Binary)
def binary(body: Body, node: ast.Binary) -> Inference:
    """Check a binary operator; the left side of `and` and `or` narrows the right side."""
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
        case "and" | "or":
            a, b = narrowing_of(body, node.left), narrowing_of(body, node.right)
            if node.operator == "and":
                both = Narrowing(a.when_true | b.when_true, a.when_false & b.when_false)
                body.narrowings[node] = both
                return join(left, right)
            either = Narrowing(a.when_true & b.when_true, a.when_false | b.when_false)
            body.narrowings[node] = either
            return right if isinstance(left, NilType) else join(required(left), right)
        case "??":
            return _coalesce(body, node, left, right)
        case "==" | "!=":
            return equality(body, node, left, right)
        case "in" | "not_in":
            return membership(body, node, left, right)
    if _nil_operand(body, node.left, node) | _nil_operand(body, node.right, node):
        left, right = required(left), required(right)
    if any(isinstance(kind, NilType | InvalidType) for kind in (left, right)):
        return INVALID
    result = arithmetic(node, left, right)
    if result is None:
        return _mismatch(body, node, left, right)
    if node.operator in ("/", "%") and constant_number(node.right) == 0:
        body.error("TYP120", node.right, f"`{node.operator}` by zero always fails")
    return result


def _is_access(body: Body, node: ast.Binary) -> bool:
    """Whether a range is probably meant as a call or a field: `Email..send(1)`, `self..name`."""
    called, name = False, node.right
    while isinstance(name, ast.Call | ast.Member | ast.Index):
        called = isinstance(name, ast.Call)
        name = name.callee if isinstance(name, ast.Call) else name.target
    if not isinstance(name, ast.NameRef) or body.scope.find(name.name) is not None:
        return False
    match node.left:
        case ast.SelfRef():
            return True
        case ast.NameRef(name=owner) if called:
            return resolve_name(body, owner) in ("service", "namespace", "resource")
    return False


def _coalesce(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    if isinstance(left, NilType):
        return right
    if reads_nil(body, node.left):
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


def arithmetic(node: ast.Binary, left: Type, right: Type) -> Type | None:
    """The result of arithmetic, a comparison or a range on two types; None if there is none."""
    if not is_unknown(left) and not is_unknown(right):
        return _result(node, left, right)
    lefts = _EXAMPLES if is_unknown(left) else (left,)
    rights = _EXAMPLES if is_unknown(right) else (right,)
    if not any(_result(node, *pair) for pair in product(lefts, rights)):
        return None
    if node.operator in _RANGES:
        return Range(ANY)
    return BOOL if node.operator in _ORDERS else ANY


def _result(node: ast.Binary, left: Type, right: Type) -> Type | None:
    numbers, texts = is_number(left) and is_number(right), is_text(left) and is_text(right)
    match node.operator:
        case "<" | "<=" | ">" | ">=":
            same = left == right and left in (*_MOMENTS, TIME)
            return BOOL if numbers or texts or same else None
        case ".." | "...":
            same = left == right and not isinstance(left, Array | Hash)
            return Range(join(left, right)) if numbers or texts or same else None
        case _ if numbers:
            return _numeric(node, left, right)
        case "+" if texts:
            return STRING
        case "+" if isinstance(left, Array) and isinstance(right, Array):
            return Array(join_parts([left.item, right.item]))
        case "+" | "-" if right == DURATION and left in _MOMENTS:
            return left
        case "+" if left == DURATION and right in _MOMENTS:
            return right
        case "-" if left == right and left in (TIMESTAMP, DATE):
            return DURATION
        case "*" if {left, right} == {STRING, INT}:
            return STRING
    return None


def _numeric(node: ast.Binary, left: Type, right: Type) -> Type | None:
    if {left, right} == {DECIMAL, FLOAT}:
        return None
    if DECIMAL in (left, right):
        return DECIMAL
    if FLOAT in (left, right):
        return FLOAT
    if node.operator != "**":
        return INT
    if isinstance(node.right, ast.Unary) and isinstance(node.right.operand, ast.Int):
        return FLOAT
    return INT if isinstance(node.right, ast.Int) else ANY


def _mismatch(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    operator = node.operator
    hint = None
    if {left, right} == {DECIMAL, FLOAT}:
        hint = _exact_hint(node) or "a float is not exact: make both decimals, or both floats"
    elif operator in ("+", "-") and left in (TIMESTAMP, DATE) and right == STRING:
        hint = "a duration is a number with a unit, such as `1.day`"
    elif operator in _ORDERS and {left, right} == {TIMESTAMP, STRING}:
        hint = f"parse it: `Time.parse({snippet(node.right if right == STRING else node.left)})`"
    elif operator == "+" and isinstance(left, Array) and not isinstance(right, Array):
        hint = f"`+` joins two arrays: write `[{snippet(node.right)}]`"
    elif operator == "+" and (is_text(left) or is_text(right)):
        part = node.right if is_text(left) else node.left
        hint = f'join strings by interpolation: `"… #{{{snippet(part)}}}"`'
    elif operator in ("+", "-") and left in (TIMESTAMP, DATE) and right == INT:
        hint = conversion(node.right, INT, DURATION)
    elif operator in _ORDERS and left == right:
        hint = f"values of type {left} have no order"
    both = f"{describe(left)} and {describe(right)}"
    message = f"`{operator}` cannot {_WORDS.get(operator, '')} {both}"
    if operator in _RANGES:
        message = f"a range needs two values of one type, these are {both}"
    return body.error("TYP120", node, message, hint)


def _exact_hint(node: ast.Binary) -> str | None:
    """The hint to write a decimal times a number with a point by ints: `price * 15 / 10`."""
    if node.operator != "*" or not isinstance(node.right, ast.Float):
        return None
    whole, _, part = node.right.span.text.replace("_", "").partition(".")
    if not (whole + part).isdecimal():
        return None
    ints = f"{int(whole + part)} / {10 ** len(part)}"
    return f"a float is not exact: write `{snippet(node.left)} * {ints}`"
