"""The rules of statements."""

from .. import ast
from ..source import Span
from ..tokens import Token
from .expressions import ExpressionRules


class StatementRules(ExpressionRules):
    """Builds blocks and statements."""

    def block(self, span: Span, statements: list[ast.Statement]) -> ast.Block:
        return ast.Block(span, tuple(statements))

    def let(self, span: Span, name: ast.Name, value: ast.Expr) -> ast.Let:
        return ast.Let(span, name, None, value)

    def let_typed(self, span: Span, name: ast.Name, type: ast.TypeRef, value: ast.Expr) -> ast.Let:
        return ast.Let(span, name, type, value)

    def assign(self, span: Span, target: ast.Expr, value: ast.Expr) -> ast.Assign:
        return ast.Assign(span, target, value)

    def augment(self, span: Span, target: ast.Expr, operator: Token, value: ast.Expr) -> ast.Assign:
        plain, left = operator.text.removesuffix("="), target.span.text
        self.error(
            "SYN001",
            self.span(operator),
            f"there is no `{operator.text}`",
            f"write `{left} = {left} {plain} …`" if "\n" not in left else None,
        )
        return ast.Assign(span, target, value)

    def expression_statement(self, span: Span, value: ast.Expr) -> ast.Statement:
        if (
            isinstance(value, ast.Call)
            and isinstance(value.callee, ast.NameRef)
            and value.callee.name == "error"
            and [_name(argument) for argument in value.arguments] in ([None], ["message"])
        ):
            return ast.Raise(span, value.arguments[0].value)
        return ast.ExprStatement(span, value)

    def rescue(self, span: Span, operand: ast.Expr, body: ast.Block) -> ast.Rescue:
        return ast.Rescue(span, operand, None, body)

    def rescue_named(
        self, span: Span, operand: ast.Expr, name: ast.Name, body: ast.Block
    ) -> ast.Rescue:
        return ast.Rescue(span, operand, name, body)

    def return_value(self, span: Span, value: ast.Expr) -> ast.Return:
        return ast.Return(span, value)

    def return_void(self, span: Span) -> ast.Return:
        return ast.Return(span, None)

    def for_statement(
        self, span: Span, name: ast.Name, iterable: ast.Expr, body: ast.Block
    ) -> ast.For:
        return ast.For(span, name, iterable, body)

    def async_statement(
        self, span: Span, options: list[ast.Argument], body: ast.Block
    ) -> ast.Async:
        header = Span(self.source, span.start, self.end_before(body.span.start))
        return ast.Async(span, tuple(options), body, header, self.docs.get(span.start))

    def end_before(self, offset: int) -> int:
        """Where the text before an offset ends, without the white space between."""
        text = self.source.text
        while text[offset - 1].isspace():
            offset -= 1
        return offset

    # Conditions

    def first_branch(self, span: Span, condition: ast.Expr, body: ast.Block) -> list[ast.Branch]:
        return [ast.Branch(span, condition, body)]

    def next_branch(
        self, _: Span, branches: list[ast.Branch], condition: ast.Expr, body: ast.Block
    ) -> list[ast.Branch]:
        branches.append(ast.Branch(condition.span.to(body.span), condition, body))
        return branches

    def else_if(
        self, span: Span, branches: list[ast.Branch], condition: ast.Expr, body: ast.Block
    ) -> list[ast.Branch]:
        text = self.source.text
        start = text.index("else", branches[-1].span.end)
        end = text.index("if", start) + len("if")
        self.error(
            "SYN001", Span(self.source, start, end), "`else if` is one word here", "write `elsif`"
        )
        return self.next_branch(span, branches, condition, body)

    def if_statement(self, span: Span, branches: list[ast.Branch]) -> ast.If:
        return ast.If(span, tuple(branches), None)

    def if_else(self, span: Span, branches: list[ast.Branch], otherwise: ast.Block) -> ast.If:
        return ast.If(span, tuple(branches), otherwise)

    def unless(self, span: Span, condition: ast.Expr, body: ast.Block) -> ast.If:
        return ast.If(span, (ast.Branch(span, condition, body),), None, negated=True)

    def unless_else(
        self, span: Span, condition: ast.Expr, body: ast.Block, otherwise: ast.Block
    ) -> ast.If:
        branch = ast.Branch(Span(self.source, span.start, body.span.end), condition, body)
        return ast.If(span, (branch,), otherwise, negated=True)

    def assignment_as_condition(
        self, span: Span, left: ast.Expr, equal: Token, right: ast.Expr
    ) -> ast.Binary:
        where = self.span(equal)
        self.error("SYN001", where, "`=` assigns and cannot be a condition", "compare with `==`")
        return ast.Binary(span, "==", left, right, where)


def _name(argument: ast.Argument) -> str | None:
    return argument.name.text if argument.name is not None else None
