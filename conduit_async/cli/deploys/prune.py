"""`conduitc lock prune`: drop shapes and job types that no recent version enqueued."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import click

from ...diagnostics import Problems
from ...lock.model import Lock
from ...lock.prune import Pruned, ShapeId, all_shapes, current_shapes
from ...lock.prune import prune as pruned
from ...lock.text import LOCK_FILE, write
from ...lock_file import read_lock
from ..atomic import change_files
from ..check.checked import relabelled
from ..diagnose import counted
from ..files import reason, report, shown
from ..generate import failed
from ..lock import read_lock_text
from ..project import target_folder
from ..usage import UsageError
from .lock_history import LockHistory

_AGE = re.compile(r"(\d{1,6})([hdwy])")
_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800, "y": 365 * 86_400}


def prune(out: str | None, older_than: str | None, before: str | None, *, dry_run: bool) -> int:
    """Drop the shapes and types that are not needed, print them, and return the exit code.

    Raises `UsageError` if git cannot tell what was current.
    """
    if older_than is not None and before is not None:
        raise UsageError("--older-than and --before both say how far back: give one of them")
    since = _since(older_than) if older_than is not None else None
    problems = Problems()
    folder = target_folder(out, problems)
    text = read_lock_text(folder, problems) if not problems.has_errors else None
    lock = read_lock(text, problems)
    if problems.has_errors:
        return failed(relabelled(problems.sorted(), {LOCK_FILE: shown(folder / LOCK_FILE)}))
    if text is None:
        raise UsageError(f"there is no {shown(folder / LOCK_FILE)}: `conduitc gen` writes it")
    left = pruned(lock, _needed(folder, since, before))
    _show(left, lock)
    if not (left.shapes or left.types):
        click.echo(f"{shown(folder / LOCK_FILE)} has nothing to drop")
        return 0
    if not dry_run:
        try:
            change_files(folder, [(LOCK_FILE, write(left.lock).encode())])
        except OSError as error:
            report("GEN611", folder, f"cannot write: {reason(error)}", problems)
            return failed(problems.sorted())
    parts = (counted(len(left.shapes), "shape"), counted(len(left.types), "retired job type"))
    done = "would drop" if dry_run else "dropped"
    then = "" if dry_run else "; now run `conduitc gen`, which removes the code that reads them"
    click.echo(f"{done} {' and '.join(parts)} from {shown(folder / LOCK_FILE)}{then}")
    return 0


def _needed(folder: Path, since: int | None, before: str | None) -> set[ShapeId]:
    history = LockHistory(folder)
    if since is None and before is None:
        return {*all_shapes(history.head)}
    locks: Iterator[Lock]
    locks = history.since_commit(before) if before is not None else history.since(since or 0)
    return {shape for lock in locks for shape in current_shapes(lock)}


def _since(age: str) -> int:
    found = _AGE.fullmatch(age.strip())
    if found is None:
        raise UsageError(f"--older-than is `{shown(age)}`: use an age such as 12h, 90d, 8w or 1y")
    return int(time.time()) - int(found[1]) * _SECONDS[found[2]]


def _show(left: Pruned, lock: Lock) -> None:
    for name, shape in left.shapes:
        click.echo(f"- {name} {shape} ({', '.join(lock.jobs[name].shapes[shape]) or 'no fields'})")
    for name in left.types:
        click.echo(f"- {name}, retired")
