"""Whole rows of a flush: with the driver's values, for hooks, and with those of the class."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, false, func, select, true
from sqlalchemy.orm import attributes

from ...postgres.statement import quote
from ...records.tables import RecordError, table_of
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
    follows. Raises RecordError if the hooks are those of another table.
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
    is_same = _is_same_table(connection, registration).label("is_same")
    statement = select(key.label("key"), is_same, *labelled).order_by(key)
    if locks:
        statement = statement.with_for_update(key_share=True, of=registration.table)
    names = [column.name for column in table_of(registration.record).columns]
    found = {}
    wanted = [*keys]
    as_given = {str(each): each for each in wanted}
    for start in range(0, len(wanted), PART):
        part = statement.where(key.in_(wanted[start : start + PART]))
        for identity, fits, *values in connection.execute(part):
            if not fits:
                raise _other_table(connection, registration)
            row = dict(zip(names, values[: len(raw)], strict=True))
            mapped = dict(zip(attribute_of.values(), values[len(raw) :], strict=True))
            # The application may have set a key that is the text of a uuid.
            found[as_given.get(str(identity), identity)] = ReadRow(row, mapped)
    return found


def _is_same_table(connection: Connection, registration: Registration) -> ColumnElement[bool]:
    """Whether the hooks write the table to which the connection maps the class.

    Postgres is asked only if the two name different schemas, or one names none.
    """
    ours, theirs = _names(connection, registration)
    if ours == theirs:
        return true()
    found = func.pg_catalog.to_regclass
    return func.coalesce(found(ours) == found(theirs), false())


def _names(connection: Connection, registration: Registration) -> tuple[str, str]:
    """The quoted names of the class's table, with `schema_translate_map`, and of the hooks'."""
    schema = connection.schema_for_object(registration.table)
    parts = [registration.table.name] if schema is None else [schema, registration.table.name]
    hooks = table_of(registration.record).name.split(".")
    return ".".join(map(quote, parts)), ".".join(map(quote, hooks))


def _other_table(connection: Connection, registration: Registration) -> RecordError:
    ours, theirs = _names(connection, registration)
    return RecordError(
        f"this session writes instances of {registration.mapper.class_.__name__} to {ours}, and "
        f"the hooks of {registration.module} are those of {theirs}, another table here: name the "
        "table with its schema under [tables] of conduit.toml or, if each tenant has a schema, "
        "set the search path of the connection and no schema_translate_map"
    )


def show(state: Any, values: Mapping[str, Any]) -> None:
    """Set the database's values on the instance of a state, except on attributes assigned since.

    Deferred attributes that are not loaded stay so.
    """
    instance = state.obj()
    unloaded = {prop.key for prop in state.mapper.column_attrs if prop.deferred} & state.unloaded
    for name, value in values.items():
        if instance is not None and name not in state.committed_state and name not in unloaded:
            attributes.set_committed_value(instance, name, value)
