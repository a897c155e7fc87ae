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


def builder(name: str, context: Context) -> Callable[..., Any] | None:
    """What builds a rule from a span and the values of its symbols."""
    if (function := RULES.get(name)) is not None:
        return partial(function, context)
    kind = getattr(ast, name.title().replace("_", ""), None)
    return _node(kind, context) if isinstance(kind, type) else None


def _node(kind: type[ast.Node], context: Context) -> Callable[..., ast.Node]:
    """A node of the values that are no tokens, with its doc comment if it has one."""
    has_doc = "doc" in kind.__struct_fields__

    def build(span: Span, *values: Any) -> ast.Node:
        parts = [
            tuple(value) if type(value) is list else value
            for value in values
            if type(value) is not Token
        ]
        doc = {"doc": context.docs.get(span.start)} if has_doc else {}
        return kind(span, *parts, **doc)

    return build


def none(*_: Any) -> list[Any]:
    return []


def one(item: Any) -> list[Any]:
    return [] if item is None else [item]


def append(items: list[Any], item: Any) -> list[Any]:
    if item is not None:
        items.append(item)
    return items


def append_bad(items: list[Any], _: Token) -> list[Any]:
    return items


def same(value: Any) -> Any:
    return value


def second(_: Any, value: Any) -> Any:
    return value


def nothing(*_: Any) -> None:
    return None


PLAIN: dict[str, Callable[..., Any]] = {
    **{each.__name__: each for each in (none, one, append, append_bad, same, second, nothing)},
    "bad": nothing,
}
"""What builds values that are no nodes, and so gets no span."""
