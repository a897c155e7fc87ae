"""Unary and binary operators, and what conditions imply."""

from .. import ast
from ..program import RelationUse
from ..types import (
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
    Enum,
    Hash,
    NilType,
    Range,
    Type,
    is_nullable,
    required,
)
from .body import Body, Steps, rule
from .lattice import BROKEN, Broken, comparable, fits, is_number, is_text, is_unknown, join
from .narrow import NOTHING, Implied, not_nil
from .require import article, check_enum, constant_text, nil_arrives, shorten

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
        nil_arrives(body, node.operand, "`-`")
        return required(kind)
    body.problems.error(
        "TYP121", node.span, f"`-` needs a number or a duration, this is {article(kind)}"
    )
    return BROKEN


@rule(ast.Binary)
def binary(body: Body, node: ast.Binary) -> Steps:
    """The right side of `and`, `or` and `??` is read with what the left one implies."""
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
            return join(required(left), right)
        case "??":
            return _otherwise(body, node, left, right)
        case "==" | "!=":
            return _equality(body, node, left, right)
        case "in" | "not_in":
            return _membership(body, node, left, right)
    if _nil_operand(body, node.left, node) | _nil_operand(body, node.right, node):
        left, right = required(left), required(right)
        if isinstance(left, NilType) or isinstance(right, NilType):
            return BROKEN
    if isinstance(left, Broken) or isinstance(right, Broken):
        return BROKEN
    if is_unknown(left) or is_unknown(right):
        return _of_unknown(node.operator)
    result = _arithmetic(node, left, right)
    if result is None:
        _mismatch(body, node, left, right)
        return BROKEN
    return result


def implications(body: Body, node: ast.Expr) -> Implied:
    """What a condition that was inferred implies; a value that is truthy is not nil."""
    found = body.implied.get(node)
    if found is None:
        true = not_nil(body, node)
        found = Implied(true) if true else NOTHING
        body.implied[node] = found
    return found


