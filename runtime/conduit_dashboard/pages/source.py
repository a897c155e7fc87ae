"""The source: hooks, jobs and services as a graph, with the activity of the jobs."""

from dataclasses import replace

from conduit_runtime.statements.dashboard.types import type_activity, type_shapes

from ..page import Page, Routes, Visit, page
from ..parameters import read_text
from ..types.graph import GraphNode, source_graph
from .types import FRESH, PERIODS, period_of

DRAWN = 100
"""The most types in a picture that people can still read."""


async def source(visit: Visit) -> Page:
    """The graph of all types, or of those that match a filter."""
    last = period_of(visit, "1h")
    about, queue = visit.query.get("q", "").strip(), read_text(visit.query, "queue")
    shapes = await visit.read(type_shapes())
    activity = await visit.database.recent(type_activity(PERIODS[last]), seconds=FRESH)
    graph = source_graph(shapes, activity, about=about, queue=queue, most=DRAWN)
    data = {
        "nodes": [replace(each, href=_address(visit, each)) for each in graph.nodes],
        "edges": graph.edges,
        "types": graph.types,
        "drawn": min(graph.types, DRAWN),
        "filter": {"q": about, "queue": queue, "last": last},
        "periods": [*PERIODS],
        "queues": sorted({each.queue for each in shapes if each.queue}),
    }
    return Page("source.html", "Source", data)


def _address(visit: Visit, node: GraphNode) -> str:
    """The address of a node's link: a job's type, or the graph around a hook or a service."""
    if node.kind == "job":
        return visit.url("/types", type=node.label)
    return visit.url("/source", q=node.label)


ROUTES: Routes = [page("/source", source)]
