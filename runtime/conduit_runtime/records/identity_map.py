"""The rows that a run has loaded, each once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from ..model.text.logs import get_logger

R = TypeVar("R")

log = get_logger("conduit.records")


class IdentityMap:
    """The rows that a run has loaded by key."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[tuple[type[Any], Any], Any] = {}

    def has(self, record: type[Any], key: object) -> bool:
        return (record, key) in self._rows

    def row(self, record: type[R], key: object) -> R | None:
        found: R | None = self._rows.get((record, key))
        return found

    def keep(self, record: type[R], key: object, row: R | None) -> R | None:
        """Cache what was found for the rest of the run."""
        self._rows[record, key] = row
        return row

    def written(
        self, record: type[Any], key: object, values: Mapping[str, Any] | None, done: str
    ) -> None:
        """Update a cached row; None means that the database has no such row any more."""
        if values is None:
            log.warning("%s %s is gone: nothing was %s", record.__name__, key, done)
            return
        row = self.row(record, key)
        for attribute, value in values.items():
            if row is not None:
                setattr(row, attribute, value)

    def forget(self, record: type[Any], key: object) -> None:
        """Read that row again when it is asked for."""
        self._rows.pop((record, key), None)
