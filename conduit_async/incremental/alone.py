"""The diagnostics of one source, with only what its check needs of the others."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from .. import ast
from ..check import examine
from ..check.environment import Environment
from ..check.queries.writes import WRITES
from ..config import Config
from ..diagnostics import Diagnostic, Problems
from ..front_end import Inputs, read_inputs
from ..lock.entries import EntryError
from ..parse import parse
from ..program import FunctionInfo, RecordCall
from ..source import Source
from .mentions import Mentions, words

_WRITTEN = re.compile(rf"\b([A-Z]\w*)\s*\.\s*(?:{'|'.join(WRITES)})")
_EARLIER_NAMES = re.compile(r"\bwas\s*:\s*(\[[^]]*|\"[^\"]*)")


def diagnose_alone(
    path: str,
    sources: Mapping[str, str],
    config: Config | None = None,
    lock: str | None = None,
    upcasters: Source | None = None,
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of one of the sources, given as paths and texts, beside the others.

    They are those that `diagnose` finds in it if the others, and the job types of the lock that
    are not looked up, have no errors; except that names of services and of their methods are not
    compared between sources. `lock` and `upcasters` are those of `compile`.
    """
    problems = Problems()
    inputs = read_inputs(config, lock, upcasters, problems, on_demand=True)
    if problems.has_errors:
        return problems.sorted()
    try:
        return _Alone(path, Mentions(sources), inputs).run()
    except EntryError:
        read_inputs(config, lock, upcasters, problems)
        return problems.sorted()


@dataclass
class _OwnProblems(Problems):
    """Notes the findings in some sources alone."""

    own: Collection[str] = ()

    def add(self, diagnostic: Diagnostic) -> None:
        """Note a finding."""
        if diagnostic.span.source.path in self.own:
            super().add(diagnostic)


