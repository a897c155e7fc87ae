"""Builds the values of the grammar's rules: nodes, lists, and the results of functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .. import ast
from ..diagnostics import Diagnostic, Related
from ..source import Source, Span
from ..tokens import Token

Build = TypeVar("Build", bound=Callable[..., Any])

RULES: dict[str, Callable[..., Any]] = {}
"""The functions that build rules, by the names of the rules."""


def rule(function: Build) -> Build:
    """Register the builder of the rule of its name; it takes a `Context`, a span and the values."""
    RULES[function.__name__] = function
    return function


@dataclass
class Context:
    """The data that rules have besides their symbols. `docs` has the doc comments by offset."""

    source: Source
    docs: dict[int, str]
    report: Callable[[Diagnostic], None]
    type_depths: dict[ast.TypeRef, int] = field(default_factory=dict)

    def error(
        self, code: str, span: Span, message: str, hint: str | None = None, *related: Related
    ) -> None:
        """Report an error; the parser drops it while it recovers from another."""
        self.report(Diagnostic(code, span, message, hint, "error", related))

    def warning(self, code: str, span: Span, message: str, hint: str | None = None) -> None:
        """Report a warning."""
        self.report(Diagnostic(code, span, message, hint, "warning"))

    def span(self, token: Token) -> Span:
        """The span of a token."""
        return Span(self.source, token.start, token.end)


def builder(name: str) -> Callable[..., Any]:
    """Return the function that builds a rule; it takes what the functions of `RULES` take."""
    if (function := RULES.get(name)) is not None:
        return function
    kind = getattr(ast, node_name(name), None)
    return _node(kind) if kind is not None else _list


def node_name(rule: str) -> str:
    """`ArrayLiteral` for `array_literal`."""
    return rule.title().replace("_", "")


def _node(kind: type[ast.Node]) -> Callable[..., ast.Node]:
    """Return the builder of a node, with the doc comment if the node can have one."""
    names = kind.__struct_fields__
    if names == ("span",):
        return lambda _, span, *__: kind(span)

    def build(context: Context, span: Span, *values: Any) -> ast.Node:
        doc = {"doc": context.docs.get(span.start)} if "doc" in names else {}
        return kind(span, *map(_field, values), **doc)

    return build


def _field(value: Any) -> Any:
    if type(value) is Token:
        return value.text.removeprefix("@")
    return tuple(value) if type(value) is list else value


def _list(_: Context, __: Span, *values: Any) -> list[Any]:
    """The values, with the items of the lists among them, without tokens such as ERROR."""
    items: list[Any] = values[0] if values and type(values[0]) is list else []
    for value in values:
        if type(value) is not list:
            items += [value] if type(value) is not Token else []
        elif value is not items:
            items += value
    return items


@rule
def same(_: Context, __: Span, value: Any) -> Any:
    """The value of the only symbol that has one."""
    return value
