"""The graph of the source in columns: each box has its place, and no line crosses a box."""

import re
from itertools import pairwise
from xml.etree import ElementTree

from conduit_dashboard.types.columns import in_columns
from conduit_dashboard.types.graph import EdgeKind, GraphEdge, GraphNode

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def node(id_: str) -> GraphNode:
    kind = {"h": "hook", "j": "job", "s": "service"}[id_[0]]
    return GraphNode(id_, kind, id_, "", 1, 0, 0, 0, None, "", ["one", "two"])  # type: ignore[arg-type]


def drawn(*pairs: str) -> tuple[dict[str, Box], list[list[tuple[float, float]]]]:
    """The boxes by their labels, and the points of each line."""
    edges = []
    for pair in pairs:
        source, target = pair.split(">")
        kind: EdgeKind = "calls" if target[0] == "s" else "enqueues"
        edges.append(GraphEdge(source, target, kind))
    ids = sorted({each for pair in pairs for each in pair.split(">")})
    text = str(in_columns([node(id_) for id_ in ids], edges, "graph"))
    tree = ElementTree.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))
    boxes = {}
    for group in tree.iter(f"{SVG}g"):
        [rect] = group.findall(f"{SVG}rect")
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        label = group.findall(f"{SVG}text")[0].text
        assert label is not None
        boxes[label] = (x, y, x + width, y + height)
    lines = [points(path.attrib["d"]) for path in tree.findall(f"{SVG}path")]
    return boxes, lines


def points(path: str) -> list[tuple[float, float]]:
    """Points along a path of moves, curves and horizontal lines."""
    found: list[tuple[float, float]] = []
    for letter, text in re.findall(r"([MCH])([^MCH]*)", path):
        numbers = [float(each) for each in text.split()]
        if letter == "M":
            found.append((numbers[0], numbers[1]))
        elif letter == "H":
            start, y = found[-1]
            found += [(start + (numbers[0] - start) * n / 50, y) for n in range(1, 51)]
        else:
            ends = [found[-1], *zip(numbers[::2], numbers[1::2], strict=True)]
            for n in range(1, 21):
                at = n / 20
                level = ends
                while len(level) > 1:
                    level = [
                        (a[0] + (b[0] - a[0]) * at, a[1] + (b[1] - a[1]) * at)
                        for a, b in pairwise(level)
                    ]
                found += level
    return found


def assert_clear(*pairs: str) -> dict[str, Box]:
    boxes, lines = drawn(*pairs)
    assert len(lines) == len(pairs)
    for one, other in [(a, b) for a in boxes for b in boxes if a < b]:
        (x, y, right, low), (left, top, end, bottom) = boxes[one], boxes[other]
        assert x >= end or left >= right or y >= bottom or top >= low, (one, other)
    for line in lines:
        for label, (x, y, right, low) in boxes.items():
            inside = [at for at in line if x < at[0] < right and y < at[1] < low]
            assert not inside, (label, inside)
    return boxes


def test_a_line_that_skips_a_column_passes_between_boxes() -> None:
    boxes = assert_clear("h1>j1", "h1>j2", "j1>j3", "j1>s1", "j3>s2", "h1>s1", "j2>s1")
    assert boxes["h1"][0] < boxes["j1"][0] < boxes["j3"][0] < boxes["s1"][0] == boxes["s2"][0]


def test_many_of_them() -> None:
    pairs = [f"h{n % 4}>j{n}" for n in range(20)]
    pairs += [f"j{n}>j{n + 20}" for n in range(0, 20, 3)]
    pairs += [f"j{n + 20}>j{n + 60}" for n in range(0, 20, 6)]
    pairs += [f"j{n}>s{n % 7}" for n in range(20)]
    assert_clear(*pairs, "h0>s1", "h3>s6")


def test_a_parent_is_in_the_middle_of_what_it_leads_to() -> None:
    boxes = assert_clear("h1>j1", "j1>j2", "j1>j3")
    assert boxes["j1"][1] == (boxes["j2"][1] + boxes["j3"][1]) / 2
