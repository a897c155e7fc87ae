"""The application's rows as dataclasses, and their columns from hashes."""

import difflib
import functools
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar, cast, get_args, get_origin

from ..model.identity import identity
from ..model.values import ConduitError
from ..operators import enum_value
from ..payloads.convert import MISSING, Unfit, converter, kind, reader
from .tables import Column, RecordError, table_of

R = TypeVar("R")


def read_record(record: type[R], source: object) -> R:
    """A typed copy of a row: of any mapping of its columns, or any object with them as attributes.

    Raises RecordError, which names the column that is missing or does not fit.
    """
    name = record.__name__
    if isinstance(source, str | bytes | Sequence):
        raise RecordError(
            f"expected {name} as a mapping or an object, got {kind(source)}: "
            "use row_factory=dict_row, or pass the model instance"
        )
    read = reader(source)
    values = {}
    for column in table_of(record).columns:
        value = read(column.attribute, column.name)
        if value is MISSING:
            raise RecordError(
                f'{name} was given without its column "{column.name}": '
                "pass the whole row (INSERT … RETURNING *, SELECT *)"
            )
        try:
            values[column.attribute] = column.convert(value, column.name)
        except Unfit as unfit:
            raise RecordError(f"{name}.{unfit}") from None
    return record(**values)


def row_reader(record: type[R], names: Sequence[str]) -> Callable[[Sequence[Any]], R]:
    """A function from a row with the columns `names` to a record; it ignores further columns."""
    columns = []
    for column in table_of(record).columns:
        if column.name not in names:
            raise RecordError(f'the query for {record.__name__} lacks the column "{column.name}"')
        columns.append((column, names.index(column.name)))

    def read_row(row: Sequence[Any]) -> R:
        try:
            return record(
                **{
                    column.attribute: column.convert(row[index], column.name)
                    for column, index in columns
                }
            )
        except Unfit as unfit:
            raise RecordError(f"{record.__name__}.{unfit}") from None

    return read_row


class Snapshot(Generic[R]):
    """A frozen copy of a record, without the columns that the snapshot does not declare."""

    __slots__ = ()

    @classmethod
    def of(cls, record: R) -> Self:
        """The snapshot of a record as it is now."""
        return cast("Self", converter(cls)(record, ""))


def columns_of(record: type[Any], values: object, /, **relations: str) -> dict[str, Any]:
    """The columns of a row from a hash, by attribute, each converted to its column's type.

    The keys of the hash are names of columns or of `relations`; a relation maps to the column that
    holds its key. Raises ConduitError for any other key, for a column that is given twice, and for
    a value that does not fit. So a hash from outside can only name columns of the row.
    """
    name, target = record.__name__, table_of(record)
    columns: Mapping[Any, Column] = target.by_name
    if not isinstance(values, Mapping):
        raise ConduitError(f"the values of a row of {name} are a hash, this is {kind(values)}")
    known: Any = record
    enums = _enums(known)
    found: dict[str, Any] = {}
    for key, value in values.items():
        column = columns.get(relations.get(key, key))
        if column is None:
            raise ConduitError(f"{name} has no field {key}{_meant(key, target.by_name, relations)}")
        if column.attribute in found:
            raise ConduitError(f"the column {column.name} of {name} is given twice")
        same = identity(value)
        given = same[1] if same is not None else value
        try:
            converted = column.convert(given, column.name)
        except Unfit as unfit:
            raise ConduitError(f"{name}.{unfit}") from None
        literal = enums.get(column.attribute)
        found[column.attribute] = converted if literal is None else enum_value(literal, converted)
    return found


def _meant(key: object, *names: Mapping[str, object]) -> str:
    known = [name for each in names for name in each]
    close = difflib.get_close_matches(str(key), known, n=1)
    return f": did you mean {close[0]}?" if close else ""


@functools.cache
def _enums(record: Any) -> dict[str, Any]:
    """The enums among a record's attributes."""
    found = {}
    for attribute, annotation in typing.get_type_hints(record).items():
        for each in (annotation, *get_args(annotation)):
            if get_origin(each) is typing.Literal:
                found[attribute] = each
    return found
