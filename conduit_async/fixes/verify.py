"""Tries the fixes of diagnostics: a safe one leaves fewer errors, or the same meaning."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from ..compiler import diagnose
from ..config import Config
from ..diagnostics import Diagnostic, Edit, Fix, Problems
from ..front_end import Inputs, check_sources, read_inputs
from ..incremental.mentions import Mentions
from ..lock.entries import EntryError
from ..source import Source
from .candidates import guessed, hinted, is_choice

MOST_TRIED = 30
"""How many edits are tried for one diagnostic."""

_SAME_MEANING = frozenset({"PAT409", "TYP103"})
"""Warnings whose fixes leave the generated code as it is."""


@dataclass
class Fixes:
    """Finds the fixes of the diagnostics of some sources, given as paths and texts."""

    sources: Mapping[str, str]
    config: Config
    lock: str | None = None
    upcasters: Source | None = None
    _before: dict[frozenset[str], Sequence[Diagnostic]] = field(default_factory=dict)

    @cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self.sources)

    def added_to(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """The diagnostics with their fixes."""
        return tuple(replace(each, fixes=tuple(self._fixes(each))) for each in found)

    def _fixes(self, diagnostic: Diagnostic) -> Iterator[Fix]:
        """The safe fix; without one, the first edits that the hint tells."""
        told = [*islice(hinted(diagnostic), MOST_TRIED)]
        tried = told or [*islice(guessed(diagnostic), MOST_TRIED)]
        if diagnostic.span.source.path not in self.sources or is_choice(diagnostic):
            tried = []
        found = self._safe(diagnostic, tried)
        yield from ([replace(found, safe=True)] if found is not None else told[:1])

    def _safe(self, diagnostic: Diagnostic, tried: Sequence[Fix]) -> Fix | None:
        """The first fix that leaves fewer errors, or the same meaning without the warning.

        Else the first that shows another error in place of this one: what a name stands for is
        checked when it is known, and a source when its syntax is right.
        """
        if diagnostic.severity == "warning" and diagnostic.code not in _SAME_MEANING:
            return None
        second: Fix | None = None
        for fix in tried:
            before, after = self._around(diagnostic, fix)
            fewer = len(_errors(before)) - len(_errors(after))
            if diagnostic.severity == "warning":
                if fewer == 0 and len(after) < len(before):
                    return fix
            elif fewer > 0 and not _breaks_syntax(before, after):
                return fix
            elif fewer == 0 and second is None and _is_further(diagnostic, fix, before, after):
                second = fix
        return second

    def _around(
        self, diagnostic: Diagnostic, fix: Fix
    ) -> tuple[Sequence[Diagnostic], Sequence[Diagnostic]]:
        """The diagnostics of the edited sources, and of those that they name, before and after."""
        edits: dict[str, list[Edit]] = {diagnostic.span.source.path: []}
        for edit in fix.edits:
            edits.setdefault(edit.span.source.path, []).append(edit)
        near: dict[str, str] = {}
        for path in edits:
            near |= self._mentions.near(path, *(edit.text for edit in fix.edits))
        key = frozenset(near)
        if key not in self._before:
            self._before[key] = self._diagnosed(near)
        fixed = {path: applied(near[path], each) for path, each in edits.items()}
        return self._before[key], self._diagnosed({**near, **fixed})

    @cached_property
    def _inputs(self) -> tuple[Inputs, Problems]:
        problems = Problems()
        return read_inputs(
            self.config, self.lock, self.upcasters, problems, on_demand=True
        ), problems

    def _diagnosed(self, sources: Mapping[str, str]) -> Sequence[Diagnostic]:
        """What `diagnose` finds; the lock and the upcasters are read once."""
        inputs, found = self._inputs
        problems = Problems()
        for each in found.found:
            problems.add(each)
        try:
            check_sources(sources, inputs, problems)
        except EntryError:
            return diagnose(sources, self.config, self.lock, self.upcasters)
        return problems.sorted()


def _is_further(
    diagnostic: Diagnostic, fix: Fix, before: Sequence[Diagnostic], after: Sequence[Diagnostic]
) -> bool:
    """Whether a diagnostic is gone, and the error in its place is another mistake."""
    place = (diagnostic.code, diagnostic.span.source.path, diagnostic.span.start)
    for each in after:
        if (each.code, each.message) == (diagnostic.code, diagnostic.message):
            return False
        if (each.code, each.span.source.path, each.span.start) == place:
            return False
    if not diagnostic.code.startswith("SYN"):
        return not _breaks_syntax(before, after)
    is_other_word = fix.edits[0].span == diagnostic.span and bool(fix.edits[0].text)
    return is_other_word or len(_errors(after, "SYN")) < len(_errors(before, "SYN"))


def _breaks_syntax(before: Sequence[Diagnostic], after: Sequence[Diagnostic]) -> bool:
    """Whether there is a new syntax error, which hides what is checked behind it."""
    known = {(each.code, each.message) for each in before}
    return any((each.code, each.message) not in known for each in _errors(after, "SYN"))


def _errors(found: Iterable[Diagnostic], family: str = "") -> list[Diagnostic]:
    return [each for each in found if each.severity == "error" and each.code.startswith(family)]


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text with some edits of it, which must not overlap."""
    for edit in sorted(edits, key=lambda each: each.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
