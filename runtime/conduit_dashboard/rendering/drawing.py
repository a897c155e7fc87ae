"""A graph as SVG: boxes in columns, and lines from box to box that cross no other box.

The time to draw is proportional to the number of lines and of boxes that each could cross.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from .boxes import HEIGHT, LINE, WIDTH, Node, box, height_of, picture

Places = Mapping[str, tuple[int, float]]
"""The column and the row of each node."""

_ACROSS = WIDTH + 80
"""The distance from one box to the next across, in pixels."""
_TALL = HEIGHT + 2 * LINE
_DOWN = _TALL + 18
"""The distance from one box to the next down, in pixels. A box is at most `_TALL`."""
_CLEAR = 4
"""Pixels between a line and a box that it passes."""
_MARGIN = 8


def drawing(
    nodes: Sequence[Node], edges: Sequence[tuple[str, str]], places: Places, name: str
) -> Markup:
    """The graph as SVG; `name` describes it to screen readers. A node has at most two notes."""
    lines = _Lines(places)
    inner = [
        Markup('<path class="edge" marker-end="url(#arrow)" d="{}"/>').format(
            lines.path(source, target)
        )
        for source, target in edges
        if source in places and target in places
    ]
    for node in nodes:
        column, row = places[node.id]
        inner.append(box(node, column * _ACROSS, row * _DOWN + (_TALL - height_of(node)) / 2))
    width = max((column for column, _ in places.values()), default=0) * _ACROSS
    height = max((row for _, row in places.values()), default=0) * _DOWN
    return picture(
        inner,
        name,
        x=-_MARGIN,
        y=-_MARGIN,
        width=width + WIDTH + 2 * _MARGIN,
        height=height + _TALL + 2 * _MARGIN,
    )


class _Lines:
    """The lines from box to box, past those between them."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._tops: dict[int, list[float]] = {}
        for column, row in places.values():
            self._tops.setdefault(column, []).append(row * _DOWN)

    def path(self, source: str, target: str) -> str:
        """The line from one box to another, as the data of an SVG path."""
        first, last = self._places[source][0], self._places[target][0]
        start, end = self._end(source), self._end(target)
        right, left = first * _ACROSS + WIDTH, last * _ACROSS
        if last <= first + 1:
            return f"M{right} {start:.1f}{_curve(right, start, left, end)}"
        lane = self._lane(range(first + 1, last), start)
        enters, leaves = right + _ACROSS - WIDTH, left - _ACROSS + WIDTH
        return (
            f"M{right} {start:.1f}{_curve(right, start, enters, lane)}"
            f"H{leaves}{_curve(leaves, lane, left, end)}"
        )

    def _end(self, id: str) -> float:
        return self._places[id][1] * _DOWN + _TALL / 2

    def _lane(self, columns: range, start: float) -> float:
        """The height nearest to `start` at which a line meets no box of these columns."""
        tops = sorted(top for column in columns for top in self._tops.get(column, ()))
        reach = _TALL + _CLEAR
        at = bisect_left(tops, start - reach)
        if at == len(tops) or tops[at] - _CLEAR >= start:
            return start
        below, above = tops[at] + reach, tops[at] - _CLEAR
        for top in tops[at:]:
            if top - _CLEAR >= below:
                break
            below = max(below, top + reach)
        for top in reversed(tops[: bisect_right(tops, above)]):
            if top + reach <= above:
                break
            above = min(above, top - _CLEAR)
        return below if below - start < start - above else above


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = max((x2 - x1) / 2, 40)
    return f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
