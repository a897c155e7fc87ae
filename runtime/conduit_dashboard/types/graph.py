"""The graph of hooks, jobs and services, with the activity of the jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from conduit_runtime.model.dashboard.types import TypeActivity, TypeShape, present

from ..rendering.texts import percent

NodeKind: TypeAlias = Literal["hook", "job", "service"]
EdgeKind: TypeAlias = Literal["calls", "enqueues"]
FAILING = 0.05
"""The share of failed attempts from which a type needs attention."""
MOSTLY = 0.5
"""The share of failed attempts from which it looks failed."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A hook, a job type, or a method of a service; `id` is its kind and its name.

    A hook has the counts of the `types` job types that it enqueues, a service those of the types
    whose jobs call it. `look` is the node's status, `notes` say the counts in words, and `href` is
    the page of its jobs.
    """

    id: str
    kind: NodeKind
    label: str
    queue: str
    types: int
    running: int
    succeeded: int
    failed: int
    failure_rate: float | None
    look: str
    notes: list[str]
    href: str | None = None


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """What one node does with another. `source` and `target` are ids of nodes."""

    source: str
    target: str
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class SourceGraph:
    """Nodes by kind and name, and the edges between them.

    `types` is the number of job types that match; the graph may have only the first ones.
    """

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    types: int


def source_graph(
    shapes: Sequence[TypeShape],
    activity: Sequence[TypeActivity],
    *,
    about: str = "",
    queue: str | None = None,
    most: int,
) -> SourceGraph:
    """The graph of the types whose name, hook or service contains `about`, of one queue or all.

    The graph also has the types that these enqueue, as far as there is room: `most` more types.
    """
    present_shapes = [present([*each]) for _, each in groupby(shapes, lambda each: each.type)]
    by_type = {each.type: each for each in present_shapes}
    found = [each for each in present_shapes if _matches(each, about.lower(), queue)]
    return _Builder(by_type, {each.type: each for each in activity}).graph(found, most)


def _matches(shape: TypeShape, about: str, queue: str | None) -> bool:
    described = shape.description
    names = (shape.type, *described.calls, *(hook.name for hook in described.hooks))
    return (queue is None or shape.queue == queue) and any(about in each.lower() for each in names)


class _Builder:
    def __init__(
        self, by_type: Mapping[str, TypeShape], activity: Mapping[str, TypeActivity]
    ) -> None:
        self._by_type = by_type
        self._activity = activity
        self._around: dict[tuple[NodeKind, str], set[str]] = {}
        self._edges: set[tuple[str, str, EdgeKind]] = set()

    def graph(self, found: list[TypeShape], most: int) -> SourceGraph:
        self._room = most
        for shape in found[:most]:
            self._add(shape)
        nodes = [self._node(kind, name) for kind, name in sorted(self._around)]
        return SourceGraph(nodes, [GraphEdge(*each) for each in sorted(self._edges)], len(found))

    def _add(self, shape: TypeShape) -> None:
        if ("job", shape.type) in self._around:
            return
        job = self._id("job", shape.type, shape.type)
        described = shape.description
        for call in described.calls:
            self._edges.add((job, self._id("service", call, shape.type), "calls"))
        for hook in described.hooks:
            id_ = self._id("hook", hook.name, shape.type)
            self._edges.add((id_, job, "enqueues"))
            for call in hook.calls:
                self._edges.add((id_, self._id("service", call), "calls"))
        for child in described.enqueues:
            if (known := self._by_type.get(child)) is None:
                continue
            if ("job", child) not in self._around and self._room > 0:
                self._room -= 1
                self._add(known)
            if ("job", child) in self._around:
                self._edges.add((job, f"job:{child}", "enqueues"))

    def _id(self, kind: NodeKind, name: str, *types: str) -> str:
        self._around.setdefault((kind, name), set()).update(types)
        return f"{kind}:{name}"

    def _node(self, kind: NodeKind, name: str) -> GraphNode:
        types = self._around[kind, name]
        queue = self._by_type[name].queue if kind == "job" else ""
        active = [self._activity.get(each, TypeActivity(each)) for each in types]
        total = TypeActivity(
            name,
            sum(each.running for each in active),
            sum(each.succeeded for each in active),
            sum(each.failed for each in active),
        )
        return GraphNode(
            *(f"{kind}:{name}", kind, name, queue, len(types)),
            *(total.running, total.succeeded, total.failed, total.failure_rate),
            _look(total),
            _notes(kind, queue, total),
        )


def _look(activity: TypeActivity) -> str:
    rate = activity.failure_rate or 0
    if rate >= FAILING:
        return "failed" if rate >= MOSTLY else "warning"
    if activity.running:
        return "running"
    return "completed" if activity.succeeded else ""


def _notes(kind: NodeKind, queue: str, activity: TypeActivity) -> list[str]:
    """The lines below a node's name: what it is, and the activity of its jobs."""
    what = f"job in {queue}" if queue else str(kind)
    if activity.running:
        what = f"{what}, {activity.running:,} running"
    if not activity.attempts:
        return [what, "no attempts"]
    failed = f", {percent(activity.failure_rate)} failed" if activity.failed else ""
    noun = "attempt" if activity.attempts == 1 else "attempts"
    return [what, f"{activity.attempts:,} {noun}{failed}"]
