"""Constants that exceed a declared size: `"abc"` in a `string(2)`."""

from decimal import Decimal

from .. import ast
from ..analyses.results import results
from ..program import ResourceInfo
from ..types import SCALARS, STRING
from .body import Body
from .constants import constant_of
from .fields import declared_field


def check_size(body: Body, value: ast.Expr, ref: ast.TypeRef | None, what: str) -> None:
    """Report constants that a value may have and that exceed the size of its declared type."""
    if ref is None:
        return
    for part in results(value):
        if (fault := size_fault(part, ref)) is not None:
            body.problems.error("TYP102", part.span, f"this {fault}, so {what} cannot take it")


def declared_type(info: ResourceInfo, name: str) -> ast.TypeRef | None:
    """The type of a field as the source declares it."""
    field = declared_field(info, name)
    return field.type if field is not None else None


def size_fault(value: ast.Expr, ref: ast.TypeRef) -> str | None:
    """Describe how a text or a number exceeds the size of a type; None if it does not."""
    named = ref.type
    if not isinstance(named, ast.NamedType):
        return None
    sizes = [each.value for each in named.arguments if isinstance(each, ast.Int)]
    if not sizes:
        return None
    text = ast.constant_text(value)
    if text is not None and SCALARS.get(named.name) == STRING and len(text) > sizes[0]:
        return f"has {len(text)} characters, `{named.span.text}` holds {sizes[0]}"
    number = constant_number(value)
    if number is None or named.name != "decimal":
        return None
    whole = sizes[0] - (sizes[1] if len(sizes) > 1 else 0)
    if abs(number) < Decimal(10) ** whole:
        return None
    return f"has more digits before its point than `{named.span.text}` holds"


def constant_number(value: ast.Expr) -> Decimal | None:
    """The value of a constant that is a number."""
    number = constant_of(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    return Decimal(repr(number))
