"""`jobs.lock` of a generated package, as a file."""

from pathlib import Path

from ..diagnostics import Problems
from ..lock.text import LOCK_FILE
from .files import read_if_there, report


def read_lock_text(folder: Path, problems: Problems) -> str | None:
    """The text of the lock in a folder, if there is one; what prevents that is reported."""
    data = read_if_there(folder / LOCK_FILE, problems)
    if data is None:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "this lock cannot be read: it is not UTF-8 text"
        hint = "restore it, such as with `git checkout -- jobs.lock`, then run again"
        report("GEN614", folder / LOCK_FILE, message, problems, hint)
        return None
