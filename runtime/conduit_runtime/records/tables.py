"""The application's tables: how the columns of a record are read and written."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg.types.json import Jsonb

from ..model import payload
from ..model.identity import TABLE
from ..model.text.names import fields_of
from ..model.values import ConduitError
from ..payloads.convert import Converter, converter
from ..payloads.sensitive import is_sensitive, noting, without_mark

R = TypeVar("R")


class RecordError(ConduitError):
    """A row or an object does not fit the record that it is given as."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in SQL, its Python attribute, and how its values are read and written."""

    name: str
    attribute: str
    quoted: str
    convert: Converter
    dump: Callable[[Any], Any]


@dataclass(frozen=True)
class Table:
    """The table of a record class, as far as the runtime knows it."""

    name: str
    quoted: str
    key: Column
    columns: tuple[Column, ...]
    auto_update: tuple[Column, ...]

    @functools.cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @functools.cached_property
    def by_attribute(self) -> Mapping[str, Column]:
        return {column.attribute: column for column in self.columns}

    @functools.cached_property
    def select_list(self) -> str:
        """Every column, quoted, separated by commas."""
        return ", ".join(column.quoted for column in self.columns)

    def column(self, attribute: str) -> Column:
        """The column of a Python attribute or of a name in SQL; RecordError if there is none."""
        found = self.by_attribute.get(attribute) or self.by_name.get(attribute)
        if found is None:
            raise RecordError(f'{self.name} has no column "{attribute}"')
        return found


def table(name: str, *, key: str, auto_update: Sequence[str] = ()) -> Callable[[type[R]], type[R]]:
    """Bind a dataclass to its table.

    `name` may include a schema (`"sales.orders"`). `key` is the column of the primary key.
    `auto_update` are the columns that each UPDATE sets to the time of the transaction.
    """

    def decorate(record: type[R]) -> type[R]:
        setattr(record, TABLE, (name, key, tuple(auto_update)))
        return record

    return decorate


def table_of(record: type[Any]) -> Table:
    """The table of a record class; raises RecordError if `@table` is missing."""
    known: Any = record
    return _table(known)


@functools.cache
def _table(record: Any) -> Table:
    declared = record.__dict__.get(TABLE)
    if declared is None:
        raise RecordError(f"{record.__name__} is not a record: it has no @table")
    name, key, auto_update = declared
    columns = {
        column: Column(column, attribute, quote(column), converter(kind), _dumper(kind))
        for attribute, column, kind in fields_of(record)
    }
    return Table(
        name=name,
        quoted=".".join(quote(part) for part in name.split(".")),
        key=columns[key],
        columns=tuple(columns.values()),
        auto_update=tuple(columns[column] for column in auto_update),
    )


def quote(identifier: str) -> str:
    """An identifier in quotes, safe in a statement that has parameters."""
    return '"' + identifier.replace('"', '""').replace("%", "%%") + '"'


def adapt(value: Any) -> Any:
    """A value as a query parameter: structs and hashes become jsonb, enums of strings text."""
    if dataclasses.is_dataclass(value) or isinstance(value, Mapping):
        return _jsonb(value)
    if isinstance(value, list | tuple) and any(
        dataclasses.is_dataclass(item) or isinstance(item, Mapping) for item in value
    ):
        return _jsonb(value)
    return list(value) if isinstance(value, tuple) else value


def _dumper(annotation: Any) -> Callable[[Any], Any]:
    """The function that writes values of a column: as jsonb, as an array of jsonb, or unchanged."""
    if is_sensitive(annotation):
        dump = _dumper(without_mark(annotation))
        return lambda value: dump(noting(_as_is)(value))
    annotation = _without_nil(annotation)
    if _is_jsonb(annotation):
        return _jsonb
    if typing.get_origin(annotation) is list:
        item = _without_nil(typing.get_args(annotation)[0])
        if typing.get_origin(item) is list:
            return _as_is
        if isinstance(item, type) and dataclasses.is_dataclass(item):
            return _jsonb
        if _is_jsonb(item):
            return lambda value: None if value is None else [_jsonb(item) for item in value]
    return _as_is


def _is_jsonb(annotation: Any) -> bool:
    return (
        annotation is Any
        or typing.get_origin(annotation) is dict
        or (isinstance(annotation, type) and dataclasses.is_dataclass(annotation))
    )


def _without_nil(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [a for a in typing.get_args(annotation) if a is not types.NoneType]
        return members[0] if len(members) == 1 else Any
    return annotation


def _as_is(value: Any) -> Any:
    return value


def _jsonb(value: Any) -> Any:
    return None if value is None else Jsonb(payload.encode(value), dumps=str)
