"""Generated code renames what it takes from Python if a source has the same name."""

import ast
import builtins
from pathlib import Path
from typing import Any

import pytest
from generated import settings_in, sources_in

from conduit_async.compiler import compile
from conduit_async.emit import layout
from conduit_async.python.imports import Imports

CASES = Path(__file__).parents[1] / "cases"
WITH_CAPITALS = frozenset(name for name in dir(builtins) if name[0].isupper())
"""Builtins whose names a class keeps; a class named like another builtin gets a trailing `_`."""


@pytest.mark.slow
def test_no_builtin_is_used_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each module is generated as if its source had a class with the name of each builtin."""
    plain = Imports.__init__

    def taken(self: Imports, taken: Any = (), records: Any = ()) -> None:
        plain(self, {*taken, *WITH_CAPITALS}, records)

    monkeypatch.setattr(Imports, "__init__", taken)
    monkeypatch.setattr(layout, "lay_out", lambda text: (text, range(text.count("\n") + 2)))
    used: set[str] = set()
    for case in sorted(set(CASES.iterdir()) - {CASES / "builtins-give-way"}):
        for path, text in compile(sources_in(case), settings_in(case)).modules.items():
            names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
            assert not names & WITH_CAPITALS, (case.name, path)
            used |= names
    assert "Exception_" in used
