"""The graph as a Mermaid flowchart, which code hosts draw in Markdown."""

import re

from .model import EdgeKind, Graph, NodeKind

_SHAPES: dict[NodeKind, tuple[str, str]] = {
    "hook": ("([", "])"),
    "job": ("[", "]"),
    "service": ("{{", "}}"),
    "table": ("[(", ")]"),
}
_ARROWS: dict[EdgeKind, str] = {
    "calls": "-->|calls|",
    "enqueues": "==>",
    "reads": "-.->|reads|",
    "writes": "-->|writes|",
}


def as_mermaid(graph: Graph) -> str:
    """The text, with a final newline."""
    names = plain_names(graph)
    lines = ["flowchart LR"]
    for node in graph.nodes:
        before, after = _SHAPES[node.kind]
        lines.append(f'  {names[node.id]}{before}"{_escaped(node.label)}"{after}')
    lines += (
        f"  {names[edge.source]} {_ARROWS[edge.kind]} {names[edge.target]}" for edge in graph.edges
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
