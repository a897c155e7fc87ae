"""Checking a long chain uses no Python stack; blocks nest as deep as allowed."""

import pytest

from conduit_async.check import check
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.source import Source

pytestmark = pytest.mark.slow

LONG = 4_000
DEEP = 97


def problems_of(statements: str) -> list[str]:
    text = f"""
        resource Post {{
            id: uuid! @primary
            title: string!
            note: text?
            views: int!
            tags: array<string>!
            @after create @async {{ {statements} }}
        }}
    """
    problems = Problems()
    check([parse(Source("post.conduit", text), problems)], Config(), problems)
    found = [d for d in problems.sorted() if d.severity == "error"]
    return [d.message for d in found if d.code != "GEN690"]  # Python allows less nesting


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(" + ".join(["self.views"] * LONG), id="sum"),
        pytest.param(" && ".join(["self.note"] * LONG), id="and"),
        pytest.param(" ?? ".join(["self.note"] * LONG), id="otherwise"),
        pytest.param(" ** ".join(["self.views"] * LONG), id="power"),
        pytest.param("self.note ? 1 : " * LONG + "2", id="ternary"),
        pytest.param("!" * LONG + "self.views", id="not"),
        pytest.param("self.title" + ".upcase()" * LONG, id="methods"),
        pytest.param("Cache.get(self.title)" + "[0]" * LONG, id="indexes"),
        pytest.param("Cache.get(self.title)" + "?.a" * LONG, id="optional chain"),
    ],
)
def test_a_long_chain(value: str) -> None:
    assert problems_of(f"Email.send({value})") == []


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param("if self.note { " * DEEP + "Email.send(1)" + " }" * DEEP, id="if"),
        pytest.param("for x in self.tags { " * DEEP + "Email.send(x)" + " }" * DEEP, id="for"),
        pytest.param(
            "let x = " + "match self.views { _ => " * DEEP + "1" + " }" * DEEP + " Email.send(x)",
            id="match",
        ),
        pytest.param(
            "let x = " + "Search.find(1) rescue { " * DEEP + "1" + " }" * DEEP + " Email.send(x)",
            id="rescue",
        ),
        pytest.param(
            "Email.send(" + "self.tags.map(|t| { " * (DEEP // 2) + "1" + " })" * (DEEP // 2) + ")",
            id="lambda",
        ),
        pytest.param("Email.send(" + "String.trim(" * DEEP + '"a"' + ")" * DEEP + ")", id="call"),
        pytest.param(
            "Email.send(" + '"a".replace("b", ' * DEEP + '"c"' + ")" * DEEP + ")", id="method"
        ),
        pytest.param("Email.send(" + "Email.find(" * DEEP + "1" + ")" * DEEP + ")", id="service"),
        pytest.param("Email.send(" + "[" * DEEP + "1" + "]" * DEEP + ")", id="array"),
        pytest.param("Email.send(" + "{ a: " * DEEP + "1" + " }" * DEEP + ")", id="hash"),
        pytest.param(
            "Email.send("
            + "count(Post.where(views: " * (DEEP // 2)
            + "1"
            + "))" * (DEEP // 2)
            + ")",
            id="query",
        ),
    ],
)
def test_deep_nesting(statements: str) -> None:
    assert problems_of(statements) == []
