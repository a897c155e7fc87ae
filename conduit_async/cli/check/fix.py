"""`conduitc check --fix`: applies the safe fixes of diagnostics."""

import stat
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from ...diagnostics import Diagnostic, Edit, Fix
from ...source import printable
from ..atomic import change_files
from ..files import print_diff, reason, shown
from ..usage import UsageError
from .checked import Checked

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Fixed:
    """The fixes that are applied, and the sources that they change, by their paths."""

    fixes: Sequence[tuple[Diagnostic, Fix]]
    texts: Mapping[str, str]


def fixed_sources(state: Checked) -> Fixed:
    """Apply the safe fixes; of those that touch the same text, the first one.

    If all of them together leave more errors than there were, apply the first one alone.
    """
    edits: dict[str, list[Edit]] = {}
    fixes: list[tuple[Diagnostic, Fix]] = []
    for diagnostic in state.found:
        for fix in diagnostic.fixes:
            if fix.safe and not any(_overlaps(edit, edits) for edit in fix.edits):
                fixes.append((diagnostic, fix))
                for edit in fix.edits:
                    edits.setdefault(edit.span.source.path, []).append(edit)
    fixed = _applied(state, fixes)
    if len(fixes) > 1 and _errors(state.with_sources(fixed.texts)) >= _errors(state):
        return _applied(state, fixes[:1])
    return fixed


def fixed_configuration(state: Checked) -> Fixed:
    """Apply the first safe fix: two could make one key of two."""
    safe = [(found, fix) for found in state.found for fix in found.fixes if fix.safe]
    return _applied(state, safe[:1])


def _overlaps(edit: Edit, edits: Mapping[str, Sequence[Edit]]) -> bool:
    return any(
        edit.span.start <= other.span.end and other.span.start <= edit.span.end
        for other in edits.get(edit.span.source.path, ())
    )


def _applied(state: Checked, fixes: Sequence[tuple[Diagnostic, Fix]]) -> Fixed:
    from ...fixes.verify import applied

    edits: dict[str, list[Edit]] = {}
    for _, fix in fixes:
        for edit in fix.edits:
            edits.setdefault(edit.span.source.path, []).append(edit)
    changed = {path: applied(each[0].span.source.text, each) for path, each in edits.items()}
    return Fixed(fixes, changed)


def _errors(state: Checked) -> int:
    return sum(each.severity == "error" for each in state.found)


def print_difference(state: Checked, fixed: Fixed) -> None:
    """Print what the fixes change as a diff."""
    before = {found.span.source.path: found.span.source.text for found, _ in fixed.fixes}
    for path, text in fixed.texts.items():
        print_diff(state.names.get(path, path), before[path], text)


def write_sources(texts: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Write sources by their paths: of a folder all or none. Raises `UsageError`."""
    folders: dict[Path, list[tuple[str, bytes | None]]] = {}
    for name, text in texts.items():
        path = Path(names.get(name, name)).resolve()  # what a symbolic link leads to
        try:
            mark = BOM_UTF8 if path.read_bytes().startswith(BOM_UTF8) else b""
            is_read_only = not path.stat().st_mode & _WRITABLE
        except OSError as error:
            raise UsageError(f"cannot read `{path}`: {reason(error)}") from None
        if is_read_only:
            raise UsageError(f"cannot write `{shown(path)}`: the file is read-only")
        folders.setdefault(path.parent, []).append((path.name, mark + text.encode()))
    for folder, changes in folders.items():
        try:
            change_files(folder, changes)
        except OSError as error:
            raise UsageError(f"cannot write in `{shown(folder)}`: {reason(error)}") from None


def show_fixes(fixed: Fixed, names: Mapping[str, str]) -> None:
    """Print a line for each fix, with its place before it was applied."""
    for diagnostic, fix in fixed.fixes:
        source = diagnostic.span.source
        line, column = source.position(diagnostic.span.start)
        place = f"{names.get(source.path, source.path)}:{line}:{column}"
        click.echo(f"{place}: {diagnostic.code}: {printable(fix.title)}")
