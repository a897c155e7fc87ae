"""The lock that `conduitc breaking` compares with: at a git ref, in a folder, or a file."""

from dataclasses import dataclass
from pathlib import Path

import click

from ...lock.model import Lock
from ...lock.text import LOCK_FILE, LockError, decode, read
from ..files import reason, shown
from ..usage import UsageError
from .git import Repository


@dataclass(frozen=True)
class Baseline:
    """A lock, and where it was found, in words; an empty lock if there was none."""

    lock: Lock
    label: str


def find_baseline(wanted: str | None, folder: Path) -> Baseline:
    """Return the lock of a package at a ref, by default where HEAD left the default branch.

    A path to a lock, or to a folder with a lock, takes precedence over a ref of the same name.
    Raises `UsageError` if there is neither, or if the lock is broken.
    """
    if wanted is not None and (path := _file(wanted)) is not None:
        try:
            return Baseline(_parsed(path.read_bytes(), shown(path)), shown(path))
        except OSError as error:
            raise UsageError(f"cannot read {shown(path)}: {reason(error)}") from None
    repository = Repository(folder)
    if wanted is None:
        commit, label = repository.base()
        if label.startswith("HEAD"):
            click.echo("conduitc: no default branch is known: compared with HEAD", err=True)
    elif (found := repository.commit(wanted)) is not None:
        commit, label = found, f"{wanted} ({found[:8]})"
    else:
        problem = "has no jobs.lock" if _exists(wanted) else "is neither a path nor a commit"
        raise UsageError(f"--against: `{shown(wanted)}` {problem}")
    text = repository.read(commit, folder / LOCK_FILE)
    if text is None:
        place = shown(folder / LOCK_FILE)
        click.echo(f"conduitc: there is no {place} at {label}: all job types are new", err=True)
        return Baseline(Lock(), label)
    return Baseline(_parsed(text, f"{LOCK_FILE} at {label}"), label)


def _file(wanted: str) -> Path | None:
    try:
        return next((p for p in (Path(wanted, LOCK_FILE), Path(wanted)) if p.is_file()), None)
    except (OSError, ValueError):  # the name is not a valid path
        return None


def _exists(wanted: str) -> bool:
    try:
        return Path(wanted).exists()
    except (OSError, ValueError):
        return False


def _parsed(data: bytes, where: str) -> Lock:
    try:
        return read(decode(data))
    except LockError as error:
        raise UsageError(f"{where} cannot be read: {error}: {error.hint}") from None
