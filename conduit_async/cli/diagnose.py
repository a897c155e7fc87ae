"""`conduitc check`: diagnostics only."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..diagnostics import Diagnostic, Problems
from .check.checked import Checked, checked, checked_alone
from .project import load_project, load_unsaved
from .usage import UsageError

if TYPE_CHECKING:
    from .check.fix import Fixed


def diagnose(given: Sequence[str], form: str, *, fix: bool = False, diff: bool = False) -> int:
    """Print the diagnostics of the given files and folders; return the exit code.

    With `fix`, apply the safe fixes first; with `diff`, print what they would change instead.
    """
    problems = Problems()
    project = load_project(given, problems)
    if problems.has_errors:
        state = Checked(project, problems.sorted(), None, project.shown)
        return _unread(given, state, form, fix, diff)
    state = checked(project, whole=not given)
    if fix or diff or form != "text":
        state = state.with_fixes()
    if not (fix or diff):
        return _print(state, form)
    from .check.fix import fixed_sources

    fixed = fixed_sources(state)
    if diff:
        _preview(state, fixed)
        return int(bool(fixed.texts) or has_errors(state.found))
    _apply(state, fixed, form)
    after = state.with_sources(fixed.texts)
    return _print(after if form == "text" else after.with_fixes(), form)


def _unread(given: Sequence[str], state: Checked, form: str, fix: bool, diff: bool) -> int:
    """As `diagnose`, for a project whose configuration or files could not be read."""
    from ..fixes.configuration import with_fixes
    from .check.fix import fixed_configuration

    state = replace(state, found=with_fixes(state.found))
    fixed = fixed_configuration(state)
    if diff:
        _preview(state, fixed)
        return 1
    if not fix or not fixed.texts:
        return _print(state, form)
    _apply(state, fixed, form)
    return diagnose(given, form, fix=True)


def _preview(state: Checked, fixed: "Fixed") -> None:
    from .check.fix import print_difference

    print_difference(state, fixed)
    click.echo(f"would apply {counted(len(fixed.fixes), 'fix', 'fixes')}")


def _apply(state: Checked, fixed: "Fixed", form: str) -> None:
    from .check.fix import show_fixes, write_sources

    write_sources(fixed.texts, state.names)
    if form == "text":
        show_fixes(fixed, state.names)


def diagnose_unsaved(name: str, form: str) -> int:
    """Print the diagnostics of one file, whose text is the standard input; return the exit code.

    Of the other sources, only what its check needs is read.
    """
    problems = Problems()
    text = _standard_input()
    project, path = load_unsaved(name, text, problems)
    if problems.has_errors:
        return _print(Checked(project, problems.sorted(), None, project.shown), form)
    state = checked_alone(project, path)
    state = state.with_fixes() if form != "text" else state
    return _print(replace(state, project=replace(project, sources={path: text})), form)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the standard input is not UTF-8 text: {error.reason}") from None


def _print(state: Checked, form: str) -> int:
    from ..render import as_json, as_sarif, as_text

    found, files = state.shown, len(state.project.sources)
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


def counted(number: int, what: str, many: str | None = None) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {what if number == 1 else many or f'{what}s'}"


def wants_color(stream: object) -> bool:
    """Whether a stream is a terminal on which colours are welcome."""
    import os

    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(getattr(stream, "isatty", lambda: False)())
