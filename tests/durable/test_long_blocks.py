"""The work of the compiler for the steps of a block grows with the length of the block."""

import pytest
from blocks import SETTINGS, Block, source_of
from generated import compiled

from conduit_async.analyses import walk as walks
from conduit_async.check.jobs import kept_values, second_runs


@pytest.mark.parametrize("line", ["One.send({0})", "let x{0} = Ask.hash()\nOne.send(x{0}.age)"])
def test_statements_are_searched_once(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    visited = 0

    def noted(node: object, *stop: object) -> object:
        nonlocal visited
        for each in walks.walk(node, *stop):  # type: ignore[arg-type]
            visited += 1
            yield each

    monkeypatch.setattr(kept_values, "walk", noted)
    monkeypatch.setattr(second_runs, "own_nodes", noted)
    found = []
    for length in (40, 80):
        visited = 0
        text = "\n".join(line.format(number) for number in range(length))
        compiled(source_of([Block("long", text, [])]), SETTINGS)
        found.append(visited)
    short, long = found
    assert 0 < short < long < short * 2.2
