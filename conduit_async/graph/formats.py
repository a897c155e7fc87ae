"""The graph as text: JSON, the language of Graphviz, Mermaid."""

import json
import re

from ..source import printable
from .model import EdgeKind, Graph, NodeKind


def as_json(graph: Graph) -> str:
    """`{"nodes": […], "edges": […]}` in the order of the graph, with a final newline."""
    nodes = [
        {
            "id": node.id,
            "kind": node.kind,
            "label": node.label,
            "file": node.file,
            "line": node.line,
        }
        for node in graph.nodes
    ]
    edges = [{"from": edge.source, "to": edge.target, "kind": edge.kind} for edge in graph.edges]
    text = json.dumps({"nodes": nodes, "edges": edges}, indent=2, ensure_ascii=False)
    return f"{text}\n"


_DOT_SHAPES: dict[NodeKind, str] = {
    "hook": "oval",
    "job": "box",
    "service": "hexagon",
    "table": "cylinder",
}
_DOT_EDGES: dict[EdgeKind, str] = {
    "calls": 'label="calls"',
    "enqueues": 'style="bold"',
    "reads": 'label="reads" style="dashed"',
    "writes": 'label="writes"',
}


def as_dot(graph: Graph) -> str:
    """A graph in the language of Graphviz, with a final newline."""
    lines = ["digraph {", "  rankdir=LR"]
    for node in graph.nodes:
        label = _quoted(node.label)
        lines.append(f'  {_quoted(node.id)} [label={label} shape="{_DOT_SHAPES[node.kind]}"]')
    for edge in graph.edges:
        source, target = _quoted(edge.source), _quoted(edge.target)
        lines.append(f"  {source} -> {target} [{_DOT_EDGES[edge.kind]}]")
    return "".join(f"{line}\n" for line in (*lines, "}"))


def _quoted(text: str) -> str:
    """Quote a string; escape backslashes and `&`, which Graphviz would interpret."""
    inside = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{printable(inside)}"'


_MERMAID_SHAPES: dict[NodeKind, tuple[str, str]] = {
    "hook": ("([", "])"),
    "job": ("[", "]"),
    "service": ("{{", "}}"),
    "table": ("[(", ")]"),
}
_MERMAID_ARROWS: dict[EdgeKind, str] = {
    "calls": "-->|calls|",
    "enqueues": "==>",
    "reads": "-.->|reads|",
    "writes": "-->|writes|",
}


def as_mermaid(graph: Graph) -> str:
    """A flowchart, which code hosts draw in Markdown, with a final newline."""
    names = plain_names(graph)
    lines = ["flowchart LR"]
    for node in graph.nodes:
        before, after = _MERMAID_SHAPES[node.kind]
        lines.append(f'  {names[node.id]}{before}"{_escaped(node.label)}"{after}')
    lines += (
        f"  {names[edge.source]} {_MERMAID_ARROWS[edge.kind]} {names[edge.target]}"
        for edge in graph.edges
    )
    return "".join(f"{line}\n" for line in lines)


def plain_names(graph: Graph) -> dict[str, str]:
    """Return an ASCII name for each id; other ids change it only if names collide."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for node in graph.nodes:
        name = re.sub(r"[^A-Za-z0-9]", "_", node.id)
        while name in taken:
            name += "_"
        taken.add(name)
        found[node.id] = name
    return found


def _escaped(label: str) -> str:
    """Keep letters, digits and harmless signs, and replace other signs by their code points."""
    return re.sub(r"[^\w .,:/()-]", lambda found: f"#{ord(found[0])};", label)
