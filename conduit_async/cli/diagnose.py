"""`conduitc check`: diagnostics only."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import click

from ..diagnostics import Diagnostic, Problems
from ..source import Source, Span
from .lock import read_configured_lock
from .project import load_project


def diagnose(given: Sequence[str], form: str) -> int:
    """Print the diagnostics of the given files and folders; return the exit code."""
    from ..compiler import diagnose as find
    from ..render import as_json, as_sarif, as_text

    problems = Problems()
    project = load_project(given, problems)
    found = problems.sorted()
    if not problems.has_errors:
        lock, names = read_configured_lock(project, problems)
        found = problems.sorted()
        if not problems.has_errors:
            diagnostics = find(project.sources, project.config, lock, project.upcasters)
            found = (*found, *relabelled(diagnostics, names))
    files = len(project.sources)
    match form:
        case "json":
            click.echo(as_json(files, found))
        case "sarif":
            click.echo(as_sarif(found))
        case _:
            if found:
                click.echo(as_text(found, color=wants_color(sys.stdout)), nl=False)
            click.echo(f"checked {counted(files, 'file')}: {summary(found)}")
    return int(has_errors(found))


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
        )
        for diagnostic in diagnostics
    )


def show(found: Sequence[Diagnostic]) -> None:
    """Print diagnostics on the standard error."""
    if found:
        from ..render import as_text

        click.echo(as_text(found, color=wants_color(sys.stderr)), nl=False, err=True)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any diagnostic is an error."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`, or `nothing is wrong`."""
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    warnings = len(diagnostics) - errors
    parts = [counted(n, what) for n, what in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(parts) or "nothing is wrong"


def counted(number: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def wants_color(stream: object) -> bool:
    """Whether a stream is a terminal on which colours are welcome."""
    import os

    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(getattr(stream, "isatty", lambda: False)())
