"""How a payload of an older shape becomes one of the new shape, where that is safe.

Code generation writes what is decided here, and `conduitc breaking` reports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from .mixed import reads_parts
from .model import Fields, FieldType, Unreadable

Scalar: TypeAlias = Literal["float", "decimal", "str", "text"]
"""What makes a wider value: `float(x)`, an exact decimal, or what the value reads in a string."""

WIDENINGS: Mapping[tuple[str, str], Scalar] = {
    ("int", "float"): "float",
    ("int", "decimal"): "decimal",
    ("float", "decimal"): "decimal",  # by its shortest digits, as `Number.round` takes it
    ("int", "string"): "str",
    ("uuid", "string"): "str",
    ("decimal", "string"): "text",
    ("timestamp", "string"): "text",
    ("date", "string"): "text",
    ("time", "string"): "text",
}
"""The safe conversions between scalars of different kinds, from old to new.

Enums are strings: any of their values fits any other enum, as in a payload that is not converted.
Nothing is parsed and nothing is rounded; an int beyond 2**53 is the nearest float, as in the
database. A date is no timestamp, since it has no zone.
"""

_UNTYPED = ("any", "json")


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


def plan_upcast(old: Fields, new: NewFields) -> Upcast | Unreadable:
    """How new code reads a payload of an older shape, or the first field that it cannot read."""
    try:
        return Upcast(_values(old, new, ""))
    except _UnsafeError as unsafe:
        return Unreadable(unsafe.path, unsafe.reason)


def sources_of(old: Fields, new: NewFields) -> dict[str, str | None]:
    """The field of an older payload that each new field was.

    One that is an earlier name of a new field is no other new field.
    """
    found = {
        name: next((n for n in _names(name, each, old, new) if n in old), None)
        for name, each in new.items()
    }
    renamed = {source for name, source in found.items() if source != name}
    return {
        name: None if source == name and source in renamed else source
        for name, source in found.items()
    }


def _names(name: str, field: NewField, old: Fields, new: NewFields) -> tuple[str, ...]:
    """The names that a field may have in an older payload, the surest first."""
    beside = f"{name}_"
    if name == field.variable and name in old and beside not in new:
        return (beside, name, *field.was)
    return (name, *field.was)


def same_kind(old: FieldType, new: FieldType) -> bool:
    """Whether two types are written alike in JSON, so that a value is passed on as it is.

    Enums of other values are alike, and so are classes of other names: a fingerprint has neither.
    """
    if old.nullable != new.nullable or _kind(old) != _kind(new):
        return False
    if old.item is not None and new.item is not None:
        return same_kind(old.item, new.item)
    return old.fields.keys() == new.fields.keys() and all(
        same_kind(old.fields[name], new.fields[name]) for name in old.fields
    )


def is_untyped(kind: FieldType) -> bool:
    """Whether it holds any JSON, nil included."""
    return kind.kind == "scalar" and kind.name in _UNTYPED


def described(kind: FieldType) -> str:
    """A type in the language's words: `int`, `array<string?>`, `OrderAddress?`."""
    text = kind.name or kind.kind
    if kind.item is not None:
        text = f"{kind.kind}<{described(kind.item)}>"
    return f"{text}?" if kind.nullable else text


class _UnsafeError(Exception):
    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason


def _values(old: Fields, new: NewFields, path: str) -> dict[str, Value]:
    sources = sources_of(old, new)
    return {
        name: _value(old, each, sources[name], f"{path}.{name}" if path else name)
        for name, each in new.items()
    }


def _value(old: Fields, new: NewField, source: str | None, where: str) -> Value:
    if source is not None:
        try:
            return Taken(source, _conversion(old[source], new, where))
        except _UnsafeError:
            if (loaded := _loaded(new, old)) is None:
                raise
            return loaded
    if where != new.variable and new.variable in old:
        raise _UnsafeError(where, f"may be `{new.variable}` in older payloads")
    if new.type.nullable:
        return NIL
    if new.default is not None:
        return new.default
    if (loaded := _loaded(new, old)) is not None:
        return loaded
    if is_untyped(new.type):
        return NIL
    raise _UnsafeError(where, "is missing in older payloads, and never nil")


def _loaded(new: NewField, old: Fields) -> Loaded | None:
    if new.load is None:
        return None
    for name in new.load.keys:
        key = f"{name}_" if new.variable and f"{name}_" in old else name
        if key in old and same_kind(old[key], new.load.key):
            return Loaded(new.load, key)
    return None


def _conversion(old: FieldType, new: NewField, path: str) -> Conversion:
    kind, default = new.type, None
    if old.nullable and not kind.nullable and not is_untyped(kind):
        if new.default is None:
            raise _UnsafeError(path, "may be nil in older payloads, and is never nil now")
        default = new.default
    return Conversion(old, kind, _step(old, new, path), default)


def _step(old: FieldType, new: NewField, path: str) -> Step:
    kind = new.type
    if old.kind == kind.kind and not reads_parts(kind.shape, old.shape):
        raise _UnsafeError(path, "holds values of other types in older payloads")
    if same_kind(replace(old, nullable=kind.nullable), kind) or is_untyped(kind):
        return "same"
    if old.item is not None and kind.item is not None and old.kind == kind.kind:
        item = NewField(kind.item, fields=new.fields)
        return Items(_conversion(old.item, item, f"{path}[]"))
    if _kind(old) == _kind(kind) == "object":
        return Object(_values(old.fields, new.fields, path))
    step = WIDENINGS.get((_kind(old), _kind(kind)))
    if step is None:
        reason = f"was {described(old)} in older payloads, and is {described(kind)} now"
        raise _UnsafeError(path, reason)
    return step


def _kind(kind: FieldType) -> str:
    """How a value is written, as in a fingerprint."""
    if kind.kind == "scalar":
        return "any" if is_untyped(kind) else kind.name
    if kind.kind == "enum":
        return "string"
    return "object" if kind.kind in ("struct", "record") else kind.kind
