"""Tokens: where each ends, what determines its type, and the comments above it."""

import pytest

from conduit_async.lexer import lex
from conduit_async.source import Source


def types(text: str) -> list[str]:
    lexed = lex(Source("a", text))
    assert lexed.problems == []
    return [token.type for token in lexed.tokens[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x?", ["PREDICATE"]),
        ("x?.y", ["NAME", "DOT", "NAME"]),
        ("x??y", ["NAME", "COALESCE", "NAME"]),
        ("x ?", ["NAME", "QUESTION"]),
        ("x!", ["NAME", "_BANG"]),
        ("x!()", ["MUTATOR", "_CALL", "RPAR"]),
        ("x !y", ["NAME", "NOT", "NAME"]),
        ("if!(x)", ["IF", "NOT", "LPAR", "NAME", "RPAR"]),
        ("a.if", ["NAME", "DOT", "NAME"]),
        ("f(x)", ["NAME", "_CALL", "NAME", "RPAR"]),
        ("= (x)", ["EQUAL", "LPAR", "NAME", "RPAR"]),
        ("((x) => y)", ["LPAR", "_ARROW_PAREN", "NAME", "RPAR", "FAT_ARROW", "NAME", "RPAR"]),
        ("a - -b", ["NAME", "MINUS", "NEGATE", "NAME"]),
        ("a / b", ["NAME", "TIMES", "NAME"]),
        ("= /b/", ["EQUAL", "REGEX"]),
        ("a || b", ["NAME", "OR", "NAME"]),
        ("(|| {})", ["LPAR", "_EMPTY_PIPES", "LBRACE", "RBRACE", "RPAR"]),
        ("1..5", ["INT", "RANGE", "INT"]),
        ("1.5", ["FLOAT"]),
        ("5.abs", ["INT", "DOT", "NAME"]),
        ("5.days", ["DURATION"]),
        ("5.daylight", ["INT", "DOT", "NAME"]),
        ("c ? a :b", ["NAME", "QUESTION", "NAME", "COLON", "NAME"]),
        ("f(:b)", ["NAME", "_CALL", "SYMBOL", "RPAR"]),
        ("array<a>!", ["NAME", "LESS", "NAME", "GREATER", "NOT"]),
        ('"a#{b}"', ["_QUOTE", "TEXT", "_INTERPOLATE", "NAME", "_INTERPOLATE_END", "_QUOTE_END"]),
        ('"a#b"', ["STRING"]),
        ("and: 1", ["NAME", "COLON", "INT"]),
        ("return\n1", ["_RETURN_VOID", "INT"]),
        ("return 1", ["RETURN", "INT"]),
        ("a //b\n#c\n##### d\n### e\n ### b", ["NAME", "NAME"]),
    ],
)  # fmt: skip
def test_types(text: str, expected: list[str]) -> None:
    assert types(text) == expected


def test_positions() -> None:
    text = 'let x = "é#{y}" # z\n  foo(1)'
    for token in lex(Source("a", text)).tokens:
        assert text[token.start : token.end].strip('"') in (token.text, token.text[1:])


def test_doc_comments_are_directly_above() -> None:
    text = """/// far

/// first
///   second
resource A {
  // no doc
  /// one
  // between
  a: int!
  b: int! /// behind
  c: int!
  //// none
  d: int!
}
"""
    docs = lex(Source("a", text)).docs
    assert {text[start:].split()[0]: doc for start, doc in docs.items()} == {
        "resource": "first\n  second"
    }
