"""Every node has a span, inside the span of its parent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import astuple

from conduit_async import ast
from conduit_async.analyses.walk import children
from conduit_async.diagnostics import Problems
from conduit_async.parse import parse
from conduit_async.source import Source

_HERE = Path(__file__).parents[1]
_SOURCES = [
    *sorted((_HERE / "sources").glob("*.conduit")),
    *sorted((_HERE.parents[1] / "examples").rglob("*.conduit")),
]


def pairs(node: ast.Node) -> Iterator[tuple[ast.Node, ast.Node]]:
    for child in children(node):
        yield node, child
        yield from pairs(child)


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: path.stem)
def test_spans(path: Path) -> None:
    tree = parse(Source(path.name, path.read_text(encoding="utf-8")), Problems())
    for outer, inner in pairs(tree):
        values = [
            each for part in astuple(inner) for each in (part if type(part) is tuple else [part])
        ]
        assert children(inner) == [each for each in values if isinstance(each, ast.Node)]
        assert outer.span.start <= inner.span.start <= inner.span.end <= outer.span.end
        text = inner.span.text
        assert text == text.strip()
        match inner:
            case ast.Name(text=name):
                assert text == name
            case ast.NameRef(name=name):
                assert text == name
            case ast.Symbol(name=name):
                assert text == f":{name}"
            case ast.Int(value=value):
                assert int(text) == value
            case ast.Binary(operator_span=span):
                assert inner.left.span.end <= span.start < span.end <= inner.right.span.start
            case ast.Call():
                assert text.endswith(")")
            case ast.Block(statements=[*_]) if not isinstance(outer, ast.Lambda | ast.Arm):
                assert text.endswith("}")
            case ast.Hook(header=header) | ast.Async(header=header):
                assert text.startswith(header.text)
                assert header.text.startswith("@")
