"""Checks the rows and fields of queries: the arguments of `where`, `order_by` and `pluck`."""

import re
from collections.abc import Sequence

from ... import ast
from ...program import Column, RecordColumn, ResourceInfo
from ...types import BOOL, Array, Query, Record, Type, is_nullable, optional, required
from ..body import Body
from ..environment import Environment
from ..fields import known_column
from ..lattice import INVALID, is_unknown, may_be_equal
from ..require import check_enum, require
from ..wording import describe, snippet

_ORDER = re.compile(r"\s*(\w+)(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*", re.IGNORECASE)
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "not_in")


def check_conditions(body: Body, info: ResourceInfo, node: ast.Call) -> None:
    """`where(a: 1, b in [..], views > 10)`."""
    for argument in node.arguments:
        if argument.name is not None:
            body.infer(argument.value)
            _check_equal(body, info, argument.name, argument.name.text, argument.value)
        else:
            check_filter(body, info, argument.value)


def check_filter(body: Body, info: ResourceInfo, value: ast.Expr) -> None:
    """`{ a: 1, b: 2 }`, or a condition."""
    if not isinstance(value, ast.HashLiteral):
        check_condition(body, info, value)
        return
    body.infer(value)
    for entry in value.entries:
        if (name := ast.constant_text(entry.key)) is not None:
            _check_equal(body, info, entry.key, name, entry.value)


def check_condition(body: Body, info: ResourceInfo, condition: ast.Expr) -> None:
    """A comparison whose left side is a field, or several joined by `and` and `or`."""
    pending = [condition]
    while pending:
        node = pending.pop()
        match node:
            case ast.Binary(operator="and" | "or", left=left, right=right):
                pending += [right, left]
            case ast.Unary(operator="not", operand=operand):
                pending.append(operand)
            case ast.Binary(operator=operator) if operator in _COMPARISONS:
                _comparison(body, info, node)
            case _:
                hint = "write `name: value`, or `name > value`"
                if isinstance(node, ast.NameRef) and info.column(node.name):
                    hint = f"write `{node.name} == true`"
                else:
                    body.infer(node)
                body.error("TYP131", node, "a condition compares a field with a value", hint)
                continue
        body.facts.types[node] = BOOL


def _check_equal(body: Body, info: ResourceInfo, at: ast.Node, name: str, value: ast.Expr) -> None:
    """Check a field that must equal a value or one of several values."""
    column = known_column(body.env, info, at.span, name)
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
    """Check the value of a comparison; nil may be compared with any field."""
    nullable = is_nullable(body.type_of(value))
    expected = optional(column.type) if nullable else column.type
    require(body, value, expected, f"`{column.name}`", "TYP131")


def _comparison(body: Body, info: ResourceInfo, node: ast.Binary) -> None:
    if isinstance(node.left, ast.NameRef) or not isinstance(node.right, ast.NameRef):
        right = body.infer(node.right)
    if not isinstance(node.left, ast.NameRef):
        body.infer(node.left)
        name = node.right.name if isinstance(node.right, ast.NameRef) else None
        turned = _TURNED.get(node.operator)
        hint = "write the field's name alone"
        if turned and name and info.column(name):
            hint = f"write `{name} {turned} {snippet(node.left)}`"
        message = f"the left side of a condition is a field of `{info.name}`"
        body.error("SEM203", node.left, message, hint)
        return
    column = known_column(body.env, info, node.left.span, node.left.name)
    if column is None:
        return
    body.facts.resolutions[node.left] = RecordColumn(info.name, column)
    body.facts.types[node.left] = column.type
    if node.operator in ("in", "not_in"):
        _check_member(body, node, column, right)
    elif check_enum(body, node.right, column.type, f"`{column.name}`"):
        pass
    elif not may_be_equal(column.type, right):
        kind = describe(required(column.type))
        message = f"`{column.name}` is {kind}, it cannot be compared with {describe(right)}"
        body.error("TYP120", node, message)
    elif node.operator not in ("==", "!=") and is_nullable(right):
        body.error("TYP101", node.right, f"nil has no `{node.operator}`")


def _check_member(body: Body, node: ast.Binary, column: Column, right: Type) -> None:
    if isinstance(node.right, ast.ArrayLiteral):
        for item in node.right.items:
            _require(body, item, column)
    elif isinstance(right, Query) or is_unknown(right):
        return
    elif not hasattr(right, "item") or not may_be_equal(right.item, column.type):
        wanted = f"`{node.operator}` needs an array of values for `{column.name}`"
        body.error("TYP120", node, f"{wanted}, this is {describe(right)}")


def check_fields(
    body: Body, info: ResourceInfo, node: ast.Call, values: Sequence[ast.Expr]
) -> list[Type]:
    """Check `pluck(:a, :b)` and return the types of the fields."""
    if not values:
        body.error("TYP130", node, "`pluck` needs the fields to pick", "write `pluck(:name)`")
    columns = [check_field(body, info, value) for value in values]
    return [column.type if column is not None else INVALID for column in columns]


def check_field(body: Body, info: ResourceInfo, value: ast.Expr) -> Column | None:
    """Return the column that `:name` names; None if it names none, after a report."""
    name = ast.constant_text(value)
    if name is None:
        hint = f"write `:{value.name if isinstance(value, ast.NameRef) else 'name'}`"
        body.error("TYP131", value, "a field is named by a symbol", hint)
        return None
    shown = "`:{}`" if isinstance(value, ast.Symbol) else "`{}`"
    return known_column(body.env, info, value.span, name, shown)


def check_order(
    env: Environment, info: ResourceInfo, node: ast.Node, values: Sequence[ast.Expr]
) -> None:
    """`order_by("created_at DESC, id")`, or symbols."""
    if not values:
        env.problems.error("TYP130", node.span, "`order_by` needs an order", 'write `"name DESC"`')
    for value in values:
        text = ast.constant_text(value)
        if text is None:
            message = "an order is a constant, since it becomes a part of the query"
            env.problems.error(
                "TYP131", value.span, message, 'write it as a string: `"created_at DESC"`'
            )
            continue
        for part in text.split(","):
            if (found := _ORDER.fullmatch(part)) is not None:
                known_column(env, info, value.span, found[1])
                continue
            hint = 'write a field and a direction: `"created_at DESC"`'
            env.problems.error("TYP131", value.span, f"`{part.strip()}` is not an order", hint)
