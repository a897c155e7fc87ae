"""What can be known of a new payload, and how an older one becomes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .model import FieldType

Scalar: TypeAlias = Literal["float", "decimal", "str", "text"]
"""What makes a wider value: `float(x)`, an exact decimal, or what the value reads in a string."""


@dataclass(frozen=True)
class Constant:
    """A value that is written out: nil, a bool, number or text, or a list or dict of these."""

    value: object


NIL = Constant(None)


@dataclass(frozen=True)
class Load:
    """Where the row is whose column a field is.

    `keys` are the fields of a payload that may hold its primary key, whose type is `key`. `path`
    leads from the row to the value; the empty path is a snapshot of the row.
    """

    resource: str
    keys: tuple[str, ...]
    key: FieldType
    path: tuple[str, ...]


@dataclass(frozen=True)
class NewField:
    """A field of the new payload, or of a struct or a snapshot in it, and what can replace it.

    `was` are its earlier names, `default` the constant `@default` of its column, `load` is None for
    a value that no row has any more. `fields` are those of the struct or the snapshot that the type
    is, or is an array or a hash of. `variable` is the name of the variable whose value it is: a
    payload that has a field of that name, too, has the variable as `variable_`.
    """

    type: FieldType
    was: tuple[str, ...] = ()
    default: Constant | None = None
    load: Load | None = None
    fields: Mapping[str, "NewField"] = field(default_factory=dict)
    variable: str = ""


NewFields: TypeAlias = Mapping[str, NewField]
"""A new payload's fields, by their names in JSON."""


@dataclass(frozen=True)
class Conversion:
    """From a value of `old` to one of `new`.

    `step` converts what is not nil. `default` stands in for nil where the new value is never nil.
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


Step: TypeAlias = Literal["same"] | Scalar | Items | Object


@dataclass(frozen=True)
class Taken:
    """The value of the old field `name`, converted."""

    name: str
    how: Conversion


@dataclass(frozen=True)
class Loaded:
    """A value of the row whose key is in the old field `key`."""

    load: Load
    key: str


Value: TypeAlias = Taken | Constant | Loaded


@dataclass(frozen=True)
class Upcast:
    """What each field of the new payload becomes."""

    values: Mapping[str, Value]
