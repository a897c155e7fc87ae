"""`jobs.lock` of a generated package, as a file."""

from pathlib import Path

import click

from ..diagnostics import Problems
from ..lock.changes import lock_changes
from ..lock.text import LOCK_FILE, LockError, decode, read_changed
from .files import read_if_there, report, shown
from .project import Project, configured_folder

_SHOWN = 50
"""How many job types the summary of a change names at most."""


def read_lock_text(folder: Path, problems: Problems) -> str | None:
    """Return the text of the lock in a folder, if there is one; report why it cannot be read."""
    data = read_if_there(folder / LOCK_FILE, problems)
    if data is None:
        return None
    try:
        return decode(data)
    except LockError as error:
        message = f"this lock cannot be read: {error.reason}"
        report("GEN614", folder / LOCK_FILE, message, problems, error.hint)
        return None


def read_configured_lock(project: Project, problems: Problems) -> tuple[str | None, dict[str, str]]:
    """Return the configured package's lock, and the shown form of each path and of the lock's."""
    folder = configured_folder(project)
    if folder is None:
        return None, project.shown
    names = {**project.shown, LOCK_FILE: shown(folder / LOCK_FILE)}
    return read_lock_text(folder, problems), names


def show_changes(old: str | None, new: str | None) -> None:
    """Print how the lock differs from the previous one, if there was one."""
    if old is None or new is None or old == new:
        return
    lines = [*lock_changes(*read_changed(old, new))]
    for line in lines[:_SHOWN]:
        click.echo(line)
    if len(lines) > _SHOWN:
        click.echo(f"… and {len(lines) - _SHOWN} more job types")
