"""Annotations of fields: whether `@default`, `@min`, `@max` and `@pattern` can hold."""

from decimal import Decimal

from .. import ast
from ..diagnostics import Problems
from ..lexer.literals import BadLiteralError, check_pattern
from ..program import ResourceInfo
from ..suggest import nearest
from ..types import BOOL, DECIMAL, FLOAT, INT, STRING, Array, Enum, Type, required
from .forms import constant_text
from .lattice import is_number, is_unknown
from .require import article
from .world import World

_NEED_A_VALUE = {
    "default": ("VAL520", "@default(0)"),
    "min": ("VAL521", "@min(1)"),
    "max": ("VAL521", "@max(100)"),
    "pattern": ("VAL522", "@pattern(/^[a-z]+$/)"),
}


def check_constraints(world: World, info: ResourceInfo) -> None:
    """Check the annotations of a resource's fields, as far as they are constants."""
    for field in info.node.members:
        column = info.columns.get(field.name.text) if isinstance(field, ast.Field) else None
        if not isinstance(field, ast.Field) or column is None:
            continue
        bounds: dict[str, Decimal] = {}
        for annotation in field.annotations:
            value = annotation.arguments[0].value if annotation.arguments else None
            if value is None:
                if annotation.name.text in _NEED_A_VALUE:
                    code, example = _NEED_A_VALUE[annotation.name.text]
                    world.problems.error(
                        code,
                        annotation.span,
                        f"`@{annotation.name.text}` needs a value",
                        f"for example `{example}`",
                    )
                continue
            match annotation.name.text:
                case "default":
                    _check_default(world.problems, value, required(column.type), field)
                case "min" | "max":
                    _check_bound(world.problems, annotation, value, required(column.type), bounds)
                case "pattern":
                    _check_pattern(world.problems, value, required(column.type))


def _check_default(problems: Problems, value: ast.Expr, kind: Type, field: ast.Field) -> None:
    text = constant_text(value)
    if isinstance(kind, Enum) and text is not None:
        if text not in kind.values:
            found = nearest(text, kind.values)
            listed = ", ".join(f'"{known}"' for known in kind.values)
            problems.error(
                "VAL520",
                value.span,
                f'"{text}" is not a value of `{field.name.text}`, which is one of {listed}',
                f'did you mean "{found}"?' if found else None,
            )
        return
    actual = _constant_type(value)
    if actual is None or is_unknown(kind) or actual == kind:
        return
    if is_number(kind) and is_number(actual) and not (kind == INT and actual == FLOAT):
        return
    if kind in (INT, FLOAT, DECIMAL, BOOL, STRING):
        problems.error(
            "VAL520",
            value.span,
            f"`{field.name.text}` is {article(kind)}, its default is {article(actual)}",
            "give a default of that type",
        )


def _constant_type(value: ast.Expr) -> Type | None:
    while isinstance(value, ast.Unary) and value.operator == "-":
        value = value.operand
    match value:
        case ast.Int():
            return INT
        case ast.Float():
            return FLOAT
        case ast.Bool():
            return BOOL
        case ast.String() if value.value is not None:
            return STRING
    return None


def _check_bound(
    problems: Problems,
    annotation: ast.Annotation,
    value: ast.Expr,
    kind: Type,
    bounds: dict[str, Decimal],
) -> None:
    name = annotation.name.text
    if not (is_number(kind) or is_unknown(kind) or kind == STRING or isinstance(kind, Array)):
        problems.error(
            "VAL521",
            annotation.span,
            f"`@{name}` bounds a number, or the length of a string or an array, "
            f"this is {article(kind)}",
            "remove it",
        )
        return
    number = _number(value)
    if number is None:
        problems.error("VAL521", value.span, f"`@{name}` needs a number", f"write `@{name}(1)`")
        return
    bounds[name] = number
    if "min" in bounds and "max" in bounds and bounds["min"] > bounds["max"]:
        problems.error(
            "VAL521",
            value.span,
            f"nothing is at least {bounds['min']} and at most {bounds['max']}",
            "swap the two",
        )


def _number(value: ast.Expr) -> Decimal | None:
    sign = 1
    while isinstance(value, ast.Unary) and value.operator == "-":
        value = value.operand
        sign = -sign
    match value:
        case ast.Int():
            return sign * Decimal(value.value)
        case ast.Float():
            return sign * Decimal(repr(value.value))
    return None


def _check_pattern(problems: Problems, value: ast.Expr, kind: Type) -> None:
    if kind != STRING and not is_unknown(kind):
        problems.error(
            "VAL522", value.span, f"`@pattern` is for strings, this is {article(kind)}", "remove it"
        )
        return
    text = constant_text(value)
    if text is None:
        if not isinstance(value, ast.Regex | ast.BadExpr):
            problems.error(
                "VAL522", value.span, "`@pattern` needs a pattern", "write `@pattern(/^[a-z]+$/)`"
            )
        return
    try:
        check_pattern(text, len(text))
    except BadLiteralError as error:
        problems.error("VAL522", value.span, str(error))
