"""A graph as SVG, laid out by graphlay from left to right; its nodes link to pages."""

from collections.abc import Sequence
from dataclasses import dataclass

import graphlay
from conduit_runtime.model.text.printable import one_line
from markupsafe import Markup

_WIDTH, _HEIGHT, _LINE = 200, 40, 17
"""Pixels of a node, and of each further line of text in it."""
_LETTERS = 26
"""Letters of a line of text that a node has room for."""
_MARGIN = 8


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a graph.

    `look` is its class, such as a status; `notes` are lines of small text below its label.
    """

    id: str
    label: str
    notes: Sequence[str] = ()
    look: str = ""
    href: str | None = None


def drawing(nodes: Sequence[Node], edges: Sequence[tuple[str, str]], name: str) -> Markup:
    """The graph as SVG; `name` says what it shows to those who do not see it."""
    graph = graphlay.Graph()
    for node in nodes:
        graph.node(node.id, width=_WIDTH, height=_HEIGHT + _LINE * len(node.notes))
    known = {node.id for node in nodes}
    for source, target in edges:
        if {source, target} <= known:
            graph.edge(source, target)
    layout = graphlay.layout(graph, options={"direction": "leftright"})
    low, high = layout.bounds["min"], layout.bounds["max"]
    left, top = low["x"] - _MARGIN, low["y"] - _MARGIN
    width, height = high["x"] + _MARGIN - left, high["y"] + _MARGIN - top
    inner = [_edge(edge["points"]) for edge in layout.edges]
    inner += [_node(node, place) for node, place in zip(nodes, layout.nodes, strict=True)]
    return Markup(
        '<svg width="{w:.0f}" height="{h:.0f}" viewBox="{x:.1f} {y:.1f} {w:.1f} {h:.1f}" '
        'role="group" aria-label="{name}"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" '
        'refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="edge" '
        'd="M1 1l6 3-6 3"/></marker></defs>{inner}</svg>'
    ).format(x=left, y=top, w=width, h=height, name=name, inner=Markup("\n").join(inner))


def _edge(points: Sequence[dict[str, float]]) -> Markup:
    path = " ".join(f"{point['x']:.1f},{point['y']:.1f}" for point in points)
    return Markup('<polyline class="edge" points="{}" marker-end="url(#arrow)"/>').format(path)


def _node(node: Node, place: dict[str, dict[str, float]]) -> Markup:
    x = place["center"]["x"] - place["size"]["width"] / 2
    y = place["center"]["y"] - place["size"]["height"] / 2
    lines = [
        Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(
            "quiet" if number else "", x + 12, y + 25 + _LINE * number, _shortened(text)
        )
        for number, text in enumerate([node.label, *node.notes])
    ]
    drawn = Markup(
        '<g class="node {look}"><title>{title}</title>'
        '<rect x="{x:.1f}" y="{y:.1f}" width="{w}" height="{h}" rx="6"/>{lines}</g>'
    ).format(
        look=node.look,
        title=one_line(", ".join([node.label, *node.notes])),
        x=x,
        y=y,
        w=_WIDTH,
        h=place["size"]["height"],
        lines=Markup("").join(lines),
    )
    return Markup('<a href="{}">{}</a>').format(node.href, drawn) if node.href else drawn


def _shortened(text: str) -> str:
    """The text on one line, without its middle: both ends of a type's name tell it apart."""
    text = one_line(text)
    if len(text) <= _LETTERS:
        return text
    half = _LETTERS // 2
    return f"{text[: half - 1]}…{text[-half:]}"
