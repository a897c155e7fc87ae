"""The columns of a row from a hash that is only known when the code runs."""

import difflib
import functools
import typing
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from ..model.identity import identity
from ..model.values import ConduitError
from ..operators import enum_value
from ..payloads.convert import Unfit, kind
from .tables import Column, table_of


def columns_of(record: type[Any], values: object, /, **relations: str) -> dict[str, Any]:
    """The columns of a row from a hash, by attribute, each as its column's type.

    Its keys are the names of columns, or of `relations`: the column that holds the key of each.
    Raises ConduitError for any other key, for a column that is given twice and for a value that
    does not fit; a hash from outside names no column that the row does not have.
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
