"""Where in the sources a finding belongs."""

from collections.abc import Iterator, Mapping, Sequence

from ..config import Config
from ..program import Capture, Column, Extern, JobInfo, Program, ResourceInfo, ServiceCall
from ..source import Source, Span
from ..types import innermost


class Places:
    """Spans of a program's declarations; for a removed one, the nearest span around it."""

    def __init__(self, program: Program, sources: Sequence[Source], config: Config) -> None:
        self._program = program
        self._config = config
        first = sources[0] if sources else Source("", "")
        self._start = Span(first, 0, 0)
        self._jobs = {
            job.name: (resource, job)
            for resource in program.resources.values()
            for job in resource.jobs
        }
        self._calls = _calls(program)

    def job(self, name: str) -> Span:
        """Return the header of a job's block."""
        return self._jobs[name][1].block.header

    def is_nested(self, name: str) -> bool:
        """Whether only another job enqueues this job, so that workers of one version run both."""
        return self._jobs[name][1].parent is not None

    def hook(self, name: str) -> Span:
        """Return the span of a hook such as `Order.after_create`, else of its resource."""
        resource, _, function = name.partition(".after_")
        if resource not in self._program.resources:
            return self._start
        info = self._program.resources[resource]
        hooks = (hook.node for hook in info.hooks)
        return next((h.header for h in hooks if h.event == function), info.node.name.span)

    def field(self, job: str, path: str) -> Span:
        """Return the declaration of a captured field, or of the innermost field around it."""
        columns = [*self._columns(job, path)]
        spans = [column.span for column in columns if column is not None and column.span]
        if spans:
            return spans[-1]
        capture = self._capture(job, path)
        local = capture.local if capture is not None else None
        return local.span if local is not None else self.job(job)

    def is_column(self, job: str, path: str) -> bool:
        """Whether a path ends at a field of a resource or a struct with the path's last name."""
        *_, last = (None, *self._columns(job, path))
        return last is not None and last.name == _steps(path)[-1]

    def is_sensitive(self, job: str, path: str) -> bool:
        """Whether a path ends at a column that snapshots leave out."""
        *_, last = (None, *self._columns(job, path))
        return last is not None and last.sensitive

    def call(self, service: str, method: str = "") -> Span:
        """Return the first call of a method, by default of any, or the first use of a value."""
        return self._calls.get((service, method), self._start)

    def setting(self, key: str) -> Span:
        """Return a key of the configuration."""
        source = self._config.origin
        start = source.text.find(key) if source is not None else -1
        return self._start if source is None or start < 0 else Span(source, start, start + len(key))

    def _capture(self, job: str, path: str) -> Capture | None:
        name = _steps(path)[0]
        return next((each for each in self._jobs[job][1].captures if each.name == name), None)

    def _columns(self, job: str, path: str) -> Iterator[Column | None]:
        """Yield the known columns along a path; None for a missing one."""
        capture = self._capture(job, path)
        if capture is None:
            return
        yield from self._captured(*self._jobs[job], capture)
        kind = capture.type
        for name in _steps(path)[1:]:
            column = self._program.members(innermost(kind)).get(name)
            yield column
            if column is None:
                return
            kind = column.type

    def _captured(
        self, resource: ResourceInfo, job: JobInfo, capture: Capture
    ) -> Iterator[Column | None]:
        path: Sequence[str] = capture.path
        columns: Mapping[str, Column] = resource.columns
        if capture.kind == "local_path" and capture.local is not None:
            columns, path = self._program.members(innermost(capture.local.type)), path[1:]
        elif capture.kind == "change":
            path = path[:1]
        elif capture.kind != "self_path":
            return
        for name in path:
            if (column := columns.get(name)) is None:
                return
            yield column
            columns = self._program.members(innermost(column.type))


def _steps(path: str) -> list[str]:
    return path.replace("[]", "").split(".")


def _calls(program: Program) -> dict[tuple[str, str], Span]:
    """Return the first span of each service and of each of its methods."""
    found: dict[tuple[str, str], Span] = {}
    uses = [
        (node.span, use)
        for node, use in program.facts.resolutions.items()
        if isinstance(use, ServiceCall | Extern)
    ]
    for span, use in sorted(uses, key=lambda pair: pair[0].place):
        found.setdefault((use.service, ""), span)
        if isinstance(use, ServiceCall):
            found.setdefault((use.service, use.method), span)
    return found
