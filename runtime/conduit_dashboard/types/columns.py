"""The graph of the source as SVG: hooks, then jobs by their depth, then services, in columns.

A job is beside the node that enqueues it, so people can read a picture of hundreds of jobs from top
to bottom. The time to draw is proportional to the size.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from itertools import count
from statistics import fmean

from markupsafe import Markup

from ..rendering.boxes import HEIGHT, LINE, Node, box, picture
from .graph import GraphEdge, GraphNode

_WIDTH, _ACROSS, _DOWN = 220, 300, HEIGHT + 2 * LINE + 18
"""Width of a box, and distances from one box to the next across and down, in pixels."""
_TALL = HEIGHT + 2 * LINE
_CLEAR = 4
"""Pixels between a line and a box that it passes."""
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


def in_columns(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], name: str) -> Markup:
    """The graph as SVG; `name` describes it to screen readers."""
    places = _Places(nodes, edges)
    lines = _Lines(places)
    inner = [
        Markup('<path class="edge" marker-end="url(#arrow)" d="{}"/>').format(
            lines.path(edge.source, edge.target)
        )
        for edge in edges
    ]
    inner += [
        box(
            Node(node.id, node.label, node.notes, node.look, node.href),
            *(places.columns[node.id] * _ACROSS, places.rows[node.id] * _DOWN, _WIDTH),
        )
        for node in nodes
    ]
    width = max(places.columns.values(), default=0) * _ACROSS + _WIDTH + 2 * _MARGIN
    height = max(places.rows.values(), default=0) * _DOWN + _TALL + 2 * _MARGIN
    return picture(inner, name, x=-_MARGIN, y=-_MARGIN, width=width, height=height)


class _Lines:
    """The lines from box to box, past those between them."""

    def __init__(self, places: _Places) -> None:
        self._places = places
        self._tops: dict[int, list[float]] = {}
        for id, column in places.columns.items():
            insort(self._tops.setdefault(column, []), places.rows[id] * _DOWN)

    def path(self, source: str, target: str) -> str:
        """The line from one box to another, as the data of an SVG path."""
        first, last = self._places.columns[source], self._places.columns[target]
        start, end = self._end(source), self._end(target)
        right, left = first * _ACROSS + _WIDTH, last * _ACROSS
        if last <= first + 1:
            return f"M{right} {start:.1f}{_curve(right, start, left, end)}"
        lane = self._lane(range(first + 1, last), start)
        enters, leaves = right + _ACROSS - _WIDTH, left - _ACROSS + _WIDTH
        return (
            f"M{right} {start:.1f}{_curve(right, start, enters, lane)}"
            f"H{leaves}{_curve(leaves, lane, left, end)}"
        )

    def _end(self, id: str) -> float:
        return self._places.rows[id] * _DOWN + _TALL / 2

    def _lane(self, columns: Iterable[int], start: float) -> float:
        """The height nearest to `start` at which a line meets no box of these columns."""
        tops = [self._tops[column] for column in columns]
        for step in count():
            for lane in (start + step * _CLEAR, start - step * _CLEAR):
                if not any(_is_met(boxes, lane) for boxes in tops):
                    return lane
        raise AssertionError  # there is always room above all boxes


def _is_met(tops: Sequence[float], lane: float) -> bool:
    """Whether a line at this height meets a box of a column, given their upper edges."""
    at = bisect_right(tops, lane + _CLEAR)
    return at > 0 and lane < tops[at - 1] + _TALL + _CLEAR


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = max((x2 - x1) / 2, 40)
    return f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
