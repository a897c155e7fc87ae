"""The description of a new payload, and the steps that convert an older one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..types import Widening
from .model import FieldType


@dataclass(frozen=True)
class Constant:
    """A constant: nil, a bool, a number, a text, or a list or dict of these."""

    value: object


NIL_CONSTANT = Constant(None)


@dataclass(frozen=True)
class Load:
    """How to load a field's value, which is a column of a row.

    `keys` are the payload's fields that may hold the row's primary key, `key` is the type of that
    key. `path` leads from the row to the value; an empty path is a snapshot of the row.
    """

    resource: str
    keys: tuple[str, ...]
    key: FieldType
    path: tuple[str, ...]


@dataclass(frozen=True)
class NewField:
    """A field of the new payload, or of a struct or a snapshot in it, and its substitutes.

    `was` are its earlier names. `default` is the constant `@default` of its column. `load` is None
    if no row has the value any more. `fields` are the fields of the struct or the snapshot in its
    type, even inside an array or a hash. `variable` is the variable whose value it holds. If a
    payload also has a field of that name, the variable is stored as `variable_`. `same` are fields
    that hold the same value in payloads that have them. `others` are the names of the values of its
    record: none is an earlier name of the field.
    """

    type: FieldType
    was: tuple[str, ...] = ()
    default: Constant | None = None
    load: Load | None = None
    fields: Mapping[str, "NewField"] = field(default_factory=dict)
    variable: str = ""
    same: tuple[str, ...] = ()
    others: Collection[str] = ()


NewFields: TypeAlias = Mapping[str, NewField]
"""A new payload's fields, by their names in JSON."""


@dataclass(frozen=True)
class Conversion:
    """Converts a value of type `old` to `new`.

    `step` converts non-nil values. `default` replaces nil if the new value is never nil.
    """

    old: FieldType
    new: FieldType
    step: "Step"
    default: Constant | None = None


@dataclass(frozen=True)
class Items:
    """Converts each item of an array, or each value of a hash."""

    item: Conversion


@dataclass(frozen=True)
class Object:
    """Makes a struct or a snapshot from an older one."""

    values: Mapping[str, "Value"]


Step: TypeAlias = Literal["same"] | Widening | Items | Object


@dataclass(frozen=True)
class Converted:
    """The value of the old field `name`, converted."""

    name: str
    conversion: Conversion


@dataclass(frozen=True)
class Loaded:
    """A value of the row whose key is in the old field `key`."""

    load: Load
    key: str


Value: TypeAlias = Converted | Constant | Loaded


@dataclass(frozen=True)
class Upcast:
    """The value of each field of the new payload."""

    values: Mapping[str, Value]
