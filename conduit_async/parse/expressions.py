"""The rules of expressions."""

from dataclasses import replace
from typing import cast

from .. import ast
from ..lexer import literals
from ..source import Span
from ..tokens import Token
from .rules import Rules

_BINARY = {"||": "or", "&&": "and"}


class ExpressionRules(Rules):
    """Builds expressions, arguments, lambdas, strings and patterns."""

    # Operators

    def binary(self, span: Span, left: ast.Expr, operator: Token, right: ast.Expr) -> ast.Binary:
        text = cast("ast.BinaryOperator", _BINARY.get(operator.text, operator.text))
        return ast.Binary(span, text, left, right, self.span(operator))

    def unary(self, span: Span, operator: Token, operand: ast.Expr) -> ast.Unary:
        return ast.Unary(span, "-" if operator.type == "NEGATE" else "not", operand)

    def ternary(
        self, span: Span, condition: ast.Expr, then: ast.Expr, otherwise: ast.Expr
    ) -> ast.Ternary:
        return ast.Ternary(span, condition, then, otherwise)

    def member(
        self, span: Span, target: ast.Expr | ast.Wildcard, dot: Token, name: ast.Name
    ) -> ast.Member:
        if isinstance(target, ast.Wildcard):  # of a pattern such as `_.a`
            target = ast.NameRef(target.span, "_")
        return ast.Member(span, target, name, dot.text == "?.")

    def call(self, span: Span, callee: ast.Expr, arguments: list[ast.Argument]) -> ast.Call:
        return ast.Call(span, callee, tuple(arguments))

    def index(self, span: Span, target: ast.Expr, index: ast.Expr) -> ast.Index:
        return ast.Index(span, target, index)

    def unwrap(self, span: Span, operand: ast.Expr) -> ast.Unwrap:
        return ast.Unwrap(span, operand)

    def group(self, _: Span, inner: ast.Expr) -> ast.Expr:
        if isinstance(inner, ast.Member | ast.Call | ast.Index):
            return replace(inner, closed=True)
        return inner

    # Literals

    def int_literal(self, span: Span, token: Token) -> ast.Int:
        return ast.Int(span, int(token.text))

    def float_literal(self, span: Span, token: Token) -> ast.Float:
        return ast.Float(span, float(token.text))

    def duration(self, span: Span, token: Token) -> ast.Duration:
        amount, _, unit = token.text.rpartition(".")
        singular = cast("ast.DurationUnit", unit.removesuffix("s"))
        return ast.Duration(span, literals.amount(amount), singular)

    def symbol(self, span: Span, token: Token) -> ast.Symbol:
        return ast.Symbol(span, token.text)

    def regex(self, span: Span, token: Token) -> ast.Regex | ast.BadExpr:
        end = token.text.rindex("/")
        try:
            pattern, flags = literals.regex(token.text[1:end], token.text[end + 1 :])
        except literals.BadLiteralError as error:
            self.bad_literal("VAL522", span.start, error)
            return ast.BadExpr(span)
        return ast.Regex(span, pattern, flags)

    def true(self, span: Span, _: Token) -> ast.Bool:
        return ast.Bool(span, True)

    def false(self, span: Span, _: Token) -> ast.Bool:
        return ast.Bool(span, False)

    def nil(self, span: Span, _: Token) -> ast.Nil:
        return ast.Nil(span)

    def self_ref(self, span: Span, _: Token) -> ast.SelfRef:
        return ast.SelfRef(span)

    def name_ref(self, span: Span, token: Token) -> ast.NameRef:
        return ast.NameRef(span, token.text)

    def bad_expression(self, span: Span, _: Token) -> ast.BadExpr:
        return ast.BadExpr(span)

    def empty_array(self, span: Span) -> ast.ArrayLiteral:
        return ast.ArrayLiteral(span, ())

    def array(self, span: Span, items: list[ast.Expr]) -> ast.ArrayLiteral:
        return ast.ArrayLiteral(span, tuple(items))

    def empty_hash(self, span: Span) -> ast.HashLiteral:
        return ast.HashLiteral(span, ())

    def hash_literal(self, span: Span, entries: list[ast.Entry]) -> ast.HashLiteral:
        return ast.HashLiteral(span, tuple(entries))

    def entry(self, span: Span, key: ast.Name, value: ast.Expr) -> ast.Entry:
        return ast.Entry(span, ast.String(key.span, (key.text,)), value)

    def computed_entry(self, span: Span, key: ast.Expr, value: ast.Expr) -> ast.Entry:
        return ast.Entry(span, key, value)

    # Strings

    def plain_string(self, span: Span, token: Token) -> ast.String:
        text = self.unescaped(token.text, span.start + 1)
        return ast.String(span, (text,) if text else ())

    def interpolated(self, span: Span, parts: list[str | ast.Expr]) -> ast.String:
        merged: list[str | ast.Expr] = []
        for part in parts:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part != "":
                merged.append(part)
        return ast.String(span, tuple(merged))

    def text(self, span: Span, token: Token) -> str:
        return self.unescaped(token.text, span.start)

    def interpolation(self, _: Span, value: ast.Expr) -> ast.Expr:
        return value

    def empty_interpolation(self, span: Span) -> ast.BadExpr:
        hint = "write an expression between the braces, or `\\#{}` for the characters themselves"
        self.error("SYN009", span, "this interpolation `#{}` is empty", hint)
        return ast.BadExpr(span)

    def unescaped(self, raw: str, start: int) -> str:
        """The value of a piece of a string."""
        text, errors = literals.unescape(raw)
        for error in errors:
            self.bad_literal("SYN009", start, error)
        return text

    def bad_literal(self, code: str, start: int, error: literals.BadLiteralError) -> None:
        """Report what is wrong with the literal that starts there."""
        span = Span(self.source, start + error.start, start + error.end)
        self.error(code, span, str(error), error.hint)

    # Arguments

    def positional(self, span: Span, value: ast.Expr) -> ast.Argument:
        return ast.Argument(span, None, value)

    def named(self, span: Span, name: ast.Name, value: ast.Expr) -> ast.Argument:
        return ast.Argument(span, name, value)

    def block_lambda(self, span: Span, names: list[ast.Name], body: ast.Block) -> ast.Lambda:
        return ast.Lambda(span, tuple(names), body)

    def empty_lambda(self, span: Span, body: ast.Block) -> ast.Lambda:
        return ast.Lambda(span, (), body)

    def arrow_lambda(self, span: Span, names: list[ast.Name], value: ast.Expr) -> ast.Lambda:
        return ast.Lambda(span, tuple(names), self.short_body(value))

    def empty_arrow_lambda(self, span: Span, value: ast.Expr) -> ast.Lambda:
        return ast.Lambda(span, (), self.short_body(value))

    def short_body(self, value: ast.Expr) -> ast.Block:
        """A block that consists of an expression after `=>`."""
        return ast.Block(value.span, (ast.ExprStatement(value.span, value),))

    # Match

    def match(self, span: Span, subject: ast.Expr, arms: list[ast.Arm]) -> ast.Match:
        return ast.Match(span, subject, tuple(arms))

    def match_with_last(
        self, span: Span, subject: ast.Expr, arms: list[ast.Arm], last: ast.Arm
    ) -> ast.Match:
        return ast.Match(span, subject, (*arms, last))

    def block_arm(self, span: Span, patterns: list[ast.Pattern], body: ast.Block) -> ast.Arm:
        return ast.Arm(span, tuple(patterns), body)

    def arrow_arm(self, span: Span, patterns: list[ast.Pattern], value: ast.Expr) -> ast.Arm:
        return ast.Arm(span, tuple(patterns), self.short_body(value))

    def else_arm(self, span: Span, body: ast.Block) -> ast.Arm:
        return ast.Arm(span, (ast.Wildcard(self.else_span(span)),), body)

    def else_arrow_arm(self, span: Span, value: ast.Expr) -> ast.Arm:
        return ast.Arm(span, (ast.Wildcard(self.else_span(span)),), self.short_body(value))

    def else_span(self, arm: Span) -> Span:
        """The span of an arm's `else`."""
        return Span(self.source, arm.start, arm.start + len("else"))

    def pattern_name(self, span: Span, token: Token) -> ast.NameRef | ast.Wildcard:
        return ast.Wildcard(span) if token.text == "_" else ast.NameRef(span, token.text)
