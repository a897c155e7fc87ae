"""`conduitc gen --watch`: compile again whenever a source or the configuration changes."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import click

from .project import watched_files
from .usage import INTERRUPTED, UsageError

_PAUSE = 0.3
"""Seconds between two looks.

Files are looked at, not watched: the system reports no change behind a symbolic link, of a file
that an editor replaces, or in a folder that another machine or a container's host writes.
"""


def watch(given: Sequence[str], generate: Callable[[], int]) -> int:
    """Generate now and after every change, until Ctrl-C; always 130."""
    seen: dict[str, tuple[int, int]] | None = None
    try:
        while True:
            now = _state(given)
            if now != seen:
                seen = now
                try:
                    generate()
                except UsageError as error:
                    click.echo(f"conduitc: {error}", err=True)
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return INTERRUPTED


def _state(given: Sequence[str]) -> dict[str, tuple[int, int]]:
    """When each file was last changed, and its size."""
    state = {}
    for path in watched_files(given):
        with suppress(OSError):
            found = path.stat()
            state[str(path)] = found.st_mtime_ns, found.st_size
    return state
