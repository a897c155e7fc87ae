"""The statements on the application's tables, without IO."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..model import payload
from ..model.values import ConduitError
from ..payloads.convert import Converter, Unfit, converter
from .rows import row_reader
from .tables import Column, Table, adapt, table_of

R = TypeVar("R")
T = TypeVar("T")

Rows = Sequence[Sequence[Any]]
Read = Callable[[Sequence[str], Rows], T]


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """A statement; `read` makes its result from the column names and the rows."""

    sql: str
    values: Sequence[Any]
    read: Read[T]


def column_names(description: Sequence[Any] | None) -> list[str]:
    """The names of a result's columns, from its cursor."""
    return [column.name for column in description or ()]


def by_key(record: type[R], key: object) -> Query[R | None]:
    target = table_of(record)
    sql = f"SELECT {target.select_list} FROM {target.quoted} WHERE {target.key.quoted} = %s"  # noqa: S608
    return first(record, sql, (key,))


def fetch(record: type[R], sql: str, values: Sequence[Any]) -> Query[list[R]]:
    """Every row of a SELECT of the record's columns."""

    def read(names: Sequence[str], rows: Rows) -> list[R]:
        reader = row_reader(record, names)
        return [reader(row) for row in rows]

    return Query(sql, _adapted(values), read)


def first(record: type[R], sql: str, values: Sequence[Any]) -> Query[R | None]:
    """The first row of a SELECT of the record's columns."""
    every = fetch(record, sql, values)
    return Query(
        sql, every.values, lambda names, rows: every.read(names, rows[:1])[0] if rows else None
    )


def scalar(kind: type[T], sql: str, values: Sequence[Any]) -> Query[T | None]:
    """The first column of the first row."""
    every = pluck(kind, sql, values)

    def read(names: Sequence[str], rows: Rows) -> T | None:
        return every.read(names, rows[:1])[0] if rows and rows[0][0] is not None else None

    return Query(sql, every.values, read)


def pluck(kind: type[T], sql: str, values: Sequence[Any]) -> Query[list[T]]:
    """The first column of every row."""

    convert: Converter = converter(kind)

    def read(names: Sequence[str], rows: Rows) -> list[T]:
        try:
            return [convert(row[0], names[0]) for row in rows]
        except Unfit as unfit:
            raise ConduitError(f"the query's {unfit}") from None

    return Query(sql, _adapted(values), read)


def pluck_rows(sql: str, values: Sequence[Any]) -> Query[list[list[Any]]]:
    return Query(sql, _adapted(values), lambda _, rows: [list(row) for row in rows])


def create(record: type[R], rows: Sequence[Mapping[str, Any]]) -> Query[list[R]]:
    """Insert rows, given by Python attribute; attributes that a row does not name get defaults."""
    target = table_of(record)
    columns = list(dict.fromkeys(target.column(name) for row in rows for name in row))
    values: list[Any] = []
    lines = []
    for row in rows:
        given = {target.column(name): value for name, value in row.items()}
        lines.append(", ".join("%s" if c in given else "DEFAULT" for c in columns))
        values += [column.dump(given[column]) for column in columns if column in given]
    if columns:
        names = ", ".join(column.quoted for column in columns)
        inserted = f"({names}) VALUES " + ", ".join(f"({line})" for line in lines)
    elif len(rows) == 1:
        inserted = "DEFAULT VALUES"
    else:
        raise ConduitError(f"the rows to create of {target.name} have no columns")
    sql = f"INSERT INTO {target.quoted} {inserted} RETURNING {target.select_list}"
    return Query(sql, values, fetch(record, sql, ()).read)


def update(target: Table, key: object, columns: Mapping[str, Any]) -> Query[dict[str, Any] | None]:
    """Write columns, given by Python attribute, and the table's columns of `auto_update`.

    The result holds the values that the database has set itself, by attribute; None if the row is
    gone.
    """
    changed = {target.column(name): value for name, value in columns.items()}
    automatic = [column for column in target.auto_update if column not in changed]
    assignments = [f"{column.quoted} = %s" for column in changed]
    values = [column.dump(value) for column, value in changed.items()]
    return _update(target, key, assignments, values, automatic)


def update_path(target: Table, key: object, path: str, value: object) -> Query[Any]:
    """Write one value within a struct; the rest of the struct stays as it is in the database."""
    name, *inner = path.split(".")
    column = target.column(name)
    assignment = f"{column.quoted} = pg_catalog.jsonb_set({column.quoted}, %s::text[], %s::jsonb)"
    values = [inner, payload.encode(value)]
    return _update(target, key, [assignment], values, target.auto_update)


def increment(target: Table, key: object, name: str, by: object) -> Query[Any]:
    """Add to a column; nil counts as zero. The result holds the new value."""
    column = target.column(name)
    assignment = f"{column.quoted} = coalesce({column.quoted}, 0) + %s"
    return _update(target, key, [assignment], [by], target.auto_update, column)


def delete(target: Table, key: object) -> Query[bool]:
    """Delete a row; returns whether it was there."""
    sql = f"DELETE FROM {target.quoted} WHERE {target.key.quoted} = %s RETURNING true"  # noqa: S608
    return Query(sql, (key,), lambda _, rows: bool(rows))


def required(record: type[R], key: object, row: R | None) -> R:
    """The row; raises ConduitError if there is none."""
    if row is None:
        target = table_of(record)
        raise ConduitError(f"{target.name} has no row with {target.key.name} = {key}")
    return row


def present(value: T | None, sql: str) -> T:
    """The value of a query; raises ConduitError for nil."""
    if value is None:
        raise ConduitError(f"nil where the query must return a value: {' '.join(sql.split())}")
    return value


def _update(
    target: Table,
    key: object,
    assignments: list[str],
    values: list[Any],
    automatic: Sequence[Column],
    *returned: Column,
) -> Query[dict[str, Any] | None]:
    read_back = [*returned, *automatic]
    changes = ", ".join(
        [*assignments, *(f"{column.quoted} = pg_catalog.now()" for column in automatic)]
    )
    names = ", ".join(column.quoted for column in read_back) or "true"
    where = f"WHERE {target.key.quoted} = %s"
    sql = f"UPDATE {target.quoted} SET {changes} {where} RETURNING {names}"  # noqa: S608
    if not changes:
        sql = f"SELECT {names} FROM {target.quoted} {where}"  # noqa: S608

    def read(_: Sequence[str], rows: Rows) -> dict[str, Any] | None:
        if not rows:
            return None
        return {
            column.attribute: column.convert(value, column.name)
            for column, value in zip(read_back, rows[0], strict=False)
        }

    return Query(sql, [*values, key], read)


def _adapted(values: Sequence[Any]) -> list[Any]:
    return [adapt(value) for value in values]
