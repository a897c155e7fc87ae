"""Checks whether `@default`, `@min`, `@max` and `@pattern` of fields can hold."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ... import ast
from ...diagnostics import Problems, Related
from ...lexer.literals import BadLiteralError, check_pattern
from ...program import Column, ResourceInfo
from ...types import STRING, Array, Struct, Type, required
from ..environment import Environment
from ..lattice import is_number, is_unknown
from ..sizes import constant_number
from ..wording import describe
from .defaults import check_default
from .earlier_names import check_earlier_names

_NEED_A_VALUE = {
    "default": ("VAL520", "@default(0)"),
    "min": ("VAL521", "@min(1)"),
    "max": ("VAL521", "@max(100)"),
    "pattern": ("VAL522", "@pattern(/^[a-z]+$/)"),
}


def check_constraints(env: Environment, info: ResourceInfo) -> None:
    """Check the constant annotations of a resource's fields."""
    _check_fields(env, info.node.members, info.columns)


def _check_fields(
    env: Environment, members: Sequence[ast.ResourceMember], columns: Mapping[str, Column]
) -> None:
    """Check the first field of each name, which is the one that has the column."""
    fields: dict[str, ast.Field] = {}
    for member in members:
        if isinstance(member, ast.Field):
            fields.setdefault(member.name.text, member)
    keys = columns.keys() - fields.keys()
    check_earlier_names(env.problems, fields.values(), keys)
    for name in fields.keys() & columns.keys():
        _check_annotations(env, fields[name], required(columns[name].type))


def _check_annotations(env: Environment, field: ast.Field, kind: Type) -> None:
    bounds: dict[str, Decimal] = {}
    given: dict[str, ast.Annotation] = {}
    problems = env.problems
    if isinstance(field.type.type, ast.StructType) and isinstance(kind, Struct):
        _check_fields(env, field.type.type.fields, env.structs[kind.name].fields)
    for annotation in field.annotations:
        name = annotation.name.text
        first = given.setdefault(name, annotation)
        if first is not annotation and name != "was":
            message, related = f"`@{name}` appears twice", Related(first.span, "the first one")
            hint = "remove one of the two"
            problems.warning("SYN012", annotation.span, message, hint, related)
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
        what = "a number, or the length of a string or an array"
        message = f"`@{name}` bounds {what}, this is {describe(kind)}"
        problems.error("VAL521", annotation.span, message, "remove it")
        return
    number = constant_number(value)
    if number is None:
        problems.error("VAL521", value.span, f"`@{name}` needs a number", f"write `@{name}(1)`")
        return
    bounds[name] = number
    if "min" in bounds and "max" in bounds and bounds["min"] > bounds["max"]:
        message = f"nothing is at least {bounds['min']} and at most {bounds['max']}"
        problems.error("VAL521", value.span, message, "swap the two")


def _check_pattern(problems: Problems, value: ast.Expr, kind: Type) -> None:
    if kind != STRING and not is_unknown(kind):
        message = f"`@pattern` is for strings, this is {describe(kind)}"
        problems.error("VAL522", value.span, message, "remove it")
        return
    text = ast.constant_text(value)
    if text is None:
        if not isinstance(value, ast.Regex | ast.BadExpr):
            hint = "write `@pattern(/^[a-z]+$/)`"
            problems.error("VAL522", value.span, "`@pattern` needs a pattern", hint)
        return
    try:
        check_pattern(text, len(text))
    except BadLiteralError as error:
        problems.error("VAL522", value.span, str(error))
