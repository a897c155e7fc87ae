"""Which rows and fields a query names: the arguments of `where`, `order_by` and `pluck`."""

import re
from collections.abc import Sequence
from contextlib import suppress

from ... import ast
from ...program import Column, RecordColumn, ResourceInfo
from ...types import ANY, BOOL, Array, Enum, Query, Record, Type, is_nullable, optional, required
from ..body import Body, Inference, Receiver
from ..coercion import constant_text
from ..environment import Environment
from ..fields import field_column, known_column
from ..lattice import INVALID, is_unknown, may_be_equal
from ..require import check_enum, require
from ..wording import describe, snippet

_ORDER = re.compile(r"\s*(\w+)(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*", re.IGNORECASE)
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not_in")


def check_conditions(body: Body, info: ResourceInfo, node: ast.Call) -> Inference:
    """`where(a: 1, b in [..], views > 10)`."""
    for argument in node.arguments:
        if argument.name is not None:
            yield argument.value
            check_equal(body, info, argument.name, argument.name.text, argument.value)
        elif isinstance(argument.value, ast.HashLiteral):
            yield argument.value
            for entry in argument.value.entries:
                if (name := constant_text(entry.key)) is not None:
                    check_equal(body, info, entry.key, name, entry.value)
        else:
            yield from _condition(body, info, argument.value)
    return ANY


def check_condition(body: Body, info: ResourceInfo, condition: ast.Expr) -> None:
    """The condition of a scope: `views > 10 && state == "open"`."""
    steps = _condition(body, info, condition)
    answer: Type | None = None
    with suppress(StopIteration):
        while True:
            wanted = next(steps) if answer is None else steps.send(answer)
            answer = body.infer(wanted.node if isinstance(wanted, Receiver) else wanted)


def check_equal(
    body: Body, info: ResourceInfo, place: ast.Node, name: str, value: ast.Expr
) -> None:
    """A field that has to equal a value, or to be one of several."""
    column = known_column(body.env, info, place.span, name)
    if column is None:
        return
    kind = body.type_of(value)
    relation = info.relations.get(name)
    if relation is not None and required(kind) == Record(relation.target):
        return
    if isinstance(value, ast.ArrayLiteral) and not isinstance(required(column.type), Array):
        for item in value.items:
            _require(body, item, column)
    elif not (isinstance(kind, Array) and may_be_equal(kind.item, column.type)):
        _require(body, value, column)


def _require(body: Body, value: ast.Expr, column: Column) -> None:
    """Nil may be compared with any field."""
    nullable = is_nullable(body.type_of(value))
    expected = optional(column.type) if nullable else column.type
    require(body, value, expected, f"`{column.name}`", "TYP131")


def _condition(body: Body, info: ResourceInfo, condition: ast.Expr) -> Inference:
    """A comparison whose left side is a field, or several joined by `and` and `or`."""
    pending = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Binary) and node.operator in ("and", "or"):
            pending += [node.right, node.left]
            body.facts.types[node] = BOOL
        elif isinstance(node, ast.Unary) and node.operator == "not":
            pending.append(node.operand)
            body.facts.types[node] = BOOL
        elif isinstance(node, ast.Binary) and node.operator in _COMPARISONS:
            yield from _comparison(body, info, node)
            body.facts.types[node] = BOOL
        else:
            hint = "write `name: value`, or `name > value`"
            if isinstance(node, ast.NameRef) and field_column(info, node.name):
                hint = f"write `{node.name} == true`"
            else:
                yield node
            body.error("TYP131", node, "a condition compares a field with a value", hint)
    return ANY


def _comparison(body: Body, info: ResourceInfo, node: ast.Binary) -> Inference:
    if isinstance(node.left, ast.NameRef) or not isinstance(node.right, ast.NameRef):
        right = yield node.right
    if not isinstance(node.left, ast.NameRef):
        yield node.left
        name = node.right.name if isinstance(node.right, ast.NameRef) else None
        turned = _TURNED.get(node.operator)
        hint = "write the field's name alone"
        if turned and name and field_column(info, name):
            hint = f"write `{name} {turned} {snippet(node.left)}`"
        body.error(
            "SEM203", node.left, f"the left side of a condition is a field of `{info.name}`", hint
        )
        return ANY
    column = known_column(body.env, info, node.left.span, node.left.name)
    if column is None:
        return ANY
    body.facts.resolutions[node.left] = RecordColumn(info.name, column)
    body.facts.types[node.left] = column.type
    if node.operator in ("in", "not_in"):
        _check_member(body, node, column, right)
        return ANY
    text = constant_text(node.right)
    kind = required(column.type)
    if text is not None and isinstance(kind, Enum):
        check_enum(body, node.right, text, kind, f"`{column.name}`")
    elif not may_be_equal(column.type, right):
        body.error(
            "TYP120",
            node,
            f"`{column.name}` is {describe(kind)}, it cannot be compared with {describe(right)}",
        )
    elif node.operator not in ("==", "!=") and is_nullable(right):
        body.error("TYP101", node.right, f"nil has no `{node.operator}`")
    return ANY


def _check_member(body: Body, node: ast.Binary, column: Column, right: Type) -> None:
    if isinstance(node.right, ast.ArrayLiteral):
        for item in node.right.items:
            _require(body, item, column)
    elif isinstance(right, Query) or is_unknown(right):
        return
    elif not hasattr(right, "item") or not may_be_equal(right.item, column.type):
        body.error(
            "TYP120",
            node,
            f"`{node.operator}` needs an array of values for `{column.name}`, "
            f"this is {describe(right)}",
        )


def check_fields(
    body: Body, info: ResourceInfo, node: ast.Call, values: Sequence[ast.Expr]
) -> list[Type]:
    """`pluck(:a, :b)`: the types of the fields."""
    found: list[Type] = []
    for value in values:
        name = constant_text(value)
        if name is None:
            hint = f"write `:{value.name}`" if isinstance(value, ast.NameRef) else "write `:name`"
            body.error("TYP131", value, "a field is named by a symbol", hint)
            found.append(INVALID)
            continue
        shown = "`:{}`" if isinstance(value, ast.Symbol) else "`{}`"
        column = known_column(body.env, info, value.span, name, shown)
        found.append(column.type if column is not None else INVALID)
    if not values:
        body.error("TYP130", node, "`pluck` needs the fields to pick", "write `pluck(:name)`")
    return found


def check_order(
    env: Environment, info: ResourceInfo, node: ast.Node, values: Sequence[ast.Expr]
) -> None:
    """`order_by("created_at DESC, id")`, or symbols."""
    if not values:
        env.problems.error("TYP130", node.span, "`order_by` needs an order", 'write `"name DESC"`')
    for value in values:
        text = constant_text(value)
        if text is None:
            message = "an order is a constant, since it becomes a part of the query"
            hint = 'write it as a string: `"created_at DESC"`'
            env.problems.error("TYP131", value.span, message, hint)
            continue
        for part in text.split(","):
            match = _ORDER.fullmatch(part)
            if match is None:
                hint = 'write a field and a direction: `"created_at DESC"`'
                env.problems.error("TYP131", value.span, f"`{part.strip()}` is not an order", hint)
            else:
                known_column(env, info, value.span, match[1])
