"""Annotations of fields: whether `@default`, `@min`, `@max` and `@pattern` can hold."""

from decimal import Decimal

from ... import ast
from ...diagnostics import Problems, Related
from ...lexer.literals import BadLiteralError, check_pattern
from ...program import ResourceInfo
from ...types import STRING, Array, Struct, Type, required
from ..coercion import constant_text
from ..environment import Environment
from ..lattice import is_number, is_unknown
from ..sizes import constant_number
from ..wording import describe
from .defaults import check_default

_NEED_A_VALUE = {
    "default": ("VAL520", "@default(0)"),
    "min": ("VAL521", "@min(1)"),
    "max": ("VAL521", "@max(100)"),
    "pattern": ("VAL522", "@pattern(/^[a-z]+$/)"),
}


def check_constraints(env: Environment, info: ResourceInfo) -> None:
    """Check the annotations of a resource's fields, as far as they are constants."""
    for field in info.node.members:
        column = info.columns.get(field.name.text) if isinstance(field, ast.Field) else None
        if not isinstance(field, ast.Field) or column is None:
            continue
        _check_annotations(env, field, required(column.type))


def _check_annotations(env: Environment, field: ast.Field, kind: Type) -> None:
    bounds: dict[str, Decimal] = {}
    problems = env.problems
    if isinstance(field.type.type, ast.StructType) and isinstance(kind, Struct):
        columns = env.structs[kind.name].fields
        for inner in field.type.type.fields:
            _check_annotations(env, inner, required(columns[inner.name.text].type))
    for number, annotation in enumerate(field.annotations):
        name = annotation.name.text
        first = next(each for each in field.annotations if each.name.text == name)
        if first is not field.annotations[number]:
            problems.warning(
                "SYN012",
                annotation.span,
                f"`@{name}` appears twice",
                "remove one of the two",
                Related(first.span, "the first one"),
            )
            continue
        if name not in _NEED_A_VALUE:
            continue
        code, example = _NEED_A_VALUE[name]
        if len(annotation.arguments) != 1:
            count = "a value" if not annotation.arguments else "one value"
            hint = f"for example `{example}`"
            problems.error(code, annotation.span, f"`@{name}` needs {count}", hint)
            continue
        value = annotation.arguments[0].value
        if name == "default":
            check_default(problems, value, field)
        elif name == "pattern":
            _check_pattern(problems, value, kind)
        else:
            _check_bound(problems, annotation, value, kind, bounds)


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
            f"this is {describe(kind)}",
            "remove it",
        )
        return
    number = constant_number(value)
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


def _check_pattern(problems: Problems, value: ast.Expr, kind: Type) -> None:
    if kind != STRING and not is_unknown(kind):
        problems.error(
            "VAL522",
            value.span,
            f"`@pattern` is for strings, this is {describe(kind)}",
            "remove it",
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
