"""The graph as JSON."""

import json

from .model import Graph


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
