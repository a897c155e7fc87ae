"""The graph as a picture, laid out and drawn by graphlay."""

import unicodedata
from typing import Any

import graphlay

from ..source import printable
from .model import EdgeKind, Graph, NodeKind

_FILLS: dict[NodeKind, str] = {
    "hook": "#ffffff",
    "job": "#e3ecfb",
    "service": "#fdeed8",
    "table": "#e2f3e4",
}
_STROKES: dict[EdgeKind, dict[str, object]] = {
    "calls": {"width": 1.2},
    "enqueues": {"width": 2.4},
    "reads": {"width": 1.2, "dash": "5 4"},
    "writes": {"width": 1.2},
}
_HEIGHT = 34.0
_LETTER = 8.0
_PADDING = 24.0
"""Sizes in pixels; each letter counts as a wide one of the font."""


def as_svg(graph: Graph) -> str:
    """The SVG, with a final newline: hooks are ellipses, enqueues are bold, reads are dashed."""
    drawn = graphlay.Graph()
    for node in graph.nodes:
        label = printable(node.label)
        shape = "ellipse" if node.kind == "hook" else "box"
        width = _PADDING + _LETTER * sum(map(_columns, label))
        drawn.node(node.id, width=width, height=_HEIGHT, shape=shape, label=label)
    for edge in graph.edges:
        drawn.edge(edge.source, edge.target)
    layout = graphlay.layout(drawn, options={"direction": "leftright"})
    scene: dict[str, Any] = layout.sketch_scene()
    for node, box in zip(graph.nodes, scene["nodes"], strict=True):
        box["fill"] = _FILLS[node.kind]
        for content in box["content"]:
            content["wrap"] = None  # wrapping would shorten a label
    for edge, line in zip(graph.edges, scene["edges"], strict=True):
        line["stroke"].update(_STROKES[edge.kind])
    return f"{graphlay.render_scene(scene).rstrip()}\n"


def _columns(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
