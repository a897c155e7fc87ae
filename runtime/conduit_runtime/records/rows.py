"""Rows of the application's tables as dataclasses."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeVar, cast

from ..payloads.convert import MISSING, Unfit, converter, kind, reader
from .tables import RecordError, table_of

R = TypeVar("R")


def read_record(record: type[R], source: object) -> R:
    """A typed copy of a row: any mapping of its columns, or any object with them as attributes.

    Raises RecordError naming the column that is missing or does not fit.
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
    """A function from a row with the columns `names` to a record; further columns are ignored."""
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
    """A frozen copy of a record, less the columns that it does not declare."""

    __slots__ = ()

    @classmethod
    def of(cls, record: R) -> Self:
        """The snapshot of a record as it is now."""
        return cast("Self", converter(cls)(record, ""))
