"""The rules of expressions that need more than a node of their symbols."""

from typing import cast

from msgspec.structs import replace

from .. import ast
from ..lexer import literals
from ..source import Span
from ..tokens import Token
from .builders import Context, rule

_BINARY = {"||": "or", "&&": "and"}


@rule
def binary(
    context: Context, span: Span, left: ast.Expr, operator: Token, right: ast.Expr
) -> ast.Binary:
    text = cast("ast.BinaryOperator", _BINARY.get(operator.text, operator.text))
    return ast.Binary(span, text, left, right, context.span(operator))


@rule
def unary(_: Context, span: Span, operator: Token, operand: ast.Expr) -> ast.Unary:
    return ast.Unary(span, "-" if operator.type == "NEGATE" else "not", operand)


@rule
def member(
    _: Context, span: Span, target: ast.Expr | ast.Wildcard, dot: Token, name: ast.Name
) -> ast.Member:
    if isinstance(target, ast.Wildcard):  # of a pattern such as `_.a`
        target = ast.NameRef(target.span, "_")
    return ast.Member(span, target, name, dot.text == "?.")


@rule
def group(_: Context, __: Span, inner: ast.Expr) -> ast.Expr:
    if isinstance(inner, ast.Member | ast.Call | ast.Index):
        return replace(inner, closed=True)
    return inner


@rule
def int_literal(_: Context, span: Span, token: Token) -> ast.Int:
    return ast.Int(span, int(token.text))


@rule
def float_literal(_: Context, span: Span, token: Token) -> ast.Float:
    return ast.Float(span, float(token.text))


@rule
def duration(_: Context, span: Span, token: Token) -> ast.Duration:
    amount, _dot, unit = token.text.rpartition(".")
    singular = cast("ast.DurationUnit", unit.removesuffix("s"))
    return ast.Duration(span, literals.amount(amount), singular)


@rule
def regex(context: Context, span: Span, token: Token) -> ast.Regex | ast.BadExpr:
    end = token.text.rindex("/")
    try:
        pattern, flags = literals.regex(token.text[1:end], token.text[end + 1 :])
    except literals.BadLiteralError as error:
        _report_literal(context, "VAL522", span.start, error)
        return ast.BadExpr(span)
    return ast.Regex(span, pattern, flags)


@rule
def bool_literal(_: Context, span: Span, token: Token) -> ast.Bool:
    return ast.Bool(span, token.type == "TRUE")


@rule
def pattern_name(_: Context, span: Span, token: Token) -> ast.NameRef | ast.Wildcard:
    return ast.Wildcard(span) if token.text == "_" else ast.NameRef(span, token.text)


@rule
def named_entry(_: Context, span: Span, key: ast.Name, value: ast.Expr) -> ast.Entry:
    return ast.Entry(span, ast.String(key.span, (key.text,)), value)


@rule
def plain_string(context: Context, span: Span, token: Token) -> ast.String:
    value = _unescaped(context, token.text, span.start + 1)
    return ast.String(span, (value,) if value else ())


@rule
def interpolated(_: Context, span: Span, parts: list[str | ast.Expr]) -> ast.String:
    merged: list[str | ast.Expr] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return ast.String(span, tuple(merged))


@rule
def text(context: Context, span: Span, token: Token) -> str:
    return _unescaped(context, token.text, span.start)


@rule
def empty_interpolation(context: Context, span: Span) -> ast.BadExpr:
    hint = "write an expression between the braces, or `\\#{}` for the characters themselves"
    context.error("SYN009", span, "this interpolation `#{}` is empty", hint)
    return ast.BadExpr(span)


def _unescaped(context: Context, raw: str, start: int) -> str:
    value, errors = literals.unescape(raw)
    for error in errors:
        _report_literal(context, "SYN009", start, error)
    return value


def _report_literal(
    context: Context, code: str, start: int, error: literals.BadLiteralError
) -> None:
    span = Span(context.source, start + error.start, start + error.end)
    context.error(code, span, str(error), error.hint)


@rule
def arrow_lambda(_: Context, span: Span, names: list[ast.Name], value: ast.Expr) -> ast.Lambda:
    return ast.Lambda(span, tuple(names), _short_body(value))


@rule
def arrow_arm(_: Context, span: Span, patterns: list[ast.Pattern], value: ast.Expr) -> ast.Arm:
    return ast.Arm(span, tuple(patterns), _short_body(value))


@rule
def else_arm(context: Context, span: Span, body: ast.Block) -> ast.Arm:
    word = Span(context.source, span.start, span.start + len("else"))
    return ast.Arm(span, (ast.Wildcard(word),), body)


@rule
def else_arrow_arm(context: Context, span: Span, value: ast.Expr) -> ast.Arm:
    return else_arm(context, span, _short_body(value))


def _short_body(value: ast.Expr) -> ast.Block:
    """A block that consists of an expression after `=>`."""
    return ast.Block(value.span, (ast.ExprStatement(value.span, value),))
