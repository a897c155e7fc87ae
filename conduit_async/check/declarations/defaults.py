"""The defaults of fields: reports those that do not fit the type, and gives constant values."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

from ... import ast
from ...diagnostics import Problems
from ...lock.upcast import Constant
from ...program import Column
from ...suggest import did_you_mean
from ...types import (
    BOOL,
    DECIMAL,
    FLOAT,
    INT,
    JSON,
    SCALARS,
    STRING,
    Array,
    Enum,
    Hash,
    Type,
    required,
)
from ..coercion import number_literal
from ..constants import NotConstantError, constant_of, fold
from ..lattice import is_number
from ..sizes import constant_number, size_fault
from ..wording import describe

_TYPES: dict[type, Type] = {int: INT, float: FLOAT, bool: BOOL, str: STRING}
"""The types of constants."""


_Fault: TypeAlias = tuple[ast.Expr, str, str | None]
"""The expression that is wrong, the message and the hint."""


def check_default(problems: Problems, value: ast.Expr, field: ast.Field) -> None:
    """Report a default that its field's type or annotations do not allow."""
    fault = _type_fault(value, field.type, f"`{field.name.text}`") or _bound_fault(value, field)
    if fault is not None:
        node, message, hint = fault
        problems.error("VAL520", node.span, message, hint)


def _type_fault(value: ast.Expr, ref: ast.TypeRef, name: str) -> _Fault | None:
    if isinstance(value, ast.Nil):
        return None if ref.nullable else (value, f"{name} is never nil", "declare it with `?`")
    match ref.type, value:
        case ast.EnumType(values=values), _:
            return _enum_fault(value, [each.value or "" for each in values], name)
        case ast.ArrayType(element=element), ast.ArrayLiteral(items=items):
            faults = (_type_fault(item, element, f"an item of {name}") for item in items)
            return next(filter(None, faults), None)
        case ast.HashType(value=kind), ast.HashLiteral(entries=entries):
            faults = (_type_fault(each.value, kind, f"a value of {name}") for each in entries)
            return next(filter(None, faults), None)
        case ast.NamedType(name=named), _:
            return _scalar_fault(value, ref, SCALARS.get(named), name)
    return None


def _enum_fault(value: ast.Expr, values: Sequence[str], name: str) -> _Fault | None:
    text = ast.constant_text(value)
    if text in values or (text is None and _TYPES.get(type(constant_of(value))) is None):
        return None
    shown = f'"{text}"' if text is not None else value.span.text
    listed = ", ".join(f'"{known}"' for known in values)
    hint = did_you_mean(text, values, '"{}"') if text is not None else None
    return value, f"{shown} is not a value of {name}, which is one of {listed}", hint


def _scalar_fault(value: ast.Expr, ref: ast.TypeRef, kind: Type | None, name: str) -> _Fault | None:
    actual = _TYPES.get(type(constant_of(value)))
    if actual is None or kind not in (INT, FLOAT, DECIMAL, BOOL, STRING):
        return None
    numbers = is_number(kind) and is_number(actual) and not (kind == INT and actual == FLOAT)
    if kind != actual and not numbers:
        message = f"{name} is {describe(kind)}, its default is {describe(actual)}"
        return value, message, "give a default of that type"
    fault = size_fault(value, ref)
    return (value, f"the default {fault}", None) if fault is not None else None


def _bound_fault(value: ast.Expr, field: ast.Field) -> _Fault | None:
    text = ast.constant_text(value)
    size = Decimal(len(text)) if text is not None else constant_number(value)
    if isinstance(value, ast.ArrayLiteral):
        size = Decimal(len(value.items))
    what = "the default" if text is None else "the length of the default"
    for annotation in field.annotations:
        limit = annotation.arguments[0].value if annotation.arguments else None
        bound = constant_number(limit) if limit is not None else None
        match annotation.name.text:
            case "min" if size is not None and bound is not None and size < bound:
                return value, f"{what} is below `{annotation.span.text}`", None
            case "max" if size is not None and bound is not None and size > bound:
                return value, f"{what} is above `{annotation.span.text}`", None
            case "pattern" if text is not None and isinstance(limit, ast.Regex | ast.String):
                if _never_matches(limit, text):
                    return value, "the default does not match the field's pattern", None
    return None


def _never_matches(pattern: ast.Regex | ast.String, text: str) -> bool:
    source = pattern.pattern if isinstance(pattern, ast.Regex) else pattern.value or ""
    if isinstance(pattern, ast.Regex) and pattern.flags:
        source = f"(?{pattern.flags}){source}"
    try:
        return re.search(source, text) is None
    except re.error:
        return False


_LARGEST_FLOAT = 1e300


def constant_default(column: Column) -> Constant | None:
    """The `@default` of a column, if it is a constant of the column's type."""
    if column.default is None or isinstance(column.default, ast.Nil):
        return None
    try:
        return Constant(_value_of(column.default, required(column.type)))
    except NotConstantError:
        return None


def _value_of(node: ast.Expr, kind: Type) -> object:
    """The value of a constant in the form of a type; raises `NotConstantError`."""
    match kind, node:
        case Array(item), ast.ArrayLiteral(items=items):
            return [_value_of(each, required(item)) for each in items]
        case Hash(key, value), ast.HashLiteral(entries=entries) if required(key) == STRING:
            return {_text_key(each.key): _value_of(each.value, required(value)) for each in entries}
        case Enum(values=values), _ if (text := ast.constant_text(node)) in values:
            return text
        case _ if kind == JSON:
            return _json_value(node)
        case _ if kind == DECIMAL and (number := number_literal(node)) is not None:
            sign = "" if number is node else "-"
            return Decimal(f"{sign}{number.span.text.replace('_', '')}")
    match fold(node):
        case str() as text if kind == STRING:
            return text
        case bool() as flag:
            if kind == BOOL:
                return flag
        case int() as whole if kind == INT:
            return whole
        case int() | float() as amount if kind == FLOAT and abs(amount) < _LARGEST_FLOAT:
            return float(amount)
    raise NotConstantError


def _json_value(node: ast.Expr) -> object:
    match node:
        case ast.ArrayLiteral(items=items):
            return [_json_value(each) for each in items]
        case ast.HashLiteral(entries=entries):
            return {_text_key(each.key): _json_value(each.value) for each in entries}
    value = fold(node)
    if isinstance(value, str | bool | int | float | None):
        return value
    raise NotConstantError


def _text_key(node: ast.Expr) -> str:
    if (text := ast.constant_text(node)) is None:
        raise NotConstantError
    return text
