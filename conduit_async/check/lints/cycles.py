"""Reports jobs whose writes would enqueue them again, if the hooks of their writes ran."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...diagnostics import Problems, Related
from ...program import HookInfo, JobInfo, Program, ResourceInfo
from .footprint import Write, footprint
from .guards import Guards, guards_of, may_pass

_HINT = (
    "let the hook ask for the change of a field that the job does not write: `if self.…_changed? { "
    "… }`"
)


@dataclass(frozen=True, eq=False)
class _Step:
    """A step from one job to the next: by a write and a hook, or to a job inside it."""

    to: JobInfo
    write: Write | None = None
    hook: HookInfo | None = None


def report_cycles(program: Program, problems: Problems) -> None:
    """Warn (ASY910) about each cycle of jobs, writes and hooks, at the write of its first job."""
    found = _Steps(program)
    reported: set[JobInfo] = set()
    for job in found.jobs:
        cycle = found.cycle(job) if job not in reported else None
        if cycle is not None:
            reported.update(step.to for step in cycle)
            _report(program, job, cycle, problems)


def _report(program: Program, job: JobInfo, cycle: list[_Step], problems: Problems) -> None:
    places = [job.name]
    related: list[Related] = []
    first: Write | None = None
    for step in cycle:
        if step.write is not None and step.hook is not None:
            table = program.resources[step.write.resource].table
            hook = f"after {step.hook.node.event} of {step.write.resource}"
            places += [f"table {table}", hook]
            if first is None:
                first = step.write
            else:
                related.append(Related(step.write.node.span, f"this writes `{table}`"))
            related.append(Related(step.hook.node.header, f"this enqueues `{step.to.name}`"))
        elif step.to is not job:
            related.append(Related(step.to.block.header, f"this is `{step.to.name}`"))
        places.append(step.to.name)
    assert first is not None  # a job is not inside itself
    message = f"where hooks run for it, this write leads back to its job: {' → '.join(places)}"
    problems.warning("ASY910", first.node.span, message, _HINT, *related)


class _Steps:
    """The steps from each job to others, in the order of the sources."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.jobs: dict[JobInfo, ResourceInfo] = {}
        self._children: dict[JobInfo, list[JobInfo]] = {}
        self._guards: dict[HookInfo, list[tuple[JobInfo, Guards]]] = {}
        self._found: dict[JobInfo, list[_Step]] = {}
        for info in program.resources.values():
            for job in info.jobs:
                self.jobs[job] = info
                if job.parent is not None:
                    self._children.setdefault(job.parent, []).append(job)

    def cycle(self, job: JobInfo) -> list[_Step] | None:
        """The shortest way from a job back to itself."""
        ways: dict[JobInfo, list[_Step]] = {}
        pending: list[tuple[JobInfo, list[_Step]]] = [(job, [])]
        while pending:
            current, way = pending.pop(0)
            for step in self._steps(current):
                if step.to is job:
                    return [*way, step]
                if step.to not in ways:
                    ways[step.to] = [*way, step]
                    pending.append((step.to, ways[step.to]))
        return None

    def _steps(self, job: JobInfo) -> list[_Step]:
        if job not in self._found:
            self._found[job] = [*self._steps_from(job)]
        return self._found[job]

    def _steps_from(self, job: JobInfo) -> Iterator[_Step]:
        yield from (_Step(child) for child in self._children.get(job, ()))
        for write in footprint(self._program, self.jobs[job], job.block.body).writes:
            # Deletions end by themselves: each row is deleted once.
            events = () if write.event == "delete" else (write.event, "save")
            for hook in self._program.resources[write.resource].hooks:
                if hook.node.event in events:
                    for reached, guards in self._enqueued_by(hook):
                        if may_pass(self._program.facts, guards, write):
                            yield _Step(reached, write, hook)

    def _enqueued_by(self, hook: HookInfo) -> list[tuple[JobInfo, Guards]]:
        if hook not in self._guards:
            jobs = self._program.facts.jobs
            found = ((jobs[block], guards) for block, guards in guards_of(hook.node.body))
            self._guards[hook] = [*found]
        return self._guards[hook]
