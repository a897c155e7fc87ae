"""The graph of the source in columns: hooks, then jobs by their depth, then services.

A job is beside the node that enqueues it, so people can read a picture of hundreds of jobs from top
to bottom.
"""

from collections.abc import Sequence
from statistics import fmean

from markupsafe import Markup

from ..rendering.boxes import Node
from ..rendering.drawing import drawing
from .graph import GraphEdge, GraphNode


def in_columns(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], name: str) -> Markup:
    """The graph as SVG; `name` describes it to screen readers."""
    places = _Places(nodes, edges)
    return drawing(
        [Node(each.id, each.label, each.notes, each.look, each.href) for each in nodes],
        [(edge.source, edge.target) for edge in edges],
        {id_: (column, places.rows[id_]) for id_, column in places.columns.items()},
        name,
    )


class _Places:
    """The column and the row of each node."""

    def __init__(self, nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> None:
        self.columns: dict[str, int] = {}
        self.rows: dict[str, float] = {}
        self._leads: dict[str, list[str]] = {}
        self._callers: dict[str, list[str]] = {}
        self._next = 0
        for edge in edges:
            if edge.kind == "enqueues":
                self._leads.setdefault(edge.source, []).append(edge.target)
            else:
                self._callers.setdefault(edge.target, []).append(edge.source)
        for kind, column in (("hook", 0), ("job", 1)):
            for node in nodes:
                if node.kind == kind and node.id not in self.columns:
                    self._place(node.id, column)
        self._place_services([node.id for node in nodes if node.kind == "service"])

    def _place(self, id: str, column: int) -> None:
        """Place a node in the middle of the nodes that it leads to, or in a row of its own."""
        self.columns[id] = column
        rows = []
        for target in self._leads.get(id, ()):
            if target not in self.columns:
                self._place(target, column + 1)
                rows.append(self.rows[target])
        if rows:
            self.rows[id] = fmean(rows)
        else:
            self.rows[id] = self._next
            self._next += 1

    def _place_services(self, services: Sequence[str]) -> None:
        """Place the services in the last column, each as near to its callers as possible."""
        column = max(self.columns.values(), default=0) + 1
        wanted = {
            each: fmean(self.rows[caller] for caller in self._callers[each]) for each in services
        }
        row = -1.0
        for each in sorted(services, key=lambda each: (wanted[each], each)):
            row = max(row + 1, wanted[each])
            self.columns[each], self.rows[each] = column, row
