"""The graph of a checked program."""

from .. import ast
from ..check.lints.footprint import footprint
from ..names import CALL
from ..program import HookInfo, JobInfo, Program, ResourceInfo
from ..source import Span
from .model import Edge, EdgeKind, Graph, Node, NodeKind


def build(program: Program) -> Graph:
    """Return the compiled hooks, their jobs, and the tables and services of both."""
    found = _Builder(program)
    for info in program.resources.values():
        events: dict[str, int] = {}
        for hook in info.hooks:
            events[hook.node.event] = number = events.get(hook.node.event, 0) + 1
            found.add_hook(info, hook, number)
    return Graph(tuple(sorted(found.nodes.values())), tuple(sorted(found.edges)))


class _Builder:
    def __init__(self, program: Program) -> None:
        self._program = program
        self.nodes: dict[str, Node] = {}
        self.edges: set[Edge] = set()

    def add_hook(self, info: ResourceInfo, hook: HookInfo, number: int) -> None:
        """Add a hook, the n-th one of its event, and its jobs."""
        name = f"{info.name}.after_{hook.node.event}" + (f"#{number}" if number > 1 else "")
        label = f"{info.name} after {hook.node.event}" + (f" #{number}" if number > 1 else "")
        place = self._add("hook", name, label, hook.node.header)
        self._add_uses(place, info, hook.node.body)
        jobs: dict[JobInfo | None, str] = {None: place}
        for job in hook.jobs:  # outer before inner
            jobs[job] = self._add("job", job.name, job.name, job.block.header)
            self._add_edge(jobs[job.parent], jobs[job], "enqueues")
            self._add_uses(jobs[job], info, job.block.body)

    def _add_uses(self, user: str, info: ResourceInfo, body: ast.Block) -> None:
        found = footprint(self._program, info, body)
        for resource in found.reads:
            self._add_edge(user, self._add_table(resource), "reads")
        for write in found.writes:
            self._add_edge(user, self._add_table(write.resource), "writes")
        for (service, method), node in found.calls.items():
            name = service if method == CALL else f"{service}.{method}"
            self._add_edge(user, self._add("service", name, name, node.span), "calls")

    def _add_table(self, resource: str) -> str:
        info = self._program.resources[resource]
        return self._add("table", info.table, info.table, info.node.name.span)

    def _add(self, kind: NodeKind, name: str, label: str, span: Span) -> str:
        node = Node(f"{kind}:{name}", kind, label, span.source.path, span.line)
        self.nodes.setdefault(node.id, node)
        return node.id

    def _add_edge(self, source: str, target: str, kind: EdgeKind) -> None:
        self.edges.add(Edge(source, target, kind))
