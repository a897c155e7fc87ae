"""Functions that need services or the database, directly or through their calls."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from conduit_async import ast
from conduit_async.analyses.walk import walk
from conduit_async.check import check
from conduit_async.check.jobs import reach
from conduit_async.config import Config
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.program import FunctionInfo
from conduit_async.source import Source


def functions_of(members: str, call: str) -> dict[str, FunctionInfo]:
    text = f"""
        resource Post {{
            id: uuid! @primary
            views: int!
            @scope fresh {{ where: {{ views: Api.least() }} }}
            {members}
            @after update @async {{ Api.a({call}) }}
        }}
    """
    problems = Problems()
    program = check([parse(Source("post.conduit", text), problems)], Config(), problems)
    assert program is not None
    assert problems.sorted() == ()
    return program.resources["Post"].functions


def test_uses_of_functions() -> None:
    functions = functions_of(
        """
        @function plain(k: int) -> int { return k + self.views }
        @function fresh_count() -> int { return Post.fresh.count }
        @function more() -> int { return fresh_count() + plain(1) }
        @function left(k: int) -> int { if k > 3 { return 1 } return right(k + 1) }
        @function right(k: int) -> int { if k > 5 { return Api.x() } return left(k + 1) }
        @function given(k: int = Api.x()) -> int { return plain(k) }
        """,
        "more(), left(1), given()",
    )
    uses = {name: (each.uses_services, each.uses_database) for name, each in functions.items()}
    assert uses == {
        "plain": (False, False),
        "fresh_count": (True, True),
        "more": (True, True),
        "left": (True, False),
        "right": (True, False),
        "given": (True, False),
    }


def test_long_chains_of_calls_are_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: Counter[object] = Counter()

    def counting(*arguments: Any) -> Iterator[ast.Node]:
        walked[arguments[0]] += 1
        return walk(*arguments)

    monkeypatch.setattr(reach, "walk", counting)
    links = [f"@function f{n}() -> int {{ return f{n + 1}() }}" for n in range(300)]
    functions = functions_of("\n".join([*links, "@function f300() -> int { Api.x() }"]), "f0()")
    assert all(function.uses_services for function in functions.values())
    assert {walked[function.body] for function in functions.values()} == {1}
