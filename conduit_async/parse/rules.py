"""What the rules of the grammar share: reporting, and lists."""

from collections.abc import Callable
from typing import Any

from .. import ast
from ..diagnostics import Diagnostic, Related
from ..source import Source, Span
from ..tokens import Token


class Rules:
    """Builds nodes: the method of a rule gets its span and the values of its symbols."""

    def __init__(
        self, source: Source, docs: dict[int, str], report: Callable[[Diagnostic], None]
    ) -> None:
        self.source = source
        self.docs = docs
        self._report = report
        self.depths: dict[ast.TypeRef, int] = {}

    def error(
        self, code: str, span: Span, message: str, hint: str | None = None, *related: Related
    ) -> None:
        """Note an error; silent while the parser recovers from another."""
        self._report(Diagnostic(code, span, message, hint, "error", related))

    def warning(self, code: str, span: Span, message: str, hint: str | None = None) -> None:
        """Note a warning."""
        self._report(Diagnostic(code, span, message, hint, "warning"))

    def span(self, token: Token) -> Span:
        """The span of a token."""
        return Span(self.source, token.start, token.end)

    def name(self, span: Span, token: Token) -> ast.Name:
        return ast.Name(span, token.text)

    def annotation_name(self, token: Token) -> ast.Name:
        """The name of an annotation without its `@`."""
        return ast.Name(Span(self.source, token.start + 1, token.end), token.text[1:])


def none() -> list[Any]:
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


def nothing() -> None:
    return None


def bad(_: Token) -> None:
    return None


PLAIN: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (none, one, append, append_bad, same, second, nothing, bad)
}
"""What builds values that are no nodes, and so gets no span."""
