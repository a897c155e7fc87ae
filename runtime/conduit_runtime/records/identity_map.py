"""The rows that a run has loaded."""

from collections.abc import Mapping
from typing import Any

from ..model.text.logs import get_logger

log = get_logger("conduit.records")


class IdentityMap(dict[tuple[type[Any], Any], Any]):
    """The rows that a run has loaded, by record class and key; None for one that is gone."""

    def written(
        self, record: type[Any], key: object, values: Mapping[str, Any] | None, done: str
    ) -> None:
        """Update a cached row; None means that the database no longer has the row."""
        if values is None:
            log.warning("%s %s is gone: nothing was %s", record.__name__, key, done)
        elif (row := self.get((record, key))) is not None:
            for attribute, value in values.items():
                setattr(row, attribute, value)
