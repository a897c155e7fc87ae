# Generated from async_operations.py by .ci/unasync.py; do not edit.
"""Reads and writes the application's rows, for synchronous code."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from . import queries
from .identity_map import IdentityMap
from .queries import Query, present, required
from .tables import table_of

R = TypeVar("R")
T = TypeVar("T")


class Operations(ABC):
    """Database operations. `get` and `find` cache a row for the run; the writes update it."""

    _identity_map: IdentityMap

    @abstractmethod
    def _run(self, query: Query[T]) -> T: ...

    def get(self, record: type[R], key: object) -> R:
        """Return the row with that key, cached for the run; raises ConduitError if it is gone."""
        return required(record, key, self.find(record, key))

    def find(self, record: type[R], key: object) -> R | None:
        """Return the row with that key, cached for the run; None if there is none or no key."""
        rows = self._identity_map
        if key is not None and (record, key) not in rows:
            rows[record, key] = self._run(queries.by_key(record, key))
        row: R | None = rows.get((record, key))
        return row

    def fetch(self, record: type[R], sql: str, values: Sequence[Any] = ()) -> list[R]:
        """Return every row of a SELECT of the record's columns."""
        return self._run(queries.fetch(record, sql, values))

    def first(self, record: type[R], sql: str, values: Sequence[Any] = ()) -> R | None:
        """Return the first row of a SELECT of the record's columns, or None."""
        return self._run(queries.first(record, sql, values))

    def scalar(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> T:
        """Return the one value of a query, such as a count; raises ConduitError for nil."""
        return present(self.scalar_or_none(kind, sql, values), sql)

    def scalar_or_none(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> T | None:
        """Return the one value of a query that may be nil, such as a maximum."""
        return self._run(queries.scalar(kind, sql, values))

    def pluck(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> list[T]:
        """Return the values of the only column of a query."""
        return self._run(queries.pluck(kind, sql, values))

    def pluck_rows(self, sql: str, values: Sequence[Any] = ()) -> list[list[Any]]:
        """Return the rows of a query, each as a list of its columns."""
        return self._run(queries.pluck_rows(sql, values))

    def create(self, record: type[R], /, **columns: Any) -> R:
        """Insert a row and return it whole; columns that are not named take the defaults."""
        rows = self._run(queries.create(record, [columns]))
        return rows[0]

    def create_many(self, record: type[R], rows: Sequence[Mapping[str, Any]]) -> list[R]:
        """Insert rows in one statement."""
        return self._run(queries.create(record, rows)) if rows else []

    def update(self, record: type[Any], key: object, /, **columns: Any) -> None:
        """Write columns of a row; logs a warning if the row is gone."""
        automatic = self._run(queries.update(table_of(record), key, columns))
        values = None if automatic is None else {**columns, **automatic}
        self._identity_map.written(record, key, values, "updated")

    def update_path(self, record: type[Any], key: object, path: str, value: object) -> None:
        """Write one value within a struct, such as `"address.country"`."""
        done = self._run(queries.update_path(table_of(record), key, path, value))
        self._identity_map.written(record, key, done, "updated")
        self._identity_map.pop((record, key), None)  # so that it is read again

    def increment(self, record: type[Any], key: object, column: str, by: Any = 1) -> None:
        """Add to a column in the database; nil counts as zero."""
        done = self._run(queries.increment(table_of(record), key, column, by))
        self._identity_map.written(record, key, done, "incremented")

    def delete(self, record: type[Any], key: object) -> None:
        """Delete a row, if it is there."""
        self._run(queries.delete(table_of(record), key))
        self._identity_map[record, key] = None