def _otherwise(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    if not (is_nullable(left) or is_unknown(left) or _through_relation(body, node.left)):
        body.problems.warning(
            "TYP103",
            node.operator_span.to(node.right.span),
            f"`{shorten(node.left)}` is never nil, so the right side of `??` is never used",
            f"write `{shorten(node.left)}` alone",
        )
    return join(required(left), right) if not isinstance(left, NilType) else right


def _through_relation(body: Body, node: ast.Expr) -> bool:
    return isinstance(body.facts.resolutions.get(node), RelationUse)


def _equality(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    for value, other in ((node.left, right), (node.right, left)):
        text = constant_text(value)
        kind = required(other)
        if text is not None and isinstance(kind, Enum):
            subject = node.left if value is node.right else node.right
            check_enum(body, value, text, kind, f"`{shorten(subject)}`")
    equal = _implied_by_equality(body, node, left, right)
    body.implied[node] = equal if node.operator == "==" else Implied(equal.false, equal.true)
    if not comparable(left, right):
        body.problems.warning(
            "PAT402",
            node.span,
            f"{article(required(left))} never equals {article(required(right))}, "
            f"so this is always {'false' if node.operator == '==' else 'true'}",
        )
    elif isinstance(left, NilType) != isinstance(right, NilType):
        value, kind = (node.right, right) if isinstance(left, NilType) else (node.left, left)
        _compared_with_nil(body, node, value, kind)
    return BOOL


def _compared_with_nil(body: Body, node: ast.Binary, value: ast.Expr, kind: Type) -> None:
    sure = not is_nullable(kind) and not is_unknown(kind)
    if sure and not _through_relation(body, value):
        body.problems.warning(
            "PAT402",
            node.span,
            f"`{shorten(value)}` is never nil, so this is always "
            f"{'false' if node.operator == '==' else 'true'}",
        )


def _implied_by_equality(body: Body, node: ast.Binary, left: Type, right: Type) -> Implied:
    """`x == nil` says that x is not nil when false; `x == "a"`, when true."""
    if isinstance(right, NilType):
        return Implied(false=not_nil(body, node.left))
    if isinstance(left, NilType):
        return Implied(false=not_nil(body, node.right))
    true = frozenset[tuple[object, ...]]()
    if not is_nullable(right) and not is_unknown(right):
        true |= not_nil(body, node.left)
    if not is_nullable(left) and not is_unknown(left):
        true |= not_nil(body, node.right)
    return Implied(true)


def _membership(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    if is_nullable(right):
        nil_arrives(body, node.right, f"`{node.operator}`")
        right = required(right)
    match right:
        case Array(item=item):
            _check_items(body, node, left, item)
        case Hash(key=item) | Range(item=item):
            _check_items(body, node, left, item)
        case _ if is_text(right):
            _check_items(body, node, left, STRING)
        case _ if not is_unknown(right):
            body.problems.error(
                "TYP120",
                node.span,
                f"`{node.operator}` needs an array, a hash, a range or a string on its right, "
                f"this is {article(right)}",
            )
    return BOOL


def _check_items(body: Body, node: ast.Binary, left: Type, item: Type) -> None:
    kind = required(left)
    if isinstance(kind, Enum) and isinstance(node.right, ast.ArrayLiteral):
        for value in node.right.items:
            if (text := constant_text(value)) is not None:
                check_enum(body, value, text, kind, f"`{shorten(node.left)}`")
    elif not comparable(left, item):
        body.problems.warning(
            "PAT402",
            node.span,
            f"the items are of type {required(item)}, this is {article(kind)}, "
            f"so it is always {'false' if node.operator == 'in' else 'true'}",
        )


def _nil_operand(body: Body, operand: ast.Expr, node: ast.Binary) -> bool:
    if not is_nullable(body.type_of(operand)):
        return False
    if isinstance(body.type_of(operand), NilType):
        body.problems.error("TYP101", operand.span, f"nil has no `{node.operator}`")
    else:
        nil_arrives(body, operand, f"`{node.operator}`")
    return True


def _of_unknown(operator: str) -> Type:
    return BOOL if operator in ("<", "<=", ">", ">=") else ANY


def _arithmetic(node: ast.Binary, left: Type, right: Type) -> Type | None:
    """The result of an operator on two known types; None when it has none."""
    operator = node.operator
    if operator in ("<", "<=", ">", ">="):
        ordered = (is_number(left) and is_number(right)) or (is_text(left) and is_text(right))
        return BOOL if ordered or (left == right and left in _ORDERED) else None
    if operator in ("..", "..."):
        same = (is_number(left) and is_number(right)) or left == right
        return Range(join(left, right)) if same and not isinstance(left, Array | Hash) else None
    if is_number(left) and is_number(right):
        return _numeric(node, left, right)
    match operator:
        case "+":
            return _sum(left, right)
        case "-":
            return _difference(left, right)
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


def _sum(left: Type, right: Type) -> Type | None:
    if is_text(left) and is_text(right):
        return STRING
    if isinstance(left, Array) and isinstance(right, Array):
        return join(left, right)
    if right == DURATION and left in (TIMESTAMP, DATE, DURATION):
        return left
    if left == DURATION and right in (TIMESTAMP, DATE):
        return right
    return None


def _difference(left: Type, right: Type) -> Type | None:
    if right == DURATION and left in (TIMESTAMP, DATE, DURATION):
        return left
    return DURATION if left == right and left in (TIMESTAMP, DATE) else None


def _mismatch(body: Body, node: ast.Binary, left: Type, right: Type) -> None:
    operator = node.operator
    hint = None
    if {left, right} == {DECIMAL, FLOAT}:
        hint = "a float is not exact: make both decimals, or both floats"
    elif operator == "+" and (is_text(left) or is_text(right)):
        other = node.right if is_text(left) else node.left
        hint = f'join strings by interpolation: `"… #{{{shorten(other)}}}"`'
    elif operator in ("<", "<=", ">", ">=") and fits(left, right):
        hint = f"values of type {left} have no order"
    both = f"{article(left)} and {article(right)}"
    message = f"`{operator}` cannot {_WORDS.get(operator, '')} {both}"
    if operator in ("..", "..."):
        message = f"a range needs two values of one type, these are {both}"
    body.problems.error("TYP120", node.span, message, hint)
