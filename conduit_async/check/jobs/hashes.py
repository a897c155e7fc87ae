"""Hashes that tell code from other code, whatever its layout and its place."""

from hashlib import sha256
from typing import Any

from msgspec.structs import astuple

from ... import ast
from ...source import Span

_LENGTH = 8


def statement_hashes(block: ast.Async) -> tuple[str, ...]:
    """Return a hash of each statement, outer before inner, in the order of the source.

    They do not depend on comments, whitespace or the place of the block. They leave out nested
    `@async` blocks, which are separate jobs.
    """
    found: list[str] = []
    pending = [*reversed(block.body.statements)]
    while pending:
        statement = pending.pop()
        if not isinstance(statement, ast.Async):
            text, inner = _text(statement)
            found.append(_hash(text))
            pending += reversed(inner)
    return tuple(found)


def hash_of(*nodes: ast.Node) -> str:
    """Return a hash of nodes and all that is in them, as those of `statement_hashes`."""
    texts: list[str] = []
    pending = [*reversed(nodes)]
    while pending:
        text, inner = _text(pending.pop())
        texts.append(text)
        pending += reversed(inner)
    return _hash("\n".join(texts))


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:_LENGTH]


def _text(statement: ast.Node) -> tuple[str, list[ast.Statement]]:
    """A statement as a text without the statements in its blocks, and those statements.

    The statements of a lambda are part of the text.
    """
    parts: list[str] = []
    inner: list[ast.Statement] = []
    lambdas: set[ast.Block] = set()
    pending: list[Any] = [statement]
    while pending:
        value = pending.pop()
        if isinstance(value, ast.Block) and value not in lambdas:
            inner += value.statements
        elif isinstance(value, ast.Node) and not isinstance(value, ast.Async):
            if isinstance(value, ast.Lambda):
                lambdas.add(value.body)
            parts.append(type(value).__name__)
            pending += reversed([each for each in astuple(value) if not isinstance(each, Span)])
        elif isinstance(value, tuple):
            parts.append(f"[{len(value)}]")
            pending += reversed(value)
        elif not isinstance(value, ast.Node):
            parts.append(f"{value:x}" if type(value) is int else repr(value))
    return " ".join(parts), inner
