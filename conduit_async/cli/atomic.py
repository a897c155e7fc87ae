"""Changes several files of a folder atomically: all of them or none."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

STAGE = ".conduitc-"
"""The prefix of staging folders, which hold the new files until all of them are written."""

_HELD = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


FileUpdate: TypeAlias = tuple[str, bytes | None]
"""A file and its new content; None deletes the file."""


def change_files(folder: Path, changes: Sequence[FileUpdate]) -> None:
    """Write and delete files of a folder in this order; create the folder if it is missing.

    All new files and backups are written before the first file moves. Ctrl-C is delayed while
    files move. An error restores the old files. Raises `OSError`.
    """
    with _made(folder), _staged(folder) as stage:
        for number, (_, data) in enumerate(changes):
            if data is not None:
                (stage / f"new{number}").write_bytes(data)
        backups = _backups(folder, stage, dict.fromkeys(name for name, _ in changes))
        for number, (name, data) in enumerate(changes):
            if data is not None and backups[folder / name] is not None:
                shutil.copymode(folder / name, stage / f"new{number}")
        with _signals_held():
            try:
                for number, (name, data) in enumerate(changes):
                    if data is None:
                        (folder / name).unlink(missing_ok=True)
                    else:
                        os.replace(stage / f"new{number}", folder / name)
            except BaseException:
                _restore(backups)
                raise


def _backups(folder: Path, stage: Path, names: Iterable[str]) -> dict[Path, Path | None]:
    """Return a copy of each file; None where there is no file."""
    backups: dict[Path, Path | None] = {}
    for number, name in enumerate(names):
        path, backup = folder / name, stage / f"old{number}"
        try:
            shutil.copy2(path, backup)
            backups[path] = backup
        except FileNotFoundError:
            backups[path] = None
    return backups


def _restore(backups: dict[Path, Path | None]) -> None:
    for path, backup in reversed(backups.items()):  # undo the steps in reverse order
        if backup is None:
            path.unlink(missing_ok=True)
        else:
            os.replace(backup, path)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Create the folder and its parents; remove the created ones if the body fails."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):
                place.rmdir()
        raise


@contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    with _shared(folder):
        stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=folder))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _shared(folder: Path) -> Iterator[None]:
    """Hold a shared lock on a folder, after removing what killed processes left in it.

    The system frees the locks of a killed process, so a staging folder that no one locks is stale.
    """
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # another process stages files, or the file system has no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for stale in folder.glob(f"{STAGE}*"):
                shutil.rmtree(stale, ignore_errors=True)
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def remove_leftovers(folder: Path) -> None:
    """Remove the staging folders that killed processes left."""
    if any(folder.glob(f"{STAGE}*")):
        with suppress(OSError), _shared(folder):
            pass


@contextmanager
def _signals_held() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
