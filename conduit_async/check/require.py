"""Reports values that are not assignable, at the part that does not fit."""

from itertools import islice

from .. import ast
from ..analyses.results import fallbacks, matches, results
from ..diagnostics import Related
from ..suggest import did_you_mean
from ..types import (
    DECIMAL,
    Array,
    Enum,
    Hash,
    NilType,
    Struct,
    Type,
    innermost,
    is_nullable,
    optional,
    required,
)
from .body import Body
from .coercion import coerce_to_decimal, coerces, holds_struct, mapped_literals, number_literal
from .expressions.nil import parenthesized, report_maybe_nil, report_nil_match
from .lattice import is_assignable, may_be_nil
from .wording import conversion, describe, snippet


def require(
    body: Body, node: ast.Expr, expected: Type, what: str, code: str = "TYP102", *related: Related
) -> None:
    """Report a value that does not fit; `what` names the place: "`self.title`"."""
    parts = list(results(node))
    open_ones: list[ast.Match] = []
    if not may_be_nil(expected):
        open_ones = [each for each in matches(node) if body.facts.unmatched.get(each)]
    for each in open_ones:
        report_nil_match(body, each, what, *related)
    for part in parts:
        if part not in open_ones:
            _require(body, part, expected, what, code, related)
    written = any(isinstance(number_literal(part), ast.Float) for part in parts)
    if len(parts) > 1 and written and required(expected) == DECIMAL:
        body.facts.types[node] = expected


def _require(
    body: Body,
    node: ast.Expr,
    expected: Type,
    what: str,
    code: str,
    related: tuple[Related, ...],
) -> None:
    actual = body.type_of(node)
    wanted = required(expected)
    if isinstance(innermost(wanted), Struct) and (others := fallbacks(node)):
        if isinstance(node, ast.Rescue):
            require(body, node.operand, expected, what, code, *related)
        elif isinstance(node, ast.Binary):
            require(body, node.left, optional(expected), what, code, *related)
        for each in others:
            require(body, each, expected, what, code, *related)
        return
    if isinstance(wanted, Enum):
        if check_enum(body, node, wanted, what):
            return
        if isinstance(node, ast.Binary) and node.operator == "??":
            _require(body, node.right, expected, what, code, related)
    if isinstance(wanted, Array) and isinstance(node, ast.ArrayLiteral) and node.items:
        for item in node.items:
            require(body, item, wanted.item, f"an item of {what}", code, *related)
        if holds_struct(wanted) or coerces(node, wanted):
            body.facts.types[node] = wanted
        return
    if isinstance(wanted, Hash) and isinstance(node, ast.HashLiteral) and holds_struct(wanted):
        for entry in node.entries:
            require(body, entry.key, wanted.key, f"a key of {what}", code, *related)
            require(body, entry.value, wanted.value, f"a value of {what}", code, *related)
        body.facts.types[node] = wanted
        return
    if isinstance(wanted, Array) and (items := mapped_literals(body, node, wanted)):
        for item in items:
            require(body, item, wanted.item, f"an item of {what}", code, *related)
        body.facts.types[node] = wanted
        return
    if isinstance(wanted, Struct) and isinstance(node, ast.HashLiteral):
        _struct(body, node, wanted, what)
        body.facts.types[node] = wanted
        return
    if wanted == DECIMAL and isinstance(number_literal(node), ast.Float):
        coerce_to_decimal(body, node)
        return
    if is_assignable(actual, expected):
        return
    if is_nullable(actual) and is_assignable(required(actual), expected):
        report_maybe_nil(body, node, what, *related)
        return
    if isinstance(actual, NilType):
        message = f"nil is not allowed here: {what} needs {describe(wanted)}"
        hint: str | None = "give a value, or declare what takes it with `?`"
        body.error("TYP101", node, message, hint, *related)
        return
    message = f"{what} needs {describe(expected)}, this is {describe(actual)}"
    hint = conversion(node, actual, wanted)
    if isinstance(actual, Struct) and isinstance(wanted, Struct):
        message = f"{what} is a struct of another type than `{snippet(node)}`"
        hint = _parts(body, node, actual, wanted)
    body.error(code, node, message, hint, *related)


def _parts(body: Body, node: ast.Expr, actual: Struct, wanted: Struct) -> str:
    """The hint for a struct of another type, even one with the same fields."""
    own, target = body.env.structs[actual.name].fields, parenthesized(node)
    parts = [
        f"{name}: {target}.{name}" for name in body.env.structs[wanted.name].fields if name in own
    ]
    return f"give its parts: `{{ {', '.join(parts or ['…'])} }}`"


def check_enum(body: Body, node: ast.Expr, kind: Type, what: str) -> bool:
    """Whether a constant text is used for an enum; report it if it is not one of its values."""
    text, kind = ast.constant_text(node), required(kind)
    if text is None or not isinstance(kind, Enum):
        return False
    if text in kind.values:
        return True
    listed = ", ".join(f'"{value}"' for value in kind.values)
    message = f'"{text}" is not a value of {what}, which is one of {listed}'
    columns = (each for info in body.env.resources.values() for each in info.columns.values())
    spans = (each.span for each in columns if each.span and required(each.type) == kind)
    related = [Related(span, "declared here") for span in islice(spans, 1)]
    body.error("TYP102", node, message, did_you_mean(text, kind.values, '"{}"'), *related)
    return True


def _struct(body: Body, node: ast.HashLiteral, kind: Struct, what: str) -> None:
    fields = body.env.structs[kind.name].fields
    given: set[str] = set()
    unknown = False
    for entry in node.entries:
        name = ast.constant_text(entry.key)
        if name is None:
            continue
        given.add(name)
        column = fields.get(name)
        if column is None:
            unknown = True
            message, hint = f"{what} has no field `{name}`", did_you_mean(name, fields)
            body.error("SEM203", entry.key, message, hint)
            continue
        require(body, entry.value, column.type, f"`{name}`")
    missing = [
        name
        for name, column in fields.items()
        if name not in given and not is_nullable(column.type)
    ]
    if missing and not unknown:
        names = ", ".join(f"`{name}`" for name in missing)
        body.error("TYP101", node, f"{what} needs {names}", "add what is missing")
