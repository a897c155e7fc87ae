"""What the rules of the grammar build: nodes, lists, and values of functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from .. import ast
from ..diagnostics import Diagnostic, Related
from ..source import Source, Span
from ..tokens import Token

Build = TypeVar("Build", bound=Callable[..., Any])

RULES: dict[str, Callable[..., Any]] = {}
"""The functions that build rules, by the names of these."""


def rule(function: Build) -> Build:
    """Let a function build the rule of its name: from a `Context`, a span and symbols' values."""
    RULES[function.__name__] = function
    return function


@dataclass
class Context:
    """What rules know beside their symbols. `docs` has the doc comments by offset."""

    source: Source
    docs: dict[int, str]
    report: Callable[[Diagnostic], None]
    type_depths: dict[ast.TypeRef, int] = field(default_factory=dict)

    def error(
        self, code: str, span: Span, message: str, hint: str | None = None, *related: Related
    ) -> None:
        """Note an error; silent while the parser recovers from another."""
        self.report(Diagnostic(code, span, message, hint, "error", related))

    def warning(self, code: str, span: Span, message: str, hint: str | None = None) -> None:
        """Note a warning."""
        self.report(Diagnostic(code, span, message, hint, "warning"))

    def span(self, token: Token) -> Span:
        """The span of a token."""
        return Span(self.source, token.start, token.end)


def builder(name: str, context: Context) -> Callable[..., Any]:
    """What builds a rule from a span and the values of its symbols."""
    if (function := RULES.get(name)) is not None:
        return partial(function, context)
    kind = getattr(ast, node_name(name), None)
    return _node(kind, context) if kind is not None else _list


def node_name(rule: str) -> str:
    """`ArrayLiteral` for `array_literal`."""
    return rule.title().replace("_", "")


def _node(kind: type[ast.Node], context: Context) -> Callable[..., ast.Node]:
    """A node of the values, with its doc comment if it has one."""
    names = kind.__struct_fields__
    if names == ("span",):
        return lambda span, *_: kind(span)

    def build(span: Span, *values: Any) -> ast.Node:
        doc = {"doc": context.docs.get(span.start)} if "doc" in names else {}
        return kind(span, *map(_field, values), **doc)

    return build


def _field(value: Any) -> Any:
    if type(value) is Token:
        return value.text.removeprefix("@")
    return tuple(value) if type(value) is list else value


def _list(_: Span, *values: Any) -> list[Any]:
    """The values, and those of lists among them; tokens such as ERROR are left out."""
    items: list[Any] = values[0] if values and type(values[0]) is list else []
    for value in values:
        if type(value) is not list:
            items += [value] if type(value) is not Token else []
        elif value is not items:
            items += value
    return items


@rule
def same(_: Context, __: Span, value: Any) -> Any:
    """The value of the one symbol that has one."""
    return value
