"""The rules of statements that need more than a node of their symbols."""

from typing import Any

from .. import ast
from ..source import Span
from ..tokens import Token
from .builders import Context, rule


@rule
def augment(
    context: Context, span: Span, target: ast.Expr, operator: Token, value: ast.Expr
) -> ast.Assign:
    plain, left = operator.text.removesuffix("="), target.span.text
    hint = f"write `{left} = {left} {plain} …`" if "\n" not in left else None
    context.error("SYN001", context.span(operator), f"there is no `{operator.text}`", hint)
    return ast.Assign(span, target, value)


@rule
def expression_statement(_: Context, span: Span, value: ast.Expr) -> ast.Statement:
    match value:
        case ast.Call(
            callee=ast.NameRef(name="error"),
            arguments=(ast.Argument(name=None | ast.Name(text="message"), value=message),),
        ):
            return ast.Raise(span, message)
    return ast.ExprStatement(span, value)


@rule
def async_statement(
    context: Context, span: Span, options: list[ast.Argument], body: ast.Block
) -> ast.Async:
    end = len(context.source.text[: body.span.start].rstrip())
    header = Span(context.source, span.start, end)
    return ast.Async(span, tuple(options), body, header, context.docs.get(span.start))


@rule
def if_statement(_: Context, span: Span, first: ast.Branch, *rest: Any) -> ast.If:
    *others, otherwise = rest  # the other branches are a list, if there are any
    return ast.If(span, (first, *(others[0] if others else ())), otherwise)


@rule
def else_if(context: Context, span: Span, condition: ast.Expr, body: ast.Block) -> ast.Branch:
    end = context.source.text.index("if", span.start) + len("if")
    words = Span(context.source, span.start, end)
    context.error("SYN001", words, "`else if` is one word here", "write `elsif`")
    return ast.Branch(span, condition, body)


@rule
def unless(
    _: Context, span: Span, condition: ast.Expr, body: ast.Block, otherwise: ast.Block | None
) -> ast.If:
    branch = ast.Branch(span, condition, body)
    return ast.If(span, (branch,), otherwise, negated=True)


@rule
def assignment_as_condition(
    context: Context, span: Span, left: ast.Expr, equal: Token, right: ast.Expr
) -> ast.Binary:
    where = context.span(equal)
    context.error("SYN001", where, "`=` assigns and cannot be a condition", "compare with `==`")
    return ast.Binary(span, "==", left, right, where)
