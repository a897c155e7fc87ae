"""A project with its diagnostics."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from ...diagnostics import Diagnostic, Problems
from ...source import Source, Span
from ..lock import read_configured_lock
from ..project import Project


@dataclass(frozen=True)
class Checked:
    """The sources of a project, and its diagnostics, by the paths from the project's root."""

    project: Project
    found: tuple[Diagnostic, ...]
    lock: str | None
    names: Mapping[str, str]

    def with_fixes(self) -> "Checked":
        """The same with the fixes of each diagnostic."""
        from ...fixes.verify import Fixes

        project = self.project
        fixes = Fixes(project.sources, project.config, self.lock, project.upcasters)
        return replace(self, found=fixes.added_to(self.found))

    def with_sources(self, texts: Mapping[str, str]) -> "Checked":
        """The same project with other texts of some sources."""
        return checked(replace(self.project, sources={**self.project.sources, **texts}))

    @property
    def shown(self) -> tuple[Diagnostic, ...]:
        """The diagnostics with the user's paths."""
        return relabelled(self.found, self.names)


def checked(project: Project, *, whole: bool = True) -> Checked:
    """Check a project whose files could be read; unless it is `whole`, it has some sources only."""
    from ...compiler import diagnose

    return _checked(project, partial(diagnose, on_demand=not whole))


def checked_alone(project: Project, path: str) -> Checked:
    """Check one source of a project whose files could be read."""
    from ...incremental.alone import diagnose_alone

    return _checked(project, partial(diagnose_alone, path))


def _checked(project: Project, find: Callable[..., Iterable[Diagnostic]]) -> Checked:
    problems = Problems()
    lock, names = read_configured_lock(project, problems)
    if problems.has_errors:
        return Checked(project, problems.sorted(), None, names)
    found = find(project.sources, project.config, lock, project.upcasters)
    return Checked(project, (*problems.sorted(), *found), lock, names)


def relabelled(
    diagnostics: Iterable[Diagnostic], shown: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics with the user's paths instead of paths from the root."""
    sources: dict[str, Source] = {}

    def span(old: Span) -> Span:
        path = old.source.path
        if path not in sources:
            sources[path] = Source(shown.get(path, path), old.source.text)
        return Span(sources[path], old.start, old.end)

    return tuple(
        replace(
            diagnostic,
            span=span(diagnostic.span),
            related=tuple(replace(each, span=span(each.span)) for each in diagnostic.related),
            same=tuple(map(span, diagnostic.same)),
            fixes=tuple(
                replace(fix, edits=tuple(replace(each, span=span(each.span)) for each in fix.edits))
                for fix in diagnostic.fixes
            ),
        )
        for diagnostic in diagnostics
    )
