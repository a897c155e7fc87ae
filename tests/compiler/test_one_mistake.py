"""One mistake is one diagnostic: tokens of an example are left out, doubled or misspelt."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conduit_async.compiler import diagnose
from conduit_async.lexer import lex
from conduit_async.source import Source

EXAMPLE = Path(__file__).parents[2] / "examples/blog/resources"
SOURCES = {path.name: path.read_text("utf-8") for path in sorted(EXAMPLE.glob("*.conduit"))}
POST = SOURCES["post.conduit"]
STEP = 11
"""Of how many tokens one is tried."""


def without(token: str) -> str:
    return ""


def doubled(token: str) -> str:
    return f"{token} {token}" if token[-1].isalnum() else token * 2


def misspelt(token: str) -> str:
    return re.sub(r"^(@?\w)(\w)(\w)", r"\1\3\2", token)


def mistakes(change: Callable[[str], str]) -> Iterator[int]:
    """How many diagnostics each mistake brings."""
    assert diagnose(SOURCES) == ()
    tokens = [
        token for token in lex(Source("post.conduit", POST)).tokens if token.end > token.start
    ]
    for token in tokens[::STEP]:
        old = POST[token.start : token.end]
        if (new := change(old)) != old:
            text = POST[: token.start] + new + POST[token.end :]
            yield len(diagnose({**SOURCES, "post.conduit": text}))


@pytest.mark.parametrize("change", [without, doubled, misspelt])
def test_one_mistake_is_one_diagnostic(change: Callable[[str], str]) -> None:
    counts = [count for count in mistakes(change) if count]
    assert counts.count(1) >= 0.85 * len(counts)
    assert max(counts) <= 5
