"""Diagnostics, collected during a run and rendered at its end."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from .source import Source, Span

Severity = Literal["error", "warning"]

MAX_DIAGNOSTICS = 100
"""How many diagnostics one run reports."""

_MAX_PLACES = 3
"""How many further places of its cause a diagnostic names."""


@dataclass(frozen=True, slots=True)
class Related:
    """A further span of a diagnostic, such as "declared here"."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of a source, and the text to write in its place."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend a finding.

    It is `safe` if the edited sources were checked: they have fewer errors, or mean the same.
    """

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: its code in the catalogue, its place, what is wrong and how to mend it.

    Errors of a code with an equal `cause` that is not empty are one mistake, such as a field that
    is not declared: the first is reported. It names places of the others; all of them are `same`.
    """

    code: str
    span: Span
    message: str
    hint: str | None = None
    severity: Severity = "error"
    related: tuple[Related, ...] = ()
    cause: str = ""
    fixes: tuple[Fix, ...] = ()
    same: tuple[Span, ...] = ()


_MEMBER = re.compile(r"resource |@|[a-z_]\w*\s*:")
"""What a resource or a member of one begins with."""


@dataclass
class SpanSet:
    """Spans of sources that did not parse.

    In the `unbalanced` sources, a brace of a resource or a member is missing, so members may be
    misplaced. In the `displaced` ones, resources may be, too.
    """

    _spans: dict[Source, list[Span]] = field(default_factory=dict)
    unbalanced: set[Source] = field(default_factory=set)
    displaced: set[Source] = field(default_factory=set)

    def add(self, span: Span) -> None:
        """Add a span."""
        self._spans.setdefault(span.source, []).append(span)

    @property
    def sources(self) -> Iterable[Source]:
        """The sources that have spans."""
        return self._spans.keys()

    def texts(self, source: Source) -> Iterator[str]:
        """Return the texts of the spans in a source."""
        return (span.text for span in self._spans.get(source, ()))

    def touches(self, span: Span) -> bool:
        """Whether a span shares a character with one of these spans."""
        return bool(self._spans) and any(
            span.start < other.end and other.start < span.end
            for other in self._spans.get(span.source, ())
        )


@dataclass
class Problems:
    """Collects the diagnostics of a run."""

    _found: dict[tuple[str, Span], Diagnostic] = field(default_factory=dict)
    unparsed: SpanSet = field(default_factory=SpanSet)
    """Findings in these spans are dropped: they follow from a syntax error."""

    def error(
        self,
        code: str,
        span: Span,
        message: str,
        hint: str | None = None,
        *related: Related,
        cause: str = "",
    ) -> None:
        """Note an error; the compiler then writes no file."""
        self.add(Diagnostic(code, span, message, hint, "error", related, cause))

    def warning(
        self, code: str, span: Span, message: str, hint: str | None = None, *related: Related
    ) -> None:
        """Note a warning."""
        self.add(Diagnostic(code, span, message, hint, "warning", related))

    def add(self, diagnostic: Diagnostic) -> None:
        """Note a finding; the same code at the same span is noted once."""
        spans = [diagnostic.span]
        if diagnostic.severity == "warning":
            spans += (related.span for related in diagnostic.related)
        if not any(map(self.unparsed.touches, spans)):
            self._found.setdefault((diagnostic.code, diagnostic.span), diagnostic)

    def note_unbalanced(self) -> None:
        """Note the sources in which a brace was reported."""
        for code, span in self._found:
            if code in ("SYN010", "SYN011") and span.text in ("{", "}"):
                before = span.source.text[: span.start].rpartition("\n")[2].lstrip()
                if span.text == "}" or _MEMBER.match(before):
                    self.unparsed.unbalanced.add(span.source)
                if span.text == "}" or before.startswith("resource "):
                    self.unparsed.displaced.add(span.source)

    @property
    def found(self) -> Collection[Diagnostic]:
        """All findings, in the order in which they were noted."""
        return self._found.values()

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error."""
        return any(d.severity == "error" for d in self._found.values())

    def sorted(self) -> tuple[Diagnostic, ...]:
        """At most `MAX_DIAGNOSTICS` findings, errors kept first, by file and position."""
        by_weight = sorted(
            self._found.values(), key=lambda d: (d.severity != "error", *_position(d))
        )
        return tuple(sorted(_merged(by_weight)[:MAX_DIAGNOSTICS], key=_position))


def _merged(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Merge the findings that have the cause of an error before them into that error."""
    causes: dict[tuple[str, str] | int, list[Diagnostic]] = {}
    for number, each in enumerate(found):
        cause = (each.code, each.cause)
        is_alone = not each.cause or (each.severity != "error" and cause not in causes)
        causes.setdefault(number if is_alone else cause, []).append(each)
    return [_with_places(first, rest) for first, *rest in causes.values()]


def _with_places(first: Diagnostic, others: Sequence[Diagnostic]) -> Diagnostic:
    """Return a finding with the first places of the others of its cause."""
    if not others:
        return first
    notes = ["the same here"] * min(len(others), _MAX_PLACES)
    if len(others) > _MAX_PLACES:
        notes[-1] += f", and {len(others) - _MAX_PLACES} more"
    places = (Related(each.span, note) for each, note in zip(others, notes, strict=False))
    same = tuple(each.span for each in others)
    return replace(first, related=(*first.related, *places), same=same)


def _position(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return *span.place, span.end, diagnostic.code
