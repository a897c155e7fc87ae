"""Conditions of queries: a field on the left, an ordinary expression on the right."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from ... import ast
from ...analyses.queries import is_query
from ...program import Column, ResourceInfo
from ...types import ANY, Array, Enum, Query, Record, Type, is_nullable, required
from ..expressions.dispatch import Operand
from ..functions.function_builder import Frame, variable_for
from ..python.code import Code, Strength, made_of
from ..python.ordering import prepared
from ..python.prefixes import effective_operand
from ..python.typing import UNKNOWN, type_of
from .sql import Select

Selecting: TypeAlias = Generator[Operand, Code, Select]
Condition: TypeAlias = Generator[Operand, Code, tuple[str, list[Code]]]

_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def column_of(resource: ResourceInfo, name: str) -> Column:
    """The column that a query means: a field, or a relation's key."""
    relation = resource.relations.get(name)
    if relation is not None and relation.kind == "to_one":
        name = relation.key
    return resource.columns[name]


def equal_to(frame: Frame, select: Select, name: str, node: ast.Expr) -> Condition:
    """`name: value`."""
    column = column_of(select.resource, name)
    kind = type_of(frame, node)
    if isinstance(kind, Array) and not isinstance(required(column.type), Array):
        value = yield Operand(node)
        return f"{select.column(column.name)} = ANY(%s)", [value]
    return (yield from _compared(frame, select, column, "==", node))


def condition(frame: Frame, select: Select, node: ast.Expr) -> Condition:
    """`a > 1`, `b in […]`, and several joined by `and`, `or` and `not`."""
    if isinstance(node, ast.Unary):
        text, values = yield from condition(frame, select, effective_operand(node))
        return f"({text}) IS NOT TRUE", values
    assert isinstance(node, ast.Binary)
    if node.operator in ("and", "or"):
        parts = [node.right]
        left = node.left
        while isinstance(left, ast.Binary) and left.operator == node.operator:
            parts.insert(0, left.right)
            left = left.left
        texts, values = [], []
        for part in (left, *parts):
            text, found = yield from condition(frame, select, part)
            texts.append(text)
            values += found
        return f"({f' {node.operator.upper()} '.join(texts)})", values
    assert isinstance(node.left, ast.NameRef)
    column = column_of(select.resource, node.left.name)
    if node.operator in ("in", "not_in"):
        return (yield from _member(frame, select, column, node))
    return (yield from _compared(frame, select, column, node.operator, node.right))


def _compared(
    frame: Frame, select: Select, column: Column, operator: str, node: ast.Expr
) -> Condition:
    name = select.column(column.name)
    if isinstance(node, ast.Nil):
        return f"{name} IS {'NOT ' if operator == '!=' else ''}NULL", []
    is_enum = isinstance(required(column.type), Enum)
    value = yield Operand(node, expected=None if is_enum else column.type, record="either")
    kind = type_of(frame, node)
    record = required(kind)
    if isinstance(record, Record):
        value = key_of(frame, record, node, value)
    nullable = is_nullable(kind) or kind == ANY
    if operator == "==" and nullable:
        return f"{name} IS NOT DISTINCT FROM %s", [value]
    if operator == "!=" and (nullable or is_nullable(column.type)):
        return f"{name} IS DISTINCT FROM %s", [value]
    return f"{name} {_SQL[operator]} %s", [value]


def key_of(frame: Frame, record: Record, node: ast.Expr, value: Code) -> Code:
    """The primary key of a record that stands for a relation; nil when there is none."""
    target = frame.module.program.resources[record.resource]
    key = target.columns[target.primary_key or "id"].python
    if not is_nullable(type_of(frame, node)):
        return made_of(f"{value.at(Strength.PRIMARY)}.{key}", Strength.PRIMARY, [value])
    first, again = frame.twice(value, variable_for(node))
    text = f"{again.at(Strength.PRIMARY)}.{key} if {first.text} is not None else None"
    return made_of(text, Strength.TERNARY, [first])


def _member(frame: Frame, select: Select, column: Column, node: ast.Binary) -> Condition:
    name = select.column(column.name)
    negated = node.operator == "not_in"
    container = node.right
    if isinstance(container, ast.Binary) and container.operator in ("..", "..."):
        low = yield Operand(container.left)
        high = yield Operand(container.right)
        last = "<=" if container.operator == ".." else "<"
        text = f"{name} >= %s AND {name} {last} %s"
        return (f"({text}) IS NOT TRUE" if negated else text), [low, high]
    if isinstance(kind := type_of(frame, container), Query):
        if is_query(frame.module.facts, container, frame.locals.queries):
            return (yield from _subquery(frame, name, column, node))
        rows = frame.iterable((yield Operand(container)))
        key = frame.module.program.resources[kind.resource].primary_key or "id"
        text = f"[row.{key} for row in {rows.at(Strength.OR)}]"
        value = made_of(text, Strength.ATOM, [rows])
        return f"{name} {'= ANY' if node.operator == 'in' else '<> ALL'}(%s)", [value]
    has_nil = False
    if isinstance(container, ast.ArrayLiteral) and is_nullable(column.type):
        items = tuple(item for item in container.items if not isinstance(item, ast.Nil))
        has_nil = len(items) < len(container.items)
        if has_nil and not items:
            return f"{name} IS {'NOT ' if negated else ''}NULL", []
        container = replace(container, items=items) if has_nil else container
    value = yield Operand(container)
    kind = type_of(frame, container)
    if has_nil:
        text = f"({name} IS NULL OR {name} = ANY(%s))"
        return (f"{text} IS NOT TRUE" if negated else text), [value]
    if is_nullable(column.type) and _may_hold_nil(kind):
        first, again = frame.twice(value, column.python)
        text = f"({name} = ANY(%s) OR {name} IS NULL AND array_position(%s, NULL) > 0)"
        return (f"{text} IS NOT TRUE" if negated else text), [first, again]
    if not negated:
        return f"{name} = ANY(%s)", [value]
    if is_nullable(column.type):
        return f"({name} = ANY(%s)) IS NOT TRUE", [value]
    return f"{name} <> ALL(%s)", [value]


def _may_hold_nil(kind: Type) -> bool:
    return isinstance(kind, Array) and (is_nullable(kind.item) or kind.item in UNKNOWN)


def _subquery(frame: Frame, name: str, column: Column, node: ast.Binary) -> Condition:
    """`author_id in User.where(…)`: the keys of another query's rows, in the same statement."""
    from .selects import select_of

    select = yield from select_of(frame, node.right)
    keys = select.column(select.resource.primary_key or "id")
    text = f"{name} IN ({' '.join(select.statement(keys, ordered=select.is_cut))})"
    values = prepared(select, select.before).all_values
    if node.operator == "in":
        return text, values
    negated = f"({text}) IS NOT TRUE" if is_nullable(column.type) else f"NOT {text}"
    return negated, values
