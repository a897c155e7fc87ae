"""The state that all parts of the checker share."""

import re
from collections import deque
from dataclasses import dataclass, field, replace

from .. import ast
from ..config import Config
from ..diagnostics import Diagnostic, Problems, SpanSet
from ..program import Facts, FunctionInfo, ParameterInfo, Program, ResourceInfo
from ..source import Source
from ..types import Struct


@dataclass
class DowngradedProblems(Problems):
    """Passes findings on as warnings, for code that no job or hook reaches."""

    target: Problems = field(default_factory=Problems)

    def add(self, diagnostic: Diagnostic) -> None:
        """Note a finding as a warning."""
        self.target.add(replace(diagnostic, severity="warning"))


@dataclass(kw_only=True)
class Environment(Program):
    """The program while it is checked.

    `unparsed` are the statements and members that did not parse completely, `words` the words in
    them. `taken_names` are all class names, `taken_columns` the Python names of columns.
    `uncompiled` are the hooks that are not compiled, each with the facts about its nodes. `likely`
    remembers which resource a service's name may be a typo of. `reached` are the functions and
    scopes that code uses, `pending` those still to be checked.
    """

    config: Config
    problems: Problems
    unparsed: SpanSet = field(default_factory=SpanSet)
    scope_parameters: dict[ast.Scope, tuple[ParameterInfo, ...]] = field(default_factory=dict)
    taken_names: set[str] = field(default_factory=set)
    structs_by_fields: dict[tuple[object, ...], Struct] = field(default_factory=dict)
    taken_columns: dict[str, set[str]] = field(default_factory=dict)
    likely: dict[str, str | None] = field(default_factory=dict)
    words: dict[tuple[Source, str], set[str]] = field(default_factory=dict)
    uncompiled: dict[ast.Hook, Program] = field(default_factory=dict)
    reached: set[FunctionInfo | ast.Scope] = field(default_factory=set)
    pending: deque[tuple[ResourceInfo, FunctionInfo | ast.Scope]] = field(default_factory=deque)

    def reach(self, owner: ResourceInfo, what: FunctionInfo | ast.Scope) -> None:
        """Note a function or a scope of a resource as used."""
        if what not in self.reached:
            self.reached.add(what)
            self.pending.append((owner, what))

    def unparsed_words(self, source: Source, pattern: str = r"(?<![^.]\.)\b\w++") -> set[str]:
        """Return the words in unparsed code that may be declarations."""
        if (source, pattern) not in self.words:
            self.words[source, pattern] = {
                word for text in self.unparsed.texts(source) for word in re.findall(pattern, text)
            }
        return self.words[source, pattern]

    def for_unreached_code(self) -> "Environment":
        """Return a copy with the same declarations for unreached code, whose facts do not count."""
        return replace(
            self,
            problems=DowngradedProblems(target=self.problems),
            facts=Facts(),
            structs=dict(self.structs),
            reached=set(),
            pending=deque(),
        )
