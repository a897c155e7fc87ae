"""The graph of the source as SVG: hooks, then jobs by their depth, then services, in columns.

A job stands beside what enqueues it, so a picture of hundreds can be read from top to bottom, and
takes a time in proportion to its size.
"""

from collections.abc import Sequence
from statistics import fmean

from markupsafe import Markup

from ..rendering.boxes import HEIGHT, LINE, Node, box, picture
from .graph import GraphEdge, GraphNode

_WIDTH, _ACROSS, _DOWN = 220, 300, HEIGHT + 2 * LINE + 16
"""Pixels of a box, and from one to the next."""
_MARGIN = 8


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
        """A node in the middle of those that it leads to, or in a row of its own."""
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
        """The services in the last column, each as near to its callers as the others let it."""
        column = max(self.columns.values(), default=0) + 1
        wanted = {
            each: fmean(self.rows[caller] for caller in self._callers[each]) for each in services
        }
        row = -1.0
        for each in sorted(services, key=lambda each: (wanted[each], each)):
            row = max(row + 1, wanted[each])
            self.columns[each], self.rows[each] = column, row


def in_columns(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], name: str) -> Markup:
    """The graph as SVG; `name` says what it shows to those who do not see it."""
    places = _Places(nodes, edges)
    left = {each: column * _ACROSS for each, column in places.columns.items()}
    top = {each: row * _DOWN for each, row in places.rows.items()}
    middle = (HEIGHT + 2 * LINE) / 2
    inner = [
        Markup('<path class="edge" marker-end="url(#arrow)" d="{}"/>').format(
            _curve(
                *(left[edge.source] + _WIDTH, top[edge.source] + middle),
                *(left[edge.target], top[edge.target] + middle),
            )
        )
        for edge in edges
    ]
    inner += [
        box(
            Node(node.id, node.label, node.notes, node.look, node.href),
            *(left[node.id], top[node.id], _WIDTH),
        )
        for node in nodes
    ]
    width = max(left.values(), default=0) + _WIDTH + 2 * _MARGIN
    height = max(top.values(), default=0) + _DOWN + _MARGIN
    return picture(inner, name, x=-_MARGIN, y=-_MARGIN, width=width, height=height)


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = max((x2 - x1) / 2, 40)
    return f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
