"""A graph as SVG, laid out by graphlay from left to right; its nodes link to pages."""

from collections.abc import Sequence

import graphlay
from markupsafe import Markup

from .boxes import WIDTH, Node, box, height_of, picture

_MARGIN = 8


def drawing(nodes: Sequence[Node], edges: Sequence[tuple[str, str]], name: str) -> Markup:
    """The graph as SVG; `name` describes it to screen readers."""
    graph = graphlay.Graph()
    for node in nodes:
        graph.node(node.id, width=WIDTH, height=height_of(node))
    known = {node.id for node in nodes}
    for source, target in edges:
        if {source, target} <= known:
            graph.edge(source, target)
    layout = graphlay.layout(graph, options={"direction": "leftright"})
    low, high = layout.bounds["min"], layout.bounds["max"]
    left, top = low["x"] - _MARGIN, low["y"] - _MARGIN
    inner = [_edge(edge["points"]) for edge in layout.edges]
    for node, place in zip(nodes, layout.nodes, strict=True):
        center, size = place["center"], place["size"]
        inner.append(box(node, center["x"] - size["width"] / 2, center["y"] - size["height"] / 2))
    width, height = high["x"] + _MARGIN - left, high["y"] + _MARGIN - top
    return picture(inner, name, x=left, y=top, width=width, height=height)


def _edge(points: Sequence[dict[str, float]]) -> Markup:
    path = " ".join(f"{point['x']:.1f},{point['y']:.1f}" for point in points)
    return Markup('<polyline class="edge" points="{}" marker-end="url(#arrow)"/>').format(path)
