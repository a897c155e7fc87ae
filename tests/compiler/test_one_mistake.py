"""One mistake gives one diagnostic nearby: parts of the examples are left out or changed."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from sizes import step

from conduit_async.compiler import diagnose
from conduit_async.diagnostics import Diagnostic
from conduit_async.lexer import lex
from conduit_async.source import Source

EXAMPLES = Path(__file__).parents[2] / "examples"
STEP = step(4)
"""Of each kind of mistake, and of the damaged lines, one in so many is tried."""

VALUES = frozenset(
    {"INT", "STRING", "FLOAT", "TRUE", "FALSE", "NIL", "REGEX", "SYMBOL", "DURATION"}
)
SIGNS = frozenset({"EQUAL", "ARROW", "FAT_ARROW", "PIPE"})
OPERATORS = frozenset({
    "PLUS", "MINUS", "TIMES", "EQUALITY", "COMPARE", "AND", "OR", "COALESCE", "DOT",
})  # fmt: skip
ALWAYS_FOUND = {
    "a colon is left out": 0.98,
    "a bracket is left out": 0.98,
    "a quote is left out": 0.98,
    "an @ is left out": 1.0,
    "a marker is left out": 1.0,
    "a sign is left out": 1.0,
}
"""Kinds that never leave a valid source, each with the least share that gives one diagnostic."""

OFTEN_VALID = {
    "a comma is left out": 1.0,
    "an operator is left out": 0.97,
    "a value is left out": 0.94,
    "a word is left out": 0.98,
    "a use is misspelt": 0.97,
    "a literal is another": 0.98,
}
"""Kinds that may leave a valid source, since a service has any method.

The share is that of the mistakes found.
"""


@dataclass(frozen=True)
class Mistake:
    """A source with one mistake, and the line of the mistake."""

    path: str
    text: str
    line: int


@cache
def sources(example: str) -> dict[str, str]:
    folder = EXAMPLES / example / "resources"
    found = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.conduit"))}
    assert diagnose(found) == ()
    return found


def changes(text: str) -> Iterator[tuple[str, int, int, str]]:
    """Each mistake: its kind, its start and end in the text, and the replacement."""
    tokens = [token for token in lex(Source("a", text)).tokens if token.end > token.start]
    for index, token in enumerate(tokens):
        old, start, end = text[token.start : token.end], token.start, token.end
        if token.type == "COLON":
            yield "a colon is left out", start, end, ""
        elif token.type == "COMMA":
            yield "a comma is left out", start, end, ""
        elif token.type == "_BANG":
            yield "a marker is left out", start, end, ""
        elif token.type in SIGNS:
            yield "a sign is left out", start, end, ""
        elif token.type in OPERATORS:
            yield "an operator is left out", start, end, ""
        elif token.type in VALUES:
            yield "a value is left out", start, end, ""
            yield "a literal is another", start, end, "3" if old[0] in '"tfn' else '"x"'
            if token.type == "STRING":
                yield "a quote is left out", start, end, old[:-1]
                yield "a quote is left out", start, end, old[1:]
        elif old in "()[]{}<>":
            yield "a bracket is left out", start, end, ""
        elif re.match(r"@?\w", old):
            yield "a word is left out", start, end, ""
            if old[0] == "@":
                yield "an @ is left out", start, end, old[1:]
            swapped = re.sub(r"^(@?\w)(\w)(\w)", r"\1\3\2", old)
            if swapped != old and not _declares(text, tokens[index - 1].type, end):
                yield "a use is misspelt", start, end, swapped


def _declares(text: str, before: str, end: int) -> bool:
    """Whether a name is declared here: misspelling it would make each of its uses a mistake."""
    return before in ("LET", "RESOURCE", "FUNCTION", "SCOPE", "COMPUTED") or text[end] == ":"


def mistakes(kind: str) -> Iterator[Mistake]:
    count = 0
    for example in ("blog", "shop"):
        for path, text in sources(example).items():
            for found, start, end, new in changes(text):
                count += found == kind
                if found == kind and count % STEP == 0:
                    line = text.count("\n", 0, start) + 1
                    yield Mistake(f"{example}/{path}", text[:start] + new + text[end:], line)


def reported(mistake: Mistake) -> list[Diagnostic]:
    example, _, path = mistake.path.partition("/")
    return list(diagnose({**sources(example), path: mistake.text}))


def is_near(found: Diagnostic, mistake: Mistake) -> bool:
    """Whether a diagnostic is on the line of a mistake, beside it, or at the bracket it closes."""
    text = found.span.source.text
    end = found.span.line + found.span.text.count("\n")
    opens = found.code in ("SYN010", "SYN011") and text[found.span.start] in "([{"
    reach = mistake.line if opens else max(end, found.span.line) + 1
    return found.span.line - 2 <= mistake.line <= reach


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*ALWAYS_FOUND, *OFTEN_VALID])
def test_one_mistake_is_one_diagnostic(kind: str) -> None:
    all_found = [(mistake, reported(mistake)) for mistake in mistakes(kind)]
    counts = Counter(len(found) for _, found in all_found)
    far = [
        (mistake.path, mistake.line, found)
        for mistake, found in all_found
        if len(found) == 1 and not is_near(found[0], mistake)
    ]
    if kind in ALWAYS_FOUND:
        assert not counts[0]
    told = len(all_found) - counts[0]
    assert told >= 8
    assert counts[1] >= (ALWAYS_FOUND | OFTEN_VALID)[kind] * told, counts
    assert max(counts) <= 3
    assert len(far) <= 0.05 * told, far


def damaged_lines(text: str) -> Iterator[str]:
    """The text without a line, with it twice, and with it after the next one, for each line."""
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines):
        before, after = lines[:at], lines[at + 1 :]
        yield "".join([*before, *after])
        yield "".join([*before, line, line, *after])
        yield "".join([*before, *after[:1], line, *after[1:]])


@pytest.mark.slow
@pytest.mark.parametrize("example", ["blog", "shop", "fastapi-tickets", "django-shop"])
def test_a_damaged_line_is_at_most_three_errors(example: str) -> None:
    for path, text in sources(example).items():
        for damaged in islice(damaged_lines(text), None, None, STEP):
            found = reported(Mistake(f"{example}/{path}", damaged, 0))
            errors = [each for each in found if each.severity == "error"]
            assert len(errors) <= 3, (damaged, errors)
