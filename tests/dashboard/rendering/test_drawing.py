"""Graphs as SVG."""

import re
from xml.etree import ElementTree

from conduit_dashboard.flow.layers import in_layers
from conduit_dashboard.rendering.boxes import Node

SVG = "{http://www.w3.org/2000/svg}"


def read(*nodes: Node, edges: tuple[tuple[str, str], ...] = ()) -> ElementTree.Element:
    text = str(in_layers(nodes, edges, 'Flow "1"')).replace(
        "<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1
    )
    return ElementTree.fromstring(text)


def test_nodes_and_edges() -> None:
    svg = read(
        Node("a", "fetch", ["completed"], "completed", "/jobs/1"),
        Node("b", "send"),
        edges=(("a", "b"), ("a", "gone")),
    )
    assert svg.get("aria-label") == 'Flow "1"'
    (link,) = svg.findall(f"{SVG}a")
    assert link.get("href") == "/jobs/1"
    (group,) = link.findall(f"{SVG}g")
    assert group.get("class") == "node completed"
    assert [text.text for text in group.findall(f"{SVG}text")] == ["fetch", "completed"]
    (edge,) = svg.findall(f"{SVG}path[@d]")
    places = [
        svg.find(f".//{SVG}title[.='{name}']/../{SVG}rect") for name in ("fetch, completed", "send")
    ]
    first, second = (float(place.get("x") or 0) for place in places if place is not None)
    assert first < second
    points = [float(part) for part in re.findall(r"[\d.]+", str(edge.get("d")))]
    assert first < points[0] < points[-2] <= second


def test_texts_of_any_kind() -> None:
    hostile = '<script>"x"</script>\u202e&\n' + "y" * 100_000
    svg = read(Node(hostile, hostile, [hostile], hostile, hostile))
    assert svg.find(f".//{SVG}script") is None
    texts = [text.text or "" for text in svg.iter(f"{SVG}text")]
    assert all(len(text) < 33 and text.isprintable() for text in texts)
    assert {group.get("class") for group in svg.iter(f"{SVG}g")} == {
        f"node {hostile}".replace("\n", " ")
    }


def test_a_circle_and_an_edge_to_itself() -> None:
    svg = read(Node("a", "a"), Node("b", "b"), edges=(("a", "b"), ("b", "a"), ("a", "a")))
    assert len(svg.findall(f"{SVG}path[@d]")) >= 2


def test_nothing() -> None:
    assert read().findall(f"{SVG}g") == []
