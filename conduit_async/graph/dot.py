"""The graph in the language of Graphviz."""

from ..source import printable
from .model import EdgeKind, Graph, NodeKind

_SHAPES: dict[NodeKind, str] = {
    "hook": "oval",
    "job": "box",
    "service": "hexagon",
    "table": "cylinder",
}
_STYLES: dict[EdgeKind, str] = {
    "calls": 'label="calls"',
    "enqueues": 'style="bold"',
    "reads": 'label="reads" style="dashed"',
    "writes": 'label="writes"',
}


def as_dot(graph: Graph) -> str:
    """The text, with a final newline."""
    lines = ["digraph {", "  rankdir=LR"]
    for node in graph.nodes:
        label = _quoted(node.label)
        lines.append(f'  {_quoted(node.id)} [label={label} shape="{_SHAPES[node.kind]}"]')
    for edge in graph.edges:
        source, target = _quoted(edge.source), _quoted(edge.target)
        lines.append(f"  {source} -> {target} [{_STYLES[edge.kind]}]")
    return "".join(f"{line}\n" for line in (*lines, "}"))


def _quoted(text: str) -> str:
    """Quote a string; escape backslashes and `&`, which Graphviz would interpret."""
    inside = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{printable(inside)}"'
