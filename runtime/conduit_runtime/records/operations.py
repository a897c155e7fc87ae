"""Reading and writing the application's rows, as hooks (plain) and jobs (awaited) do it.

`get` and `find` keep a row for the run, and the writes here keep it current.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ..model.text.logs import get_logger
from ..model.values import ConduitError
from . import queries
from .queries import Query
from .tables import table_of

R = TypeVar("R")
T = TypeVar("T")

log = get_logger("conduit.records")


class IdentityMap:
    """The rows that a run has loaded by key."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[tuple[type[Any], Any], Any] = {}

    def has(self, record: type[Any], key: object) -> bool:
        """Whether that row was looked for already."""
        return (record, key) in self._rows

    def row(self, record: type[R], key: object) -> R | None:
        """The row as it was loaded, or None."""
        found: R | None = self._rows.get((record, key))
        return found

    def keep(self, record: type[R], key: object, row: R | None) -> R | None:
        """Keep what was found for the rest of the run."""
        self._rows[record, key] = row
        return row

    def written(
        self, record: type[Any], key: object, values: Mapping[str, Any] | None, done: str
    ) -> None:
        """Bring a kept row up to date; None means that the database has no such row any more."""
        if values is None:
            log.warning("%s %s is gone: nothing was %s", record.__name__, key, done)
            return
        row = self.row(record, key)
        for attribute, value in values.items():
            if row is not None:
                setattr(row, attribute, value)

    def forget(self, record: type[Any], key: object) -> None:
        """Look for that row again when it is asked for."""
        self._rows.pop((record, key), None)


def required(record: type[R], key: object, row: R | None) -> R:
    """The row; ConduitError when there is none."""
    if row is None:
        target = table_of(record)
        raise ConduitError(f"{target.name} has no row with {target.key.name} = {key}")
    return row


def present(value: T | None, sql: str) -> T:
    """The value of a query; ConduitError for nil."""
    if value is None:
        raise ConduitError(f"nil where the query must give a value: {' '.join(sql.split())}")
    return value


