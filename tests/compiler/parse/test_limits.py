"""Deep nests, long chains and large literals give a tree or a clear diagnostic, never a crash."""

import pytest

from conduit_async import ast
from conduit_async.compiler import diagnose
from conduit_async.diagnostics import Diagnostic, Problems
from conduit_async.parse import parse
from conduit_async.source import Source

pytestmark = pytest.mark.slow

_HOOK = "resource R {{\n  @after create {{\n    let x = {}\n  }}\n}}\n"


def read(text: str) -> tuple[ast.File, tuple[Diagnostic, ...]]:
    problems = Problems()
    return parse(Source("a.conduit", text), problems), problems.sorted()


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("[", "]"), ('"#{', '}"')])
def test_a_nest_of_a_hundred_is_read(opening: str, closing: str) -> None:
    assert read(_HOOK.format(opening * 100 + "1" + closing * 100))[1] == ()


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("[", "]"), ("{", "}"), ('"#{', '}"')]
)
def test_a_deeper_nest_is_one_diagnostic(opening: str, closing: str) -> None:
    for text in (
        _HOOK.format(opening * 10_000 + "1" + closing * 10_000),
        _HOOK.format(opening * 10_000),
        opening * 10_000,
    ):
        (found,) = read(text)[1]
        assert "more than 100 deep" in found.message


def test_a_deep_nest_of_blocks_is_one_diagnostic() -> None:
    (found,) = read(_HOOK.format("1\n" + "if a {\n" * 10_000 + "}" * 10_000))[1]
    assert "more than 100 deep" in found.message


def test_a_deep_type_is_one_diagnostic() -> None:
    (found,) = read("resource R { a: " + "array<" * 5_000 + "int" + ">" * 5_000 + "! }")[1]
    assert found.code == "SYN006"


@pytest.mark.parametrize(
    "chain",
    [
        *(f"a{f' {operator} a' * 20_000}" for operator in ("+", "-", "**", "&&", "??", "==", "in")),
        "a" + ".b" * 20_000,
        "a" + "()" * 20_000,
        "!" * 20_000 + "a",
        "a ? b : " * 20_000 + "c",
        "if a {} ".strip() + " elsif b {}" * 20_000,
    ],
    ids=lambda chain: chain[:8],
)
def test_a_long_chain_is_read(chain: str) -> None:
    text = _HOOK.format(f"1\n{chain}")
    assert read(text)[1] == ()


@pytest.mark.parametrize(
    "repeated",
    [
        "array<", "hash<string, ", "while x {\n", "try { }\n", "def f() { }\n", "let x = 1\n", "é ",
        "end\n", "self.n++\n", '"a\n', "resource A {\n", "@async {", "@a(", "f(|x| {", "x?.", ") ",
    ],
)  # fmt: skip
def test_a_repetition_is_read(repeated: str) -> None:
    """Repairs, unparsed text and names that are kept apart cost the same for each repetition."""
    for text in (_HOOK.format(repeated * 3_000), "resource R {\n  a: " + repeated * 3_000):
        assert diagnose({"a.conduit": text})


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "\0" * 100, "\r", "}" * 1000, '"' * 1001])
def test_odd_sources_are_read(text: str) -> None:
    read(text)


def test_numbers_beyond_bounds_are_diagnostics() -> None:
    assert read(_HOOK.format("9" * 4000))[1] == ()
    (found,) = read(_HOOK.format("9" * 5000))[1]
    assert found.code == "SYN008"
