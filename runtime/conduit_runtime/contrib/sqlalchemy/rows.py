"""Whole rows of a flush: with the driver's values, for hooks, and with those of the class."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.orm import attributes

from ...records.tables import table_of
from .registration import Registration

PART = 5_000
"""The most rows that one statement reads: Postgres takes 65,535 parameters."""


class ReadRow(NamedTuple):
    """A row as hooks take it, by column, and the values of its instance, by attribute."""

    row: dict[str, Any]
    mapped: dict[str, Any]


def read_rows(
    connection: Connection,
    registration: Registration,
    keys: Collection[Any],
    *,
    locks: bool = False,
) -> Mapping[Any, ReadRow]:
    """The rows with these keys, by the given key, in one statement unless there are many.

    With `locks`, no other transaction can change the rows: they get the lock of the UPDATE that
    follows.
    """
    raw = registration.raw_columns()
    attribute_of = {
        column: prop.key
        for prop in registration.mapper.column_attrs
        for column in prop.columns
        if getattr(column, "table", None) is registration.table  # an expression has none
    }
    typed = [*attribute_of]
    labelled = [
        *(column.label(f"raw_{number}") for number, column in enumerate(raw)),
        *(column.label(f"typed_{number}") for number, column in enumerate(typed)),
    ]
    key = registration.key
    statement = select(key.label("key"), *labelled).order_by(key)
    if locks:
        statement = statement.with_for_update(key_share=True, of=registration.table)
    names = [column.name for column in table_of(registration.record).columns]
    found = {}
    wanted = [*keys]
    as_given = {str(each): each for each in wanted}
    for start in range(0, len(wanted), PART):
        part = statement.where(key.in_(wanted[start : start + PART]))
        for identity, *values in connection.execute(part):
            row = dict(zip(names, values[: len(raw)], strict=True))
            mapped = dict(zip(attribute_of.values(), values[len(raw) :], strict=True))
            # The application may have set a key that is the text of a uuid.
            found[as_given.get(str(identity), identity)] = ReadRow(row, mapped)
    return found


def show(state: Any, values: Mapping[str, Any]) -> None:
    """Set the database's values on the instance of a state, except on attributes assigned since.

    Deferred attributes that are not loaded stay so.
    """
    instance = state.obj()
    unloaded = {prop.key for prop in state.mapper.column_attrs if prop.deferred} & state.unloaded
    for name, value in values.items():
        if instance is not None and name not in state.committed_state and name not in unloaded:
            attributes.set_committed_value(instance, name, value)