@dataclass
class _Alone:
    """What the check of one source needs of the others, until it needs no more.

    Of the sources in `whole` it needs the hooks, too, of those in `used` functions and all that
    their declarations name, of those in `declared` the declarations. Of further sources that these
    name it needs the primary keys. `near` are sources with names that a hint may tell.
    """

    path: str
    mentions: Mentions
    inputs: Inputs
    whole: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    near: set[str] = field(default_factory=set)
    parsed: dict[str, tuple[ast.File, Problems]] = field(default_factory=dict)

    def run(self) -> tuple[Diagnostic, ...]:
        """Check until the check has had all that it looked up."""
        text = self.mentions.sources[self.path]
        self.whole = {self.path, *self.mentions.clashing(self.path)}
        self.whole |= self.mentions.declaring(_WRITTEN.findall(text))
        self.whole |= self.mentions.alike(words(" ".join(_EARLIER_NAMES.findall(text))))
        self.near = self.mentions.meant(text)
        self.declared = self._named(self.whole)
        while True:
            before = self._needed
            env, found = self._check()
            self._note(env, found)
            if self._needed == before:
                return found

    @property
    def _needed(self) -> tuple[int, ...]:
        """How many sources are needed in each way: equal if they are the same ones."""
        used, declared = self.used - self.whole, self.declared - self.used - self.whole
        return tuple(map(len, (self.whole, used, declared, self.near - self.used - declared)))

    def _named(self, paths: Iterable[str]) -> set[str]:
        return {each for path in paths for each in self.mentions.named(self.mentions.sources[path])}

    def _check(self) -> tuple[Environment, tuple[Diagnostic, ...]]:
        """Check what is known to be needed; return the findings in the source, too."""
        problems = _OwnProblems(own=self.mentions.sources)
        full = {path: self._parsed(path, problems) for path in self.whole}
        told = {path: self._parsed(path, problems) for path in self.used | self.declared}
        files = {path: _kept(file, _is_declaration) for path, file in told.items()} | full
        outer = {each for file in files.values() for each in self._named_by_members(file)}
        for path in outer.union(self.near) - files.keys():
            files[path] = _kept(self._parsed(path, problems), _is_key)
        problems.own = self.whole | self.used
        inputs = self.inputs
        env = examine(
            [files[path] for path in sorted(files)], inputs.config, problems,
            lock=inputs.lock, upcasters=inputs.upcasters,
        )  # fmt: skip
        found = Problems()
        for diagnostic in problems.found:
            if diagnostic.span.source.path == self.path:
                found.add(diagnostic)
        return env, found.sorted()

    def _named_by_members(self, file: ast.File) -> set[str]:
        members = (member for resource in file.resources for member in resource.members)
        return {path for member in members for path in self.mentions.named(member.span.text)}

    def _parsed(self, path: str, problems: Problems) -> ast.File:
        if path not in self.parsed:
            syntax = Problems()
            file = parse(Source(path, self.mentions.sources[path]), syntax)
            self.parsed[path] = file, syntax
        file, syntax = self.parsed[path]
        for diagnostic in syntax.found:
            problems.add(diagnostic)
        return file

    def _note(self, env: Environment, found: Iterable[Diagnostic]) -> None:
        """Note what else the check needed."""
        written = {
            use.resource
            for program in (env, *env.uncompiled.values())
            for use in program.facts.resolutions.values()
            if isinstance(use, RecordCall) and use.operation in WRITES
        }
        self.whole |= self.mentions.declaring(written) | self._callers(env, found)
        self.declared |= self._named(self.whole)
        for code in env.reached:
            root = code.body if isinstance(code, FunctionInfo) else code
            self.used.add(root.span.source.path)
        for name, looked_up in env.resources.uses.items():
            if self.mentions.declaring([name]) & (self.whole | self.used):
                self.declared |= self.mentions.declaring(looked_up)
        for diagnostic in found:
            if diagnostic.severity == "error":
                self.near |= self.mentions.nearest(words(diagnostic.span.text))

    def _callers(self, env: Environment, found: Iterable[Diagnostic]) -> set[str]:
        """The sources that may call a function about which they decide what is found.

        Findings in a function are errors if a job reaches it, and it may be given stored records,
        which lack sensitive fields.
        """
        reached = {code.body if isinstance(code, FunctionInfo) else code for code in env.reached}
        spans = [each.span for each in found if each.severity == "warning"]
        sensitive = {name.rpartition(".")[2] for name in self.inputs.config.sensitive}
        pending = [
            function.name.text
            for function in _functions(self.parsed[self.path][0])
            if (
                not {function, getattr(function, "body", None)} & reached
                and any(function.span.start <= span.start < function.span.end for span in spans)
            )
            or not sensitive.isdisjoint(words(function.span.text))
        ]
        seen, callers = set[str](), set[str]()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            for path, text in self.mentions.sources.items():
                if name in text and path != self.path:
                    callers.add(path)
                    inner = _functions(self._parsed(path, Problems()))
                    pending += (each.name.text for each in inner if name in each.span.text)
        return callers


def _functions(file: ast.File) -> Iterator[ast.Function | ast.Computed | ast.Scope]:
    for resource in file.resources:
        for member in resource.members:
            if isinstance(member, ast.Function | ast.Computed | ast.Scope):
                yield member


def _kept(file: ast.File, is_kept: Callable[[ast.ResourceMember], bool]) -> ast.File:
    """A file with some of the members of its resources."""
    resources = (
        replace(resource, members=tuple(filter(is_kept, resource.members)))
        for resource in file.resources
    )
    return replace(file, resources=tuple(resources))


def _is_declaration(member: ast.ResourceMember) -> bool:
    return not isinstance(member, ast.Hook)


def _is_key(member: ast.ResourceMember) -> bool:
    return isinstance(member, ast.Field) and (
        member.name.text == "id" or any(each.name.text == "primary" for each in member.annotations)
    )
