"""Parsing ends for any text, with a tree and at most a hundred diagnostics."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conduit_async import ast
from conduit_async.diagnostics import MAX_DIAGNOSTICS, Problems
from conduit_async.lexer import lex
from conduit_async.parse import parse
from conduit_async.render import as_json, as_text
from conduit_async.source import Source

_SOURCES = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parents[1] / "sources").glob("*.conduit"))
]
_PIECES = sorted({
    text[token.start : token.end]
    for text in _SOURCES
    for token in lex(Source("a", text)).tokens
    if token.end - token.start < 20
} | {"\n", " ", '"', "#{", "}", "/", "###", "//", "\\", "é", "'", ";", "\0"})  # fmt: skip


def read(text: str) -> None:
    problems = Problems()
    tree = parse(Source("a.conduit", text), problems)
    assert isinstance(tree, ast.File)
    found = problems.sorted()
    assert len(found) <= MAX_DIAGNOSTICS
    for diagnostic in found:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
    as_text(found, color=True)
    as_json(1, found)


@pytest.mark.slow
@given(st.text())
@settings(max_examples=150, deadline=None)
def test_any_text(text: str) -> None:
    read(text)


@pytest.mark.slow
@given(st.lists(st.sampled_from(_PIECES), max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_tokens(pieces: list[str]) -> None:
    read(" ".join(pieces))
    read("".join(pieces))
    read(f"resource R {{\n  @after create {{\n{' '.join(pieces)}\n  }}\n}}\n")


@pytest.mark.slow
@given(
    st.sampled_from(_SOURCES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5), st.sampled_from(_PIECES)), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_damaged_sources(text: str, edits: list[tuple[float, int, str]]) -> None:
    for where, width, piece in edits:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + width :]
    read(text)
