"""Plans how to convert a payload of an older shape to the new shape, where that is safe.

Code generation writes the upcaster from the plan, and `conduitc breaking` reports the plan.
"""

from collections.abc import Iterator
from dataclasses import replace

from ..types import KINDS, Widening
from .mixed import reads_parts
from .model import Fields, FieldType, Unreadable
from .upcast import (
    NIL_CONSTANT,
    Conversion,
    Converted,
    Items,
    Loaded,
    NewField,
    NewFields,
    Object,
    Step,
    Upcast,
    Value,
)


def plan_upcast(old: Fields, new: NewFields) -> Upcast | Unreadable:
    """Return how new code reads an older payload, or the first field that it cannot read."""
    try:
        return Upcast(_values(old, new, ""))
    except _UnsafeError as unsafe:
        return Unreadable(unsafe.path, unsafe.reason, unsafe.looks_readable)


def sources_of(old: Fields, new: NewFields) -> dict[str, str | None]:
    """Return the old field from which each new field comes, or None.

    An old field that was renamed to one new field is not the source of another new field, unless
    both hold the same value.
    """
    found = {
        name: next((n for n in _names(name, each, old, new) if n in old), None)
        for name, each in new.items()
    }
    renamed = {source for name, source in found.items() if source != name}
    for name, source in found.items():
        if source == name and source in renamed:
            found[name] = None
        if found[name] is None:
            found[name] = next((each for each in new[name].same if each in old), None)
    return found


def lost_values(old: Fields, new: NewFields, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the paths of new fields, each with an old field of its type that may be the same one.

    Such a field gets another value than the captured one: nothing says that it was renamed.
    """
    sources = sources_of(old, new)
    unused = {name: kind for name, kind in old.items() if name not in sources.values()}
    for name, each in new.items():
        where, source = f"{path}.{name}" if path else name, sources[name]
        if source is not None:
            yield from _lost_inside(old[source], each.type, each.fields, where)
            continue
        kind = replace(each.type, nullable=False)
        for other, was in unused.items():
            if other not in each.others and replace(was, nullable=False).is_like(kind):
                yield where, other


def _lost_inside(
    old: FieldType, new: FieldType, fields: NewFields, path: str
) -> Iterator[tuple[str, str]]:
    if old.item is not None and new.item is not None and old.kind == new.kind:
        yield from _lost_inside(old.item, new.item, fields, f"{path}[]")
    elif old.json_kind == new.json_kind == "object":
        yield from lost_values(old.fields, fields, path)


def _names(name: str, field: NewField, old: Fields, new: NewFields) -> tuple[str, ...]:
    """Return the possible names of a field in an older payload, the most certain first."""
    beside = f"{name}_"
    if name == field.variable and name in old and beside not in new:
        return (beside, name, *field.was)
    return (name, *field.was)


def widening(old: str, new: str) -> Widening | None:
    """Return the safe conversion between kinds of JSON, None if there is none.

    Enums are strings: a value fits any other enum, as in a payload without conversion. No step
    parses or rounds; only an int beyond 2**53 becomes the nearest float, as in the database.
    """
    kind = KINDS.get(old)
    return kind.widens.get(new) if kind is not None else None


class _UnsafeError(Exception):
    def __init__(self, path: str, reason: str, *, looks_readable: bool = False) -> None:
        self.path, self.reason, self.looks_readable = path, reason, looks_readable


def _values(old: Fields, new: NewFields, path: str) -> dict[str, Value]:
    sources = sources_of(old, new)
    return {
        name: _value(old, each, sources[name], f"{path}.{name}" if path else name)
        for name, each in new.items()
    }


def _value(old: Fields, new: NewField, source: str | None, where: str) -> Value:
    if source is not None:  # never loaded: the row may have another value by now
        return Converted(source, _conversion(old[source], new, where))
    if where != new.variable and new.variable in old:
        raise _UnsafeError(where, f"may be `{new.variable}` in older payloads")
    if new.type.nullable:
        return NIL_CONSTANT
    if new.default is not None:
        return new.default
    if (loaded := _loaded(new, old)) is not None:
        return loaded
    if new.type.kind == "scalar" and new.type.name == "any":  # it may be nil for all that is known
        return NIL_CONSTANT
    raise _UnsafeError(where, "is missing in older payloads, and never nil")


def _loaded(new: NewField, old: Fields) -> Loaded | None:
    if new.load is None:
        return None
    for name in new.load.keys:
        key = f"{name}_" if new.variable and f"{name}_" in old else name
        if key in old and old[key].is_like(new.load.key):
            return Loaded(new.load, key)
    return None


def _conversion(old: FieldType, new: NewField, path: str) -> Conversion:
    kind, default = new.type, None
    if old.nullable and not kind.nullable and not kind.is_untyped:
        if new.default is None:
            raise _UnsafeError(path, "may be nil in older payloads, and is never nil now")
        default = new.default
    return Conversion(old, kind, _step(old, new, path), default)


def _step(old: FieldType, new: NewField, path: str) -> Step:
    kind = new.type
    if old.kind == kind.kind and not reads_parts(kind.shape, old.shape):
        raise _UnsafeError(path, "holds values of other types in older payloads")
    if old.is_of_another_table(kind):
        reason = f"was {old} in older payloads, and is {kind} now"
        raise _UnsafeError(path, reason, looks_readable=True)
    if replace(old, nullable=kind.nullable).is_like(kind) or kind.is_untyped:
        return "same"
    if old.item is not None and kind.item is not None and old.kind == kind.kind:
        item = NewField(kind.item, fields=new.fields)
        return Items(_conversion(old.item, item, f"{path}[]"))
    if old.json_kind == kind.json_kind == "object":
        return Object(_values(old.fields, new.fields, path))
    step = widening(old.json_kind, kind.json_kind)
    if step is None:
        reason = f"was {old} in older payloads, and is {kind} now"
        raise _UnsafeError(path, reason)
    return step
