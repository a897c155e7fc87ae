"""Brings a folder to hold a generated package, and never touches somebody else's file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..diagnostics import Problems
from .atomic import STAGE, change_files
from .files import read_if_there, reason, report
from .ownership import HEADER, MANIFEST, is_ours, manifest_text, read_manifest


@dataclass(frozen=True)
class Changes:
    """How a folder differs from what it should hold: names of files, sorted.

    `owned` are those that the manifest listed before.
    """

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    deleted: tuple[str, ...]
    owned: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.deleted)


def compare(folder: Path, files: Mapping[str, str], problems: Problems) -> Changes:
    """What writing the files would do; whatever stands in the way is reported (GEN6xx)."""
    owned = read_manifest(folder, problems)
    created: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    for name in sorted(files):
        found = read_if_there(folder / name, problems)
        if found is None:
            created.append(name)
        elif found == files[name].encode():
            unchanged.append(name)
        elif name in owned or found.startswith(HEADER):
            changed.append(name)
        else:
            report(
                "GEN610",
                folder / name,
                "this file was not written by conduitc, which would overwrite it",
                problems,
                "move it away or delete it, then run again",
            )
    deleted = [name for name in sorted(owned - set(files)) if is_ours(folder / name)]
    if not (created or changed or deleted) and owned != set(files):
        changed.append(MANIFEST)
    return Changes(tuple(created), tuple(changed), tuple(unchanged), tuple(deleted), owned)


def write(folder: Path, files: Mapping[str, str], changes: Changes, problems: Problems) -> bool:
    """Carry out the changes; whether it went well. If not, the folder is as it was before."""
    news = [name for name in (*changes.created, *changes.changed) if name in files]
    # While files move, the manifest lists the old and the new ones: a run that is killed in between
    # leaves nothing that the next one would take for somebody else's.
    steps = [
        (MANIFEST, manifest_text(changes.owned | set(files))),
        *((name, files[name].encode()) for name in news),
        *((name, None) for name in changes.deleted),
        (MANIFEST, manifest_text(files)),
    ]
    try:
        change_files(folder, steps)
    except OSError as error:
        place = error.filename if isinstance(error.filename, str) else ""
        blamed = folder if not place or STAGE in place else Path(place)
        message = f"cannot write: {reason(error)}"
        report("GEN611", blamed, message, problems, "nothing was changed")
        return False
    return True