class Operations(ABC):
    """Database operations on one synchronous connection."""

    _identity_map: IdentityMap

    @abstractmethod
    def _run(self, query: Query[T]) -> T: ...

    def get(self, record: type[R], key: object) -> R:
        """The row with that key, kept for the run; ConduitError when it is gone."""
        return required(record, key, self.find(record, key))

    def find(self, record: type[R], key: object) -> R | None:
        """The row with that key, kept for the run; None when it is gone or the key is None."""
        if key is None or self._identity_map.has(record, key):
            return self._identity_map.row(record, key)
        return self._identity_map.keep(record, key, self._run(queries.by_key(record, key)))

    def fetch(self, record: type[R], sql: str, values: Sequence[Any] = ()) -> list[R]:
        """Every row of a SELECT of the record's columns."""
        return self._run(queries.fetch(record, sql, values))

    def first(self, record: type[R], sql: str, values: Sequence[Any] = ()) -> R | None:
        """The first row of a SELECT of the record's columns, or None."""
        return self._run(queries.first(record, sql, values))

    def scalar(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> T:
        """The one value of a query, such as a count; ConduitError for nil."""
        return present(self.scalar_or_none(kind, sql, values), sql)

    def scalar_or_none(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> T | None:
        """The one value of a query that may be nil, such as a maximum."""
        return self._run(queries.scalar(kind, sql, values))

    def pluck(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> list[T]:
        """The one column of a query."""
        return self._run(queries.pluck(kind, sql, values))

    def pluck_rows(self, sql: str, values: Sequence[Any] = ()) -> list[list[Any]]:
        """The columns of a query, a list a row."""
        return self._run(queries.pluck_rows(sql, values))

    def create(self, record: type[R], /, **columns: Any) -> R:
        """Insert a row and return it whole; columns not named take the database's defaults."""
        return self._run(queries.create(record, [columns]))[0]

    def create_many(self, record: type[R], rows: Sequence[Mapping[str, Any]]) -> list[R]:
        """Insert rows in one statement."""
        return self._run(queries.create(record, rows)) if rows else []

    def update(self, record: type[Any], key: object, /, **columns: Any) -> None:
        """Write columns of a row; a row that is gone is a logged warning."""
        automatic = self._run(queries.update(table_of(record), key, columns))
        values = None if automatic is None else {**columns, **automatic}
        self._identity_map.written(record, key, values, "updated")

    def update_path(self, record: type[Any], key: object, path: str, value: object) -> None:
        """Write one value within a struct: `"address.country"`."""
        done = self._run(queries.update_path(table_of(record), key, path, value))
        self._identity_map.written(record, key, done, "updated")
        self._identity_map.forget(record, key)

    def increment(self, record: type[Any], key: object, column: str, by: Any = 1) -> None:
        """Add to a column in the database; nil counts as zero."""
        done = self._run(queries.increment(table_of(record), key, column, by))
        self._identity_map.written(record, key, done, "incremented")

    def delete(self, record: type[Any], key: object) -> None:
        """Delete a row, if it is there."""
        self._run(queries.delete(table_of(record), key))
        self._identity_map.keep(record, key, None)


class AsyncOperations(ABC):
    """Database operations that are awaited."""

    _identity_map: IdentityMap

    @abstractmethod
    async def _run(self, query: Query[T]) -> T: ...

    async def get(self, record: type[R], key: object) -> R:
        """The row with that key, kept for the run; ConduitError when it is gone."""
        return required(record, key, await self.find(record, key))

    async def find(self, record: type[R], key: object) -> R | None:
        """The row with that key, kept for the run; None when it is gone or the key is None."""
        if key is None or self._identity_map.has(record, key):
            return self._identity_map.row(record, key)
        return self._identity_map.keep(record, key, await self._run(queries.by_key(record, key)))

    async def fetch(self, record: type[R], sql: str, values: Sequence[Any] = ()) -> list[R]:
        """Every row of a SELECT of the record's columns."""
        return await self._run(queries.fetch(record, sql, values))

    async def first(self, record: type[R], sql: str, values: Sequence[Any] = ()) -> R | None:
        """The first row of a SELECT of the record's columns, or None."""
        return await self._run(queries.first(record, sql, values))

    async def scalar(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> T:
        """The one value of a query, such as a count; ConduitError for nil."""
        return present(await self.scalar_or_none(kind, sql, values), sql)

    async def scalar_or_none(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> T | None:
        """The one value of a query that may be nil, such as a maximum."""
        return await self._run(queries.scalar(kind, sql, values))

    async def pluck(self, kind: type[T], sql: str, values: Sequence[Any] = ()) -> list[T]:
        """The one column of a query."""
        return await self._run(queries.pluck(kind, sql, values))

    async def pluck_rows(self, sql: str, values: Sequence[Any] = ()) -> list[list[Any]]:
        """The columns of a query, a list a row."""
        return await self._run(queries.pluck_rows(sql, values))

    async def create(self, record: type[R], /, **columns: Any) -> R:
        """Insert a row and return it whole; columns not named take the database's defaults."""
        return (await self._run(queries.create(record, [columns])))[0]

    async def create_many(self, record: type[R], rows: Sequence[Mapping[str, Any]]) -> list[R]:
        """Insert rows in one statement."""
        return await self._run(queries.create(record, rows)) if rows else []

    async def update(self, record: type[Any], key: object, /, **columns: Any) -> None:
        """Write columns of a row; a row that is gone is a logged warning."""
        automatic = await self._run(queries.update(table_of(record), key, columns))
        values = None if automatic is None else {**columns, **automatic}
        self._identity_map.written(record, key, values, "updated")

    async def update_path(self, record: type[Any], key: object, path: str, value: object) -> None:
        """Write one value within a struct: `"address.country"`."""
        done = await self._run(queries.update_path(table_of(record), key, path, value))
        self._identity_map.written(record, key, done, "updated")
        self._identity_map.forget(record, key)

    async def increment(self, record: type[Any], key: object, column: str, by: Any = 1) -> None:
        """Add to a column in the database; nil counts as zero."""
        done = await self._run(queries.increment(table_of(record), key, column, by))
        self._identity_map.written(record, key, done, "incremented")

    async def delete(self, record: type[Any], key: object) -> None:
        """Delete a row, if it is there."""
        await self._run(queries.delete(table_of(record), key))
        self._identity_map.keep(record, key, None)
