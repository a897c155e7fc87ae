"""Parses and checks the sources that a change affects, given the last compilation."""

from collections.abc import Collection, Iterable, Mapping

from .. import ast
from ..check import check
from ..check.names.typos import check_config_names
from ..diagnostics import MAX_DIAGNOSTICS, Diagnostic, Problems
from ..front_end import Inputs
from ..hints.name_typos import may_be_typos, may_have_typos
from ..link.services import have_clashes, merged
from ..lock.model import Lock
from ..names import module_name
from ..package import EmittedSource, reserved_names, row_heads
from ..parse import parse
from ..plan.plan import plan_package
from ..program import Program
from ..settings import check_config
from ..source import Source
from .output import Output, SourceSummary
from .planned import Planned
from .source_changes import SourceChanges
from .summarize import summaries_of

_LOCAL_WARNINGS = frozenset({
    "ASY901", "ASY902", "ASY907", "ASY908", "ASY909", "ASY912", "ASY920", "PAT401", "PAT402",
    "PAT403", "PAT404", "SEM203", "SEM213", "SYN012", "TYP101", "TYP102", "TYP103",
})  # fmt: skip
"""Warnings that depend only on a source and on what it uses."""


def recheck(sources: Mapping[str, str], inputs: Inputs, previous: Output) -> Planned | None:
    """Check and plan what a change affects; return None if all sources have to be compiled."""
    if len(previous.diagnostics) >= MAX_DIAGNOSTICS or not _are_apart(previous.summaries.values()):
        return None
    return _Recheck(sources, inputs, previous).run()


class _Recheck:
    """`dirty` are the sources to compile again."""

    def __init__(self, sources: Mapping[str, str], inputs: Inputs, previous: Output) -> None:
        self._changes = SourceChanges(sources, previous)
        self._inputs = inputs
        self._files: dict[str, ast.File] = {}
        self._syntax = Problems()
        self._places: dict[str, str] = {}

    def run(self) -> Planned | None:
        dirty, more = set[str](), self._changes.changed
        while True:
            dirty |= more
            problems = Problems()
            checked = self._checked(dirty, problems)
            if checked is None:
                return None
            program, new = checked
            more = self._changes.affected(new, self._places)
            if not more:
                break
        clean = self._changes.kept(dirty)
        summaries = dict(sorted({**clean, **new}.items()))
        services = merged(each.services for each in summaries.values())
        kept = {path: self._changes.previous.emitted[path] for path in clean}
        if (
            have_clashes(services.values())
            or may_be_typos(services)
            or any(may_have_typos(m.name for m in each.methods) for each in services.values())
            or not _are_apart(summaries.values())
            or not _are_types_apart(program, dirty, kept.values(), self._inputs.lock)
        ):
            return None
        plan = plan_package(program, self._inputs.config, frozenset(dirty), row_heads(kept))
        if plan.reserved != reserved_names(row_heads(self._changes.previous.emitted)):
            return None  # the rows of the previous output do not fit
        return Planned(plan, summaries, self._diagnostics(problems, summaries, dirty), kept)

    def _checked(
        self, dirty: Collection[str], problems: Problems
    ) -> tuple[Program, dict[str, SourceSummary]] | None:
        """Return the program of these sources and all that they depend on, and their summaries."""
        self._parse(dirty)
        resources = {path: [*each.columns] for path, each in self._changes.kept(dirty).items()}
        for path in dirty:
            resources[path] = [resource.name.text for resource in self._files[path].resources]
        self._places = places = {name: path for path, each in resources.items() for name in each}
        needed = self._changes.needed(dirty, places)
        if len(places) < sum(map(len, resources.values())):
            return None
        self._parse(needed)
        for diagnostic in self._syntax.sorted():
            problems.add(diagnostic)
        outside = resources.keys() - needed
        classes = {name for path in outside for name in self._changes.before[path].classes}
        files = [self._files[path] for path in sorted(needed)]
        inputs = self._inputs
        program = check(files, inputs.config, problems, classes, inputs.lock, inputs.upcasters)
        found = problems.sorted()
        if program is None or len(found) >= MAX_DIAGNOSTICS:
            return None
        if any(d.code not in _LOCAL_WARNINGS and not _sources(d).isdisjoint(dirty) for d in found):
            return None
        own = [file for file in files if file.span.source.path in dirty]
        return program, summaries_of(program, own, places.keys())

    def _parse(self, paths: Iterable[str]) -> None:
        for path in sorted(set(paths) - self._files.keys()):
            self._files[path] = parse(Source(path, self._changes.sources[path]), self._syntax)

    def _diagnostics(
        self, problems: Problems, summaries: Mapping[str, SourceSummary], dirty: Collection[str]
    ) -> tuple[Diagnostic, ...]:
        found = Problems()
        check_config(self._inputs.config, found)
        columns = {name: each.columns[name] for each in summaries.values() for name in each.columns}
        check_config_names(columns, self._inputs.config, found)
        for diagnostic in self._changes.previous.diagnostics:
            path = diagnostic.span.source.path
            if path in summaries and path not in dirty:
                found.add(diagnostic)
        for diagnostic in problems.sorted():
            if diagnostic.span.source.path in dirty:
                found.add(diagnostic)
        return found.sorted()


def _sources(diagnostic: Diagnostic) -> set[str]:
    """Return the sources that a diagnostic is about."""
    spans = (diagnostic.span, *(related.span for related in diagnostic.related))
    return {span.source.path for span in spans}


def _are_types_apart(
    program: Program, dirty: Collection[str], kept: Iterable[EmittedSource], lock: Lock
) -> bool:
    """Whether no job type has a present or earlier name of another."""
    found = [(n, lock.jobs[n].was) for each in kept for m in each.modules for n in m.facts.types]
    for info in program.resources.values():
        if info.node.span.source.path in dirty:
            found += [(job.name, job.was) for job in info.jobs]
    names = [name for now, was in found for name in (now, *was)]
    return len(set(names)) == len(names)


def _are_apart(summaries: Collection[SourceSummary]) -> bool:
    """Whether the names of modules and classes cannot clash between sources."""
    modules = [module_name(name).lower() for each in summaries for name in each.columns]
    classes = [name for each in summaries for name in each.classes]
    attributes = {name for each in summaries for name in each.attributes}
    return (
        len(set(modules)) == len(modules)
        and len(set(classes)) == len(classes)
        and attributes.isdisjoint(classes)
    )
