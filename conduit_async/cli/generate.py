"""`conduitc gen`: compile, and bring the folder up to date."""

import keyword
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from unicodedata import normalize

import click

from ..diagnostics import Diagnostic, Problems
from ..incremental.output import Output
from ..lock.text import LOCK_FILE
from ..upcasters import read_upcasters
from . import build_cache
from .atomic import remove_leftovers
from .check.checked import relabelled
from .diagnose import counted, has_errors, show, summary
from .files import print_diff, shown
from .formatters import Formatters
from .lock import read_lock_text, show_changes
from .ownership import MANIFEST
from .package_writer import Changes, FileState, compare
from .package_writer import write as write_package
from .progress import shown_progress
from .project import Project, configured_folder, load_project
from .usage import UsageError
from .verify import invalid_module

_MARKS: dict[FileState, str] = {"created": "+", "changed": "~", "deleted": "-"}


def generate(
    given: Sequence[str], out: str | None, *, write: bool = True, diff: bool = False
) -> int:
    """Compile the sources into the folder `out`; return the exit code.

    Without `write`, only print what would change, and fail if anything would; with `diff`, print a
    diff.
    """
    problems = Problems()
    project = load_project(given, problems, out)
    if problems.has_errors:
        return failed(problems.sorted())
    folder = _target(out, project)
    lock = read_lock_text(folder, problems)
    if problems.has_errors:
        return failed(problems.sorted())
    previous = build_cache.load(folder, project.config)
    output = _compiled(project, previous, lock)
    names = {**project.shown, LOCK_FILE: shown(folder / LOCK_FILE)}
    found = (*problems.sorted(), *relabelled(output.diagnostics, names))
    if has_errors(found):
        return failed(found)
    show(found)
    changes = compare(folder, output.files, problems)
    if problems.has_errors:
        return failed(problems.sorted())
    to_write = changes.of("created", "changed")
    if (invalid := invalid_module(output, to_write, project)) is not None:
        click.echo(
            f"conduitc: internal error: {invalid}. This is a bug in conduitc: please report it "
            "with this statement; nothing was written",
            err=True,
        )
        return 1
    if diff:
        _print_difference(folder, output.files, changes)
    if write:
        if changes and not write_package(folder, output.files, changes, problems):
            return failed(problems.sorted())
        remove_leftovers(folder)
    if output is not previous and (write or not changes):
        build_cache.store(folder, project.config, output)
    show_changes(lock, output.lock)
    return _report(folder, changes, output, project, wrote=write)


def _target(out: str | None, project: Project) -> Path:
    folder = Path(out) if out is not None else configured_folder(project)
    if folder is None:
        raise UsageError(
            "no output folder is named: give `-o DIR`, or set `out` in the configuration"
        )
    name = os.path.basename(os.path.abspath(folder))
    if not _is_importable(name):
        raise UsageError(
            f"Python cannot import a package whose folder is called `{shown(name)}`: "
            f"call it `{_importable(name)}`, for example"
        )
    return folder


def _is_importable(name: str) -> bool:
    """Whether Python can import the name, which it normalizes: the ligature `fi` to two letters."""
    is_name = name.isidentifier() and not keyword.iskeyword(name)
    return is_name and normalize("NFKC", name) == name


def _importable(name: str) -> str:
    """Return the nearest name that a package can have."""
    plain = re.sub(r"\W+", "_", normalize("NFKC", name)).strip("_") or "jobs"
    plain = f"jobs_{plain}" if plain[0].isdigit() else plain
    return f"{plain}_jobs" if keyword.iskeyword(plain) else plain


def _compiled(project: Project, previous: Output | None, lock: str | None) -> Output:
    if previous is not None and previous.lock == lock and _is_of(previous, project):
        return previous
    from ..compiler import compile  # slow to import, and needed only if something changed

    with shown_progress() as progress, Formatters() as formatters:
        form = formatters.format_all
        return compile(
            project.sources, project.config, progress, previous, form, lock, project.upcasters
        )


def _is_of(output: Output, project: Project) -> bool:
    """Whether an output belongs to the current files of a project."""
    problems = Problems()
    upcasters = read_upcasters(project.upcasters, project.config, problems)
    is_same = output.upcasters == upcasters and not problems.has_errors
    return is_same and output.is_of(project.sources)


def failed(found: Sequence[Diagnostic]) -> int:
    """Print the errors, say that nothing was written, and return the exit code."""
    show(found)
    click.echo(f"{summary(found)}; nothing was written", err=True)
    return 1


def _report(
    folder: Path, changes: Changes, output: Output, project: Project, *, wrote: bool
) -> int:
    """Print what was written or would be, and return the exit code."""
    files, sources = counted(len(output.files), "file"), counted(len(project.sources), "source")
    contents = f"{files} from {sources}, without jobs, since no hook has an `@async`"
    if output.job_types:
        contents = f"{files} with {counted(output.job_types, 'job type')} from {sources}"
    if not changes:
        rest = ", nothing to write" if wrote else ""
        click.echo(f"{shown(folder)} is up to date{rest}: {contents}")
        return 0
    for name in changes.of(*_MARKS):
        click.echo(f"  {_MARKS[changes.states[name]]} {name}")
    if not wrote:
        click.echo(f"{shown(folder)} is stale: run `conduitc gen`")
        return 1
    numbers = [(len(changes.of(state)), state) for state in (*_MARKS, "unchanged")]
    counts = ", ".join(f"{number} {state}" for number, state in numbers if number)
    click.echo(f"wrote {shown(folder)} ({counts}): {contents}")
    return 0


def _print_difference(folder: Path, files: Mapping[str, str], changes: Changes) -> None:
    for name in changes.of(*_MARKS):
        path = folder / name
        if name != MANIFEST:
            old = path.read_text("utf-8", "replace") if path.exists() else ""
            print_diff(shown(path), old, files.get(name, ""))
