"""The rules of statements that are not just a node of their symbols."""

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
def first_branch(_: Context, span: Span, condition: ast.Expr, body: ast.Block) -> list[ast.Branch]:
    return [ast.Branch(span, condition, body)]


@rule
def next_branch(
    _: Context, __: Span, branches: list[ast.Branch], condition: ast.Expr, body: ast.Block
) -> list[ast.Branch]:
    branches.append(ast.Branch(condition.span.to(body.span), condition, body))
    return branches


@rule
def else_if(
    context: Context,
    span: Span,
    branches: list[ast.Branch],
    condition: ast.Expr,
    body: ast.Block,
) -> list[ast.Branch]:
    text = context.source.text
    start = text.index("else", branches[-1].span.end)
    words = Span(context.source, start, text.index("if", start) + len("if"))
    context.error("SYN001", words, "`else if` is one word here", "write `elsif`")
    return next_branch(context, span, branches, condition, body)


@rule
def unless(
    context: Context,
    span: Span,
    condition: ast.Expr,
    body: ast.Block,
    otherwise: ast.Block | None = None,
) -> ast.If:
    branch = ast.Branch(Span(context.source, span.start, body.span.end), condition, body)
    return ast.If(span, (branch,), otherwise, negated=True)


@rule
def assignment_as_condition(
    context: Context, span: Span, left: ast.Expr, equal: Token, right: ast.Expr
) -> ast.Binary:
    where = context.span(equal)
    context.error("SYN001", where, "`=` assigns and cannot be a condition", "compare with `==`")
    return ast.Binary(span, "==", left, right, where)
