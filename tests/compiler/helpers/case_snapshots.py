"""A syrupy extension that keeps a snapshot as the files of a case, so that they read as files."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syrupy.data import Snapshot, SnapshotCollection, SnapshotCollections
from syrupy.extensions.base import AbstractSyrupyExtension
from syrupy.location import PyTestLocation
from syrupy.types import SnapshotIndex

CASES = Path(__file__).parents[1] / "cases"
DIAGNOSTICS = "diagnostics.txt"
EXPECTED = "expected"
_HEAD = re.compile(r"^==> (.+) <==\n", re.MULTILINE)


class CaseFiles(AbstractSyrupyExtension):
    """Keeps `diagnostics.txt` and the files of `expected` in the folder of a case.

    A test compares a mapping of paths in the folder to texts. It has the parameter `case`, the name
    of the folder.
    """

    write_immediately = True

    def serialize(self, data: Any, **_: Any) -> str:
        """Return all files as one text, for the comparison and the difference."""
        return "".join(f"==> {path} <==\n{data[path]}" for path in sorted(data))

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        """Return the folder of the case."""
        return str(CASES / test_location.item.callspec.params["case"])  # type: ignore[attr-defined]

    @classmethod
    def matches_test_location(
        cls, *, test_location: PyTestLocation, snapshot_location: str
    ) -> bool:
        """Whether the folder is that of the test's case."""
        return cls.get_location(test_location=test_location, index=0) == snapshot_location

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> str:
        """Return the files of the folder."""
        return self.serialize(_read(Path(snapshot_location)))

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        """Replace the files of the folder."""
        folder = Path(snapshot_collection.location)
        (folder / DIAGNOSTICS).unlink(missing_ok=True)
        if (folder / EXPECTED).is_dir():
            shutil.rmtree(folder / EXPECTED)
        for snapshot in snapshot_collection:
            _, *parts = _HEAD.split(str(snapshot.data))
            for path, text in zip(parts[::2], parts[1::2], strict=True):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")

    def discover_snapshots(self, **_: Any) -> SnapshotCollections:
        """Find none: the files of a case that is removed go with its folder."""
        return SnapshotCollections()

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        """Return the one snapshot of a folder."""
        collection = SnapshotCollection(location=snapshot_location)
        collection.add(Snapshot(name=Path(snapshot_location).name))
        return collection

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        """Remove nothing, as none is discovered that no test uses."""


def _read(folder: Path) -> Mapping[str, str]:
    kept = [folder / DIAGNOSTICS, *(folder / EXPECTED).rglob("*")]
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in kept
        if path.is_file() and path.suffix in (".txt", ".py", ".lock")
    }
