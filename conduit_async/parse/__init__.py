"""Source text to syntax tree."""

import re

from msgspec.structs import replace

from .. import ast
from ..diagnostics import Diagnostic, Problems
from ..source import Source, Span
from .attempt import best_attempt

__all__ = ["parse"]

_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Characters that a Python string can hold but no file in UTF-8."""


def parse(source: Source, problems: Problems) -> ast.File:
    """Return the tree of a source without the parts that have errors; add those to `problems`."""
    if (place := _SURROGATE.search(source.text)) is not None:
        problems.error(
            "GEN620",
            Span(source, *place.span()),
            f"this is not text: the character {ord(place[0]):#x} is half of one",
            "give the source as it was decoded from UTF-8",
        )
        whole = Span(source, 0, len(source.text))
        return ast.File(whole, (), (), unparsed=(whole,))
    attempt = best_attempt(source)
    unclosed = {found.span.line for found in attempt.found if found.code == "SYN007"}
    for diagnostic in attempt.found:
        if diagnostic.code != "SYN011" or diagnostic.span.line not in unclosed:
            problems.add(diagnostic)
    unparsed = [span for each in attempt.found if (span := _consequences(each)) is not None]
    return replace(attempt.tree, unparsed=(*attempt.unparsed, *unparsed))


def _consequences(found: Diagnostic) -> Span | None:
    """Return the span in which further errors would only follow from a diagnostic."""
    span, source = found.span, found.span.source
    line_end = source.line_end(span.start)
    match found.code:
        case "SYN004":
            return span
        case "SYN007":
            return Span(source, source.line_start(span.start), line_end)
        case "SYN015":
            brace = source.text.find("{", span.start, line_end)
            return Span(source, span.start, brace) if brace >= 0 else span
    return None
