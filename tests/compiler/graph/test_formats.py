"""Each format contains every node and edge, whatever their names are."""

import json
import re
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from conduit_async.graph.formats import as_dot, as_json, as_mermaid
from conduit_async.graph.model import Edge, Graph, Node
from conduit_async.graph.svg import as_svg

NAMES = (
    "posts",
    'a"b',
    "<b>&amp;",
    "Größe 日本",
    "back\\",
    "x]]>{{y}}",
    "#quot;",
    "`m`",
    "a-b",
    "a_b",
)
GRAPH = Graph(
    tuple(sorted(Node(f"table:{name}", "table", name, "a.conduit", 1) for name in NAMES)),
    tuple(
        sorted(
            Edge(f"table:{one}", f"table:{other}", "reads")
            for one, other in zip(NAMES, (*NAMES[1:], "posts"), strict=True)
        )
    ),
)
EXAMPLE = Graph(
    (
        Node("hook:Post.after_create", "hook", "Post after create", "post.conduit", 3),
        Node("job:post.index", "job", "post.index", "post.conduit", 4),
        Node("service:Search.add", "service", "Search.add", "post.conduit", 5),
        Node("table:posts", "table", "posts", "post.conduit", 1),
    ),
    (
        Edge("hook:Post.after_create", "job:post.index", "enqueues"),
        Edge("job:post.index", "service:Search.add", "calls"),
        Edge("job:post.index", "table:posts", "reads"),
        Edge("job:post.index", "table:posts", "writes"),
    ),
)


def test_mermaid() -> None:
    assert as_mermaid(EXAMPLE) == (
        "flowchart LR\n"
        '  hook_Post_after_create(["Post after create"])\n'
        '  job_post_index["post.index"]\n'
        '  service_Search_add{{"Search.add"}}\n'
        '  table_posts[("posts")]\n'
        "  hook_Post_after_create ==> job_post_index\n"
        "  job_post_index -->|calls| service_Search_add\n"
        "  job_post_index -.->|reads| table_posts\n"
        "  job_post_index -->|writes| table_posts\n"
    )


def test_dot() -> None:
    assert as_dot(EXAMPLE) == (
        "digraph {\n"
        "  rankdir=LR\n"
        '  "hook:Post.after_create" [label="Post after create" shape="oval"]\n'
        '  "job:post.index" [label="post.index" shape="box"]\n'
        '  "service:Search.add" [label="Search.add" shape="hexagon"]\n'
        '  "table:posts" [label="posts" shape="cylinder"]\n'
        '  "hook:Post.after_create" -> "job:post.index" [style="bold"]\n'
        '  "job:post.index" -> "service:Search.add" [label="calls"]\n'
        '  "job:post.index" -> "table:posts" [label="reads" style="dashed"]\n'
        '  "job:post.index" -> "table:posts" [label="writes"]\n'
        "}\n"
    )


def test_json() -> None:
    text = as_json(EXAMPLE)
    assert text.endswith("}\n")
    found = json.loads(text)
    assert [*found] == ["nodes", "edges"]
    assert found["nodes"][0] == {
        "id": "hook:Post.after_create",
        "kind": "hook",
        "label": "Post after create",
        "file": "post.conduit",
        "line": 3,
    }
    assert found["edges"][0] == {
        "from": "hook:Post.after_create",
        "to": "job:post.index",
        "kind": "enqueues",
    }


def texts(svg: str) -> list[str]:
    """The texts in a picture."""
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(each.itertext()) for each in found]


def test_svg() -> None:
    svg = as_svg(EXAMPLE)
    assert sorted(texts(svg)) == ["Post after create", "Search.add", "post.index", "posts"]
    assert svg == as_svg(EXAMPLE)
    assert texts(as_svg(Graph())) == []


def test_names_with_signs_of_the_formats() -> None:
    assert sorted(texts(as_svg(GRAPH))) == sorted(NAMES)
    lines = as_mermaid(GRAPH).splitlines()[1:]
    labels = [
        re.fullmatch(r'  (\w+)\[\("([^"<>`\\&{}]*)"\)\]', each) for each in lines[: len(NAMES)]
    ]
    read = {re.sub(r"#(\d+);", lambda code: chr(int(code[1])), each[2]) for each in labels if each}
    assert read == {*NAMES}
    assert len({each[1] for each in labels if each}) == len(NAMES)
    quoted = re.findall(r'label="((?:[^"\\]|\\.)*)"', as_dot(GRAPH))
    read = {re.sub(r"\\(.)", r"\1", each).replace("&amp;", "&") for each in quoted}
    assert read == {*NAMES, "reads"}


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_name(name: str) -> None:
    graph = Graph((Node(f"table:{name}", "table", name, "a.conduit", 1),))
    assert len(as_mermaid(graph).splitlines()) == 2
    assert len(as_dot(graph).splitlines()) == 4
    assert json.loads(as_json(graph))["nodes"][0]["label"] == name
    as_shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    assert texts(as_svg(graph)) == ([as_shown] if as_shown else [])
