"""Constants that do not fit the type that is declared for them: `@default(3)` of a string."""

import re
from collections.abc import Sequence
from decimal import Decimal

from ... import ast
from ...diagnostics import Problems
from ...suggest import did_you_mean
from ...types import BOOL, DECIMAL, FLOAT, INT, STRING, Type
from ..coercion import constant_text
from ..constants import NotConstantError, fold
from ..lattice import is_number
from ..sizes import constant_number, size_fault
from ..wording import describe
from .type_refs import SCALARS

_TYPES: dict[type, Type] = {int: INT, float: FLOAT, bool: BOOL, str: STRING}
"""The types of constants."""


def check_default(problems: Problems, value: ast.Expr, field: ast.Field) -> None:
    """Report a default that is no value of its field, or one that its annotations forbid."""
    if _fits_type(problems, value, field.type, f"`{field.name.text}`"):
        _check_bounds(problems, value, field)


def _fits_type(problems: Problems, value: ast.Expr, ref: ast.TypeRef, name: str) -> bool:
    """Whether a value may be one of a type; what cannot be is reported."""
    if isinstance(value, ast.Nil):
        if not ref.nullable:
            _report(problems, value, f"{name} is never nil", "declare it with `?`")
        return ref.nullable
    match ref.type:
        case ast.EnumType(values=values):
            return _fits_enum(problems, value, [each.value or "" for each in values], name)
        case ast.ArrayType(element=element) if isinstance(value, ast.ArrayLiteral):
            return all(
                _fits_type(problems, item, element, f"an item of {name}") for item in value.items
            )
        case ast.HashType(value=inner) if isinstance(value, ast.HashLiteral):
            items = [entry.value for entry in value.entries]
            return all(_fits_type(problems, item, inner, f"a value of {name}") for item in items)
        case ast.NamedType(name=named):
            return _fits_scalar(problems, value, ref, SCALARS.get(named), name)
    return True


def _fits_enum(problems: Problems, value: ast.Expr, values: Sequence[str], name: str) -> bool:
    text = constant_text(value)
    if text is None and _constant_type(value) is None:
        return True
    if text in values:
        return True
    shown = f'"{text}"' if text is not None else value.span.text
    listed = ", ".join(f'"{known}"' for known in values)
    _report(
        problems,
        value,
        f"{shown} is not a value of {name}, which is one of {listed}",
        did_you_mean(text, values, '"{}"') if text is not None else None,
    )
    return False


def _fits_scalar(
    problems: Problems, value: ast.Expr, ref: ast.TypeRef, kind: Type | None, name: str
) -> bool:
    actual = _constant_type(value)
    if actual is None or kind not in (INT, FLOAT, DECIMAL, BOOL, STRING):
        return True
    numbers = is_number(kind) and is_number(actual) and not (kind == INT and actual == FLOAT)
    if kind != actual and not numbers:
        message = f"{name} is {describe(kind)}, its default is {describe(actual)}"
        _report(problems, value, message, "give a default of that type")
        return False
    if (fault := size_fault(value, ref)) is not None:
        _report(problems, value, f"the default {fault}", None)
        return False
    return True


def _check_bounds(problems: Problems, value: ast.Expr, field: ast.Field) -> None:
    text = constant_text(value)
    size = Decimal(len(text)) if text is not None else constant_number(value)
    if isinstance(value, ast.ArrayLiteral):
        size = Decimal(len(value.items))
    what = "the default" if text is None else "the length of the default"
    for annotation in field.annotations:
        limit = annotation.arguments[0].value if annotation.arguments else None
        bound = constant_number(limit) if limit is not None else None
        match annotation.name.text:
            case "min" if size is not None and bound is not None and size < bound:
                _report(problems, value, f"{what} is below `{annotation.span.text}`", None)
            case "max" if size is not None and bound is not None and size > bound:
                _report(problems, value, f"{what} is above `{annotation.span.text}`", None)
            case "pattern" if text is not None and isinstance(limit, ast.Regex | ast.String):
                if _never_matches(limit, text):
                    _report(problems, value, "the default does not match the field's pattern", None)


def _never_matches(pattern: ast.Regex | ast.String, text: str) -> bool:
    source = pattern.pattern if isinstance(pattern, ast.Regex) else pattern.value or ""
    if isinstance(pattern, ast.Regex) and pattern.flags:
        source = f"(?{pattern.flags}){source}"
    try:
        return re.search(source, text) is None
    except re.error:
        return False


def _constant_type(value: ast.Expr) -> Type | None:
    try:
        return _TYPES.get(type(fold(value)))
    except NotConstantError:
        return None


def _report(problems: Problems, value: ast.Expr, message: str, hint: str | None) -> None:
    problems.error("VAL520", value.span, message, hint)
