"""`conduitc gen --watch`: compile again when a source, the configuration or the lock changes."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import click

from ..diagnostics import Problems
from ..lock.text import LOCK_FILE
from .project import target_folder, watched_files
from .usage import INTERRUPTED, UsageError

_PAUSE = 0.3
"""Seconds between two checks.

Files are polled: the system reports no change behind a symbolic link, of a file that an editor
replaces, or in a folder that another machine or a container's host writes.
"""


def watch(given: Sequence[str], out: str | None, generate: Callable[[], int]) -> int:
    """Generate now and after every change, until Ctrl-C; return 130."""
    seen = None
    try:
        while True:
            now = _state(watched_files(given)), _state(_lock(out))
            if now != seen:
                try:
                    generate()
                except UsageError as error:
                    click.echo(f"conduitc: {error}", err=True)
                # This run may have written the lock. Then the next run finds nothing to do, but
                # it sees what others wrote during this run.
                seen = now
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return INTERRUPTED


def _lock(out: str | None) -> list[Path]:
    """Return the lock of the generated package, which a merge may change."""
    try:
        return [target_folder(out, Problems()) / LOCK_FILE]
    except UsageError:
        return []


def _state(paths: Iterable[Path]) -> dict[str, tuple[int, int]]:
    """Return the time of the last change and the size of each file."""
    state = {}
    for path in paths:
        with suppress(OSError):
            found = path.stat()
            state[str(path)] = found.st_mtime_ns, found.st_size
    return state
