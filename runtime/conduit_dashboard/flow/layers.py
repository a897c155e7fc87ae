"""The graph of a flow in layers: each step is in a column behind the steps that it waits for."""

from collections.abc import Sequence
from statistics import fmean

from markupsafe import Markup

from ..rendering.boxes import Node
from ..rendering.drawing import Places, drawing


def in_layers(nodes: Sequence[Node], edges: Sequence[tuple[str, str]], name: str) -> Markup:
    """The graph as SVG; `name` describes it to screen readers.

    Each node comes after the nodes whose edges lead to it.
    """
    return drawing(nodes, edges, _places([node.id for node in nodes], edges), name)


def _places(ids: Sequence[str], edges: Sequence[tuple[str, str]]) -> Places:
    before: dict[str, list[str]] = {id_: [] for id_ in ids}
    for start, end in edges:
        if start in before and end in before:
            before[end].append(start)
    columns: dict[str, int] = {}
    layers: dict[int, list[str]] = {}
    for id_ in ids:  # in a circle, typed by hand, an edge may lead back
        columns[id_] = max(
            (columns[each] + 1 for each in before[id_] if each in columns), default=0
        )
        layers.setdefault(columns[id_], []).append(id_)
    tallest = max(map(len, layers.values()), default=0)
    rows: dict[str, float] = {}
    for column in sorted(layers):
        layer = layers[column]
        # A step is as near as possible to the steps before it.
        wanted = {
            id_: fmean(known) if (known := [rows[b] for b in before[id_] if b in rows]) else 0.0
            for id_ in layer
        }
        for at, id_ in enumerate(sorted(layer, key=wanted.__getitem__)):
            rows[id_] = (tallest - len(layer)) / 2 + at
    return {id_: (columns[id_], rows[id_]) for id_ in ids}
