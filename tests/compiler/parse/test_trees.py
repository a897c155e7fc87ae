"""Whole sources and their trees, among them the order example of the language page."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from trees import dump

from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.source import Source

_HERE = Path(__file__).parents[1]
_TOURS = sorted((_HERE / "sources").glob("*.conduit"))
_EXAMPLES = sorted((_HERE.parents[1] / "examples").rglob("*.conduit"))


@pytest.mark.parametrize("path", _TOURS, ids=lambda path: path.stem)
def test_tree(path: Path, snapshot: SnapshotAssertion) -> None:
    problems = Problems()
    text = path.read_text(encoding="utf-8")
    tree = dump(parse(Source(path.name, text), problems))
    assert f"{text}\n{'-' * 20}\n{tree}" == snapshot
    assert not problems.has_errors


@pytest.mark.parametrize("path", _EXAMPLES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_examples_have_no_findings(path: Path) -> None:
    problems = Problems()
    parse(Source(path.name, path.read_text(encoding="utf-8")), problems)
    assert problems.sorted() == ()


def test_line_ends_and_byte_order_mark_change_nothing() -> None:
    text = _TOURS[0].read_text(encoding="utf-8")
    plain = dump(parse(Source("a", text), Problems()))
    windows = dump(parse(Source("a", "\ufeff" + text.replace("\n", "\r\n")), Problems()))
    assert windows == plain
