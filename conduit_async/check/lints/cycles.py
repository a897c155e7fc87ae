"""Reports jobs whose writes would enqueue them again, if the hooks of their writes ran."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...diagnostics import Problems, Related
from ...program import HookInfo, JobInfo, Program, ResourceInfo
from .footprint import RecordWrite, footprint
from .guards import Guards, guards_of, may_pass

_HINT = (
    "let the hook ask for the change of a field that the job does not write: `if self.…_changed? { "
    "… }`"
)


@dataclass(frozen=True, eq=False)
class _Edge:
    """An edge from a job to the next: by a write and a hook, or to a job inside it."""

    to: JobInfo
    write: RecordWrite | None = None
    hook: HookInfo | None = None


def report_cycles(program: Program, problems: Problems) -> None:
    """Warn (ASY910) about each cycle of jobs, writes and hooks, at the write of its first job."""
    graph = _JobGraph(program)
    reported: set[JobInfo] = set()
    for job in graph.jobs:
        cycle = graph.cycle(job) if job not in reported else None
        if cycle is not None:
            reported.update(edge.to for edge in cycle)
            _report(program, job, cycle, problems)


def _report(program: Program, job: JobInfo, cycle: list[_Edge], problems: Problems) -> None:
    places = [job.name]
    related: list[Related] = []
    first: RecordWrite | None = None
    for edge in cycle:
        if edge.write is not None and edge.hook is not None:
            table = program.resources[edge.write.resource].table
            hook = f"after {edge.hook.node.event} of {edge.write.resource}"
            places += [f"table {table}", hook]
            if first is None:
                first = edge.write
            else:
                related.append(Related(edge.write.node.span, f"this writes `{table}`"))
            related.append(Related(edge.hook.node.header, f"this enqueues `{edge.to.name}`"))
        elif edge.to is not job:
            related.append(Related(edge.to.block.header, f"this is `{edge.to.name}`"))
        places.append(edge.to.name)
    assert first is not None  # a job is not inside itself
    message = f"where hooks run for it, this write leads back to its job: {' → '.join(places)}"
    problems.warning("ASY910", first.node.span, message, _HINT, *related)


class _JobGraph:
    """The edges from each job to others, in the order of the sources."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.jobs: dict[JobInfo, ResourceInfo] = {}
        self._children: dict[JobInfo, list[JobInfo]] = {}
        self._guards: dict[HookInfo, list[tuple[JobInfo, Guards]]] = {}
        self._known: dict[JobInfo, list[_Edge]] = {}
        for info in program.resources.values():
            for job in info.jobs:
                self.jobs[job] = info
                if job.parent is not None:
                    self._children.setdefault(job.parent, []).append(job)

    def cycle(self, job: JobInfo) -> list[_Edge] | None:
        """The shortest path from a job back to itself."""
        paths: dict[JobInfo, list[_Edge]] = {}
        pending: list[tuple[JobInfo, list[_Edge]]] = [(job, [])]
        while pending:
            current, path = pending.pop(0)
            for edge in self._edges(current):
                if edge.to is job:
                    return [*path, edge]
                if edge.to not in paths:
                    paths[edge.to] = [*path, edge]
                    pending.append((edge.to, paths[edge.to]))
        return None

    def _edges(self, job: JobInfo) -> list[_Edge]:
        if job not in self._known:
            self._known[job] = [*self._edges_from(job)]
        return self._known[job]

    def _edges_from(self, job: JobInfo) -> Iterator[_Edge]:
        yield from (_Edge(child) for child in self._children.get(job, ()))
        for write in footprint(self._program, self.jobs[job], job.block.body).writes:
            # Deletions end by themselves: each row is deleted once.
            events = () if write.event == "delete" else (write.event, "save")
            for hook in self._program.resources[write.resource].hooks:
                if hook.node.event in events:
                    for reached, guards in self._enqueued_by(hook):
                        if may_pass(self._program.facts, guards, write):
                            yield _Edge(reached, write, hook)

    def _enqueued_by(self, hook: HookInfo) -> list[tuple[JobInfo, Guards]]:
        if hook not in self._guards:
            jobs = self._program.facts.jobs
            found = ((jobs[block], guards) for block, guards in guards_of(hook.node.body))
            self._guards[hook] = [*found]
        return self._guards[hook]
