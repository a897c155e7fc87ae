"""Diagnostics, collected during a run and rendered at its end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from .source import Source, Span

Severity = Literal["error", "warning"]

MAX_DIAGNOSTICS = 100
"""How many diagnostics one run reports."""


@dataclass(frozen=True, slots=True)
class Related:
    """A further span of a diagnostic, such as "declared here"."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: its code in the catalogue, its place, what is wrong and how to mend it."""

    code: str
    span: Span
    message: str
    hint: str | None = None
    severity: Severity = "error"
    related: tuple[Related, ...] = ()


@dataclass
class SpanSet:
    """Spans of sources, such as those that did not parse."""

    _spans: dict[Source, list[Span]] = field(default_factory=dict)

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
        self, code: str, span: Span, message: str, hint: str | None = None, *related: Related
    ) -> None:
        """Note an error; the compiler then writes no file."""
        self.add(Diagnostic(code, span, message, hint, "error", related))

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

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error."""
        return any(d.severity == "error" for d in self._found.values())

    def sorted(self) -> tuple[Diagnostic, ...]:
        """At most `MAX_DIAGNOSTICS` findings, errors kept first, by file and position."""
        by_weight = sorted(
            self._found.values(), key=lambda d: (d.severity != "error", *_position(d))
        )
        return tuple(sorted(by_weight[:MAX_DIAGNOSTICS], key=_position))


def _position(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return *span.place, span.end, diagnostic.code
