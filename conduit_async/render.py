"""Diagnostics as text for people, and as JSON and SARIF for machines."""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from .diagnostics import Diagnostic, Fix
from .source import Span, printable

_MAX_WIDTH = 100
"""How many columns of a source line are shown."""

_STYLES = {"error": "\033[1;31m", "warning": "\033[1;33m", "quiet": "\033[34m", "bold": "\033[1m"}
_RESET = "\033[0m"


def as_text(
    diagnostics: Sequence[Diagnostic], color: bool = False, labels: Sequence[str] = ()
) -> str:
    """Each diagnostic with an excerpt of its source and carets below it.

    It begins with its label, by default with its severity.
    """
    labels = labels or [each.severity for each in diagnostics]
    pairs = zip(diagnostics, labels, strict=True)
    return "".join(f"{_as_text(diagnostic, label, color)}\n" for diagnostic, label in pairs)


def as_json(files: int, diagnostics: Iterable[Diagnostic]) -> str:
    """`{"files": n, "diagnostics": […]}`; lines and columns count characters from 1."""
    found = [
        {
            "file": diagnostic.span.source.path,
            **_positions(diagnostic.span, "line", "column", "end_line", "end_column"),
            "severity": diagnostic.severity,
            "code": diagnostic.code,
            "message": diagnostic.message,
            "hint": diagnostic.hint,
            "fixes": [_json_fix(each) for each in diagnostic.fixes],
        }
        for diagnostic in diagnostics
    ]
    return json.dumps({"files": files, "diagnostics": found}, indent=2)


def _json_fix(fix: Fix) -> dict[str, Any]:
    edits = [
        {
            "file": edit.span.source.path,
            "start": _place(edit.span, edit.span.start),
            "end": _place(edit.span, edit.span.end),
            "text": edit.text,
        }
        for edit in fix.edits
    ]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def as_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """SARIF 2.1.0, which code hosts show beside the source."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver = {"name": "conduitc", "rules": [{"id": code} for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(diagnostic) for diagnostic in diagnostics],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def _sarif_result(diagnostic: Diagnostic) -> dict[str, Any]:
    hint = f"; {diagnostic.hint}" if diagnostic.hint else ""
    related = [
        {**_sarif_location(each.span), "message": {"text": each.message}}
        for each in diagnostic.related
    ]
    fixes = [_sarif_fix(each) for each in diagnostic.fixes]
    return {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": f"{diagnostic.message}{hint}"},
        "locations": [_sarif_location(diagnostic.span)],
        **({"relatedLocations": related} if related else {}),
        **({"fixes": fixes} if fixes else {}),
    }


def _sarif_fix(fix: Fix) -> dict[str, Any]:
    by_file: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        region = _positions(edit.span, "startLine", "startColumn", "endLine", "endColumn")
        replacement = {"deletedRegion": region, "insertedContent": {"text": edit.text}}
        by_file.setdefault(edit.span.source.path, []).append(replacement)
    changes = [
        {"artifactLocation": {"uri": path}, "replacements": replacements}
        for path, replacements in by_file.items()
    ]
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def _sarif_location(span: Span) -> dict[str, Any]:
    region = _positions(span, "startLine", "startColumn", "endLine", "endColumn")
    return {"physicalLocation": {"artifactLocation": {"uri": span.source.path}, "region": region}}


def _place(span: Span, offset: int) -> dict[str, int]:
    line, column = span.source.position(offset)
    return {"line": line, "column": column}


def _positions(span: Span, *names: str) -> dict[str, int]:
    """Return the lines and columns of a span's start and end, under the given names."""
    ends = (*span.source.position(span.start), *span.source.position(span.end))
    return dict(zip(names, ends, strict=True))


def _as_text(diagnostic: Diagnostic, label: str, color: bool) -> str:
    def style(name: str, text: str) -> str:
        return f"{_STYLES[name]}{text}{_RESET}" if color else text

    severity = diagnostic.severity
    related = [(each.span, "quiet", each.message) for each in diagnostic.related]
    marks = [(diagnostic.span, severity, ""), *related]
    gutter = max(len(str(span.line)) for span, _, _ in marks)
    edge = style("quiet", f"{' ' * gutter} |")
    message = style("bold", f": {_visible(diagnostic.message)}")
    lines = [style(severity, f"{label}[{diagnostic.code}]") + message]
    for span, style_name, note in marks:
        if not span.source.text:
            lines.append(style("quiet", f"{' ' * gutter}--> ") + _visible(span.source.path))
            continue
        line, column = span.source.position(span.start)
        excerpt, carets = _excerpt(span)
        arrow = "-->" if not note else ":::"
        place = f"{_visible(span.source.path)}:{line}:{column}"
        lines.append(style("quiet", f"{' ' * gutter}{arrow} ") + place)
        lines.append(edge)
        lines.append(style("quiet", f"{line:>{gutter}} |") + f" {excerpt}".rstrip())
        lines.append(f"{edge} {style(style_name, f'{carets} {_visible(note)}'.rstrip())}")
    if diagnostic.hint:
        first, *further = map(_visible, diagnostic.hint.split("\n"))
        lines.append(f"{style('quiet', f'{chr(32) * gutter} =')} {first}")
        lines += [f"{' ' * (gutter + 3)}{line}".rstrip() for line in further]
    return "\n".join(lines) + "\n"


def _excerpt(span: Span) -> tuple[str, str]:
    """The line where a span starts, and the carets below it."""
    line, column = span.source.position(span.start)
    text = span.source.line(line)
    start = min(column - 1, len(text))
    end = max(min(start + span.end - span.start, len(text)), start)
    first = 0
    if len(text) > _MAX_WIDTH and end > _MAX_WIDTH - 10:
        first = max(0, start - _MAX_WIDTH // 2)
    cut_left, cut_right = first > 0, len(text) > first + _MAX_WIDTH
    shown = text[first : first + _MAX_WIDTH]
    before, marked = text[first:start], text[start : min(end, first + _MAX_WIDTH)]
    excerpt = ("…" if cut_left else "") + _visible(shown) + ("…" if cut_right else "")
    indent = (" " if cut_left else "") + " " * _width(before)
    return excerpt, indent + "^" * max(1, _width(marked))


def _visible(text: str) -> str:
    """Return the text with spaces for tabs and U+FFFD for characters that are not printable."""
    return printable(text.replace("\t", "    "))


def _width(text: str) -> int:
    """How many terminal columns `_visible(text)` takes."""
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char)
        for char in _visible(text)
    )
