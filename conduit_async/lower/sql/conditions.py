"""Conditions that compare one field of a query with a value."""

from collections.abc import Generator
from typing import TypeAlias

from ... import ast
from ...program import Column, ResourceInfo
from ...python.code import Code, Effect
from ...types import ANY, FLOAT, INT, Array, Enum, Record, Type, is_nullable, required
from ..expressions.dispatch import Operand
from ..functions.function_builder import FunctionBuilder
from ..python.typing import holds_any, type_of
from .sql import Select

Selecting: TypeAlias = Generator[Operand, Code, Select]
Condition: TypeAlias = Generator[Operand, Code, tuple[str, list[Code]]]

_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def column_of(resource: ResourceInfo, name: str) -> Column:
    """Return the column that a query names."""
    column = resource.column(name)
    assert column is not None
    return column


def equal_to(fn: FunctionBuilder, select: Select, name: str, node: ast.Expr) -> Condition:
    """`name: value`."""
    column = column_of(select.resource, name)
    kind = type_of(fn, node)
    if isinstance(kind, Array) and not isinstance(required(column.type), Array):
        value = yield Operand(node)
        return f"{select.column(column.name)} = ANY(%s)", [value]
    return (yield from compared(fn, select, column, "==", node))


def compared(
    fn: FunctionBuilder, select: Select, column: Column, operator: str, node: ast.Expr
) -> Condition:
    name = select.column(column.name)
    if isinstance(node, ast.Nil):
        return f"{name} IS {'NOT ' if operator == '!=' else ''}NULL", []
    kind = type_of(fn, node)
    is_free = isinstance(required(column.type), Enum) or holds_any(kind)
    value = yield Operand(node, expected=None if is_free else column.type, record="either")
    record = required(kind)
    if isinstance(record, Record):
        value = key_of(fn, record, node, value)
    nullable = is_nullable(kind) or kind == ANY
    if operator == "==" and nullable:
        return f"{name} IS NOT DISTINCT FROM %s", [value]
    if operator == "!=" and (nullable or is_nullable(column.type)):
        return f"{name} IS DISTINCT FROM %s", [value]
    return f"{name} {_SQL[operator]} %s", [value]


def key_of(fn: FunctionBuilder, record: Record, node: ast.Expr, value: Code) -> Code:
    """Return the primary key of a record that is compared with a relation; nil for no record."""
    target = fn.module.program.resources[record.resource]
    key = target.columns[target.primary_key or "id"].python
    if not is_nullable(type_of(fn, node)):
        return value.attribute(key, Effect.NONE)
    return fn.unless_nil(value, node, lambda row: row.attribute(key).text)


def name_of(node: ast.Expr) -> str:
    """Return a field's name, given as a symbol or a constant string."""
    return ast.constant_text(node) or ""


def class_of(fn: FunctionBuilder, kind: Type) -> str:
    """Return the class of a column's values, `Any` if no single class describes them."""
    text = fn.module.annotation(kind)
    return text if text.isidentifier() and text != "Any" else fn.use("typing", "Any")


def aggregate_of(
    fn: FunctionBuilder, node: ast.Expr, name: str, column: str
) -> tuple[str, str, bool]:
    """Return the SQL of `sum`, `avg`, `min` or `max`, its class, and whether it may be nil."""
    kind = required(type_of(fn, node))
    text = f"{name}({column})"
    if name == "sum":
        cast = "bigint" if kind == INT else "float8" if kind == FLOAT else "numeric"
        return f"coalesce({text}, 0)::{cast}", class_of(fn, kind), False
    return text, class_of(fn, kind), True
