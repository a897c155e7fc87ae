"""Compiles again what a change concerns, given what is known of the last compilation.

When only hooks have changed, what other sources declare is what it was, and so is what is written
for those that do not name the changed ones. The changed sources are then compiled together with all
that they depend on, as if there were no others, and their modules take the place of the old ones.
Whatever could reach further (a declaration, an error, a name that may be a typo of a resource) is
left to a whole compilation, which gives the same and takes its time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from . import ast
from .check import check
from .config import Config
from .diagnostics import MOST, Diagnostic, Problems
from .hints.name_typos import likely_name, may_be_typos
from .names import module_name, record_name, snapshot_name
from .output import Layouts, Output, Previous
from .parse import parse
from .parts import Part, Written, digest, events_of, mentions, parts_of
from .program import Program, ServiceInfo
from .service_uses import united
from .source import Source

if TYPE_CHECKING:
    from .plan import Frame

_OWN = frozenset({
    "ASY901", "ASY902", "ASY920", "PAT401", "PAT402", "PAT403", "PAT404", "SEM213", "SYN012",
    "TYP103",
})  # fmt: skip
"""Warnings that depend on nothing but the source and what it depends on."""

_SHARE = 0.5
"""How much of all sources may have to be read: with more of them, a whole compilation is better."""

_FEW = 3
"""How many sources may be read in any case."""


def recompile(
    sources: Mapping[str, str], config: Config, previous: Previous, layouts: Layouts
) -> Output | None:
    """What compiling gives, if that can be told from a part of the sources."""
    if sources.keys() != previous.parts.keys() or len(previous.diagnostics) >= MOST:
        return None
    changed = [path for path, text in sources.items() if previous.parts[path].text != digest(text)]
    if not changed or not _are_apart(previous.parts.values()):
        return None
    return _Recompilation(sources, config, previous, layouts).run(changed)


def _are_apart(parts: Iterable[Part]) -> bool:
    """Whether no two resources have modules or classes whose names could be one."""
    resources = [name for part in parts for name in part.resources]
    modules = [module_name(name).lower() for name in resources]
    classes = [each(name) for name in resources for each in (record_name, snapshot_name)]
    return all(len(set(names)) == len(names) for names in (modules, classes))


class _Recompilation:
    def __init__(
        self, sources: Mapping[str, str], config: Config, previous: Previous, layouts: Layouts
    ) -> None:
        self._sources = sources
        self._config = config
        self._previous = previous
        self._layouts = layouts
        self._before = previous.parts
        self._places = {
            name: path for path, part in self._before.items() for name in part.resources
        }
        self._files: dict[str, ast.File] = {}
        self._problems = Problems()

    def run(self, changed: Sequence[str]) -> Output | None:
        """The outcome for these changed sources; None if the change reaches too far."""
        for path in changed:
            self._files[path] = self._parsed(path)
        dirty = self._concerned(changed)
        needed = sorted(self._needed(dirty))
        if len(needed) > max(_SHARE * len(self._sources), _FEW):
            return None
        self._files |= {path: self._parsed(path) for path in needed if path not in self._files}
        outside = [part for path, part in self._before.items() if path not in needed]
        classes = {name for part in outside for name in part.classes}
        files = [self._files[path] for path in needed]
        program = check(files, self._config, self._problems, classes)
        if program is None or not self._warns_as_before(dirty):
            return None
        written, texts = self._written(program, dirty, outside)
        parts = parts_of(program, files, written, self._places)
        if not self._stays_apart(parts, dirty, outside):
            return None
        return self._output({path: parts[path] for path in dirty}, texts)

    def _parsed(self, path: str) -> ast.File:
        return parse(Source(path, self._sources[path]), self._problems)

    def _concerned(self, changed: Sequence[str]) -> set[str]:
        """The changed sources, and those whose warnings are about their hooks."""
        dirty = set(changed)
        moved = {
            name
            for path in changed
            if events_of(self._files[path]) != self._before[path].events
            for name in self._before[path].resources
        }
        dirty |= {path for path, part in self._before.items() if moved & set(part.mentions)}
        for diagnostic in self._previous.diagnostics:
            if any(related.span.source.path in dirty for related in diagnostic.related):
                dirty.add(diagnostic.span.source.path)
        return dirty & self._sources.keys()

    def _needed(self, dirty: Iterable[str]) -> set[str]:
        """All that these sources depend on, and what decides which of their functions run."""
        callers: dict[str, set[str]] = {}
        for path, part in self._before.items():
            for reached in part.reaches:
                callers.setdefault(self._places[reached.partition(".")[0]], set()).add(path)
        needed: set[str] = set()
        pending = [*dirty]
        while pending:
            path = pending.pop()
            if path in needed:
                continue
            needed.add(path)
            named = self._before[path].mentions
            if path in self._files:
                named = mentions(self._sources[path], self._places)
            pending += [self._places[name] for name in named]
            pending += callers.get(path, ())
        return needed

    def _warns_as_before(self, dirty: Iterable[str]) -> bool:
        """Whether only these sources have other diagnostics, of kinds that depend on no more."""
        new = self._problems.sorted()
        if any(d.span.source.path in dirty and d.code not in _OWN for d in new):
            return False
        paths = self._files.keys() - dirty
        return _places(new, paths) == _places(self._previous.diagnostics, paths)

    def _written(
        self, program: Program, dirty: Iterable[str], outside: Iterable[Part]
    ) -> tuple[list[Written], dict[str, str]]:
        from .emit import emit_module  # templates are slow to import
        from .plan import plan_modules

        further = frozenset(name for part in outside for name in part.rows)
        resources = [r for r in program.resources.values() if r.node.span.source.path in dirty]
        written, texts = [], {}
        for module in plan_modules(program, self._config, resources, further):
            one, texts[f"{module.name}.py"] = emit_module(module, self._layouts)
            written.append(one)
        return written, texts

    def _stays_apart(
        self, parts: Mapping[str, Part], dirty: Iterable[str], outside: Iterable[Part]
    ) -> bool:
        """Whether all other sources see of these what they saw before."""
        if any(_seen(part) != _seen(self._before[path]) for path, part in parts.items()):
            return False
        others = [name for part in outside for name in part.resources]
        services = {name for path in dirty for name in parts[path].services}
        return not any(likely_name(name, others) for name in services)

    def _output(self, new: Mapping[str, Part], texts: Mapping[str, str]) -> Output | None:
        from .emit import emit_frame

        parts = {path: new.get(path, part) for path, part in sorted(self._before.items())}
        modules = [module for part in parts.values() for module in part.modules]
        old = [module for part in self._before.values() for module in part.modules]
        services = united(part.services for part in parts.values())
        services_before = united(part.services for part in self._before.values())
        if services is None or services_before is None or may_be_typos(services):
            return None
        frame = self._frame(modules, services)
        frame_before = self._frame(old, services_before)
        rows = frame.services.rows.union(*(module.rows for module in modules))
        if rows != frame_before.services.rows.union(*(module.rows for module in old)):
            return None
        gone = {f"{module.name}.py" for path in new for module in self._before[path].modules}
        files = {name: text for name, text in self._previous.files.items() if name not in gone}
        files |= {**texts, **emit_frame(frame, modules, self._layouts)}
        problems = Problems()
        for diagnostic in self._previous.diagnostics:
            if diagnostic.span.source.path not in new:
                problems.add(diagnostic)
        for diagnostic in self._problems.sorted():
            if diagnostic.span.source.path in new:
                problems.add(diagnostic)
        jobs = sum(len(module.jobs) for module in modules)
        files = dict(sorted(files.items()))
        return Output(files, problems.sorted(), jobs, parts, self._layouts.all)

    def _frame(self, modules: Sequence[Written], services: Mapping[str, ServiceInfo]) -> "Frame":
        from .plan import plan_frame

        job_services = {name for module in modules for name in module.job_services}
        names = [module.name for module in modules]
        return plan_frame(names, services, job_services, self._config)


def _places(found: Iterable[Diagnostic], paths: Iterable[str]) -> set[tuple[str, str, int, int]]:
    paths = frozenset(paths)
    return {
        (d.code, d.span.source.path, d.span.start, d.span.end)
        for d in found
        if d.span.source.path in paths
    }


def _seen(part: Part) -> list[object]:
    return [part.resources, part.declared, part.names, part.structs, part.enums, part.reaches]
