"""The differences between two shapes of a payload."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ..lock.model import Fields, FieldType
from ..lock.upcast import NewField, NewFields
from ..lock.upcasting import sources_of


@dataclass(frozen=True)
class ShapeChange:
    """One difference, such as an added field: the code of its rule, its path and a message.

    `path` is the field's path, as in `lines[].price`. `alone` is the old shape with only this
    change. `type` is the type of an added or removed field.
    """

    code: str
    path: str
    message: str
    alone: NewFields
    type: FieldType | None = None


_Put = Callable[[NewField], NewFields]
"""Returns the old shape with one of its fields, perhaps an inner one, replaced."""


def shape_changes(old: Fields, new: NewFields) -> Iterator[ShapeChange]:
    """Yield all differences, those of inner fields included."""
    return _fields(old, new, "", lambda fields: fields)


def types_of(fields: NewFields) -> Fields:
    """Return the types of fields."""
    return {name: field.type for name, field in fields.items()}


def _fields(
    old: Fields, new: NewFields, path: str, put: Callable[[NewFields], NewFields]
) -> Iterator[ShapeChange]:
    sources = sources_of(old, new)
    same = {name: _unchanged(kind) for name, kind in old.items()}
    for name, source in sources.items():
        if source is not None and (source == name or sources.get(source) != source):
            same[source] = _with(new[name], old[source])
    for name in sorted(old.keys() - {*sources.values()}):
        rest = {each: field for each, field in same.items() if each != name}
        message = f"`{_below(path, name)}` was removed"
        yield ShapeChange("BRK101", _below(path, name), message, put(rest), old[name])
    for name, field in new.items():
        where, source = _below(path, name), sources[name]
        if source is None or (source != name and sources.get(source) == source):
            message = f"`{where}` ({field.type}) was added"
            yield ShapeChange("BRK102", where, message, put({**same, name: field}), field.type)
            continue
        rest = {each: kept for each, kept in same.items() if each != source}
        if source != name:
            message = f"`{_below(path, source)}` was renamed to `{name}`"
            yield ShapeChange("BRK103", where, message, put({**rest, name: same[source]}))
        yield from _type(old[source], field, where, _put_beside(rest, name, put))


def _put_beside(rest: NewFields, name: str, put: Callable[[NewFields], NewFields]) -> _Put:
    return lambda field: put({**rest, name: field})


def _type(old: FieldType, new: NewField, path: str, put: _Put) -> Iterator[ShapeChange]:
    kind = new.type
    if old.nullable != kind.nullable and old.is_untyped == kind.is_untyped:
        code, what = (
            ("BRK106", "may be nil now") if kind.nullable else ("BRK105", "is never nil now")
        )
        alone = _with(new, replace(old, nullable=kind.nullable))
        yield ShapeChange(code, path, f"`{path}` {what}", put(alone))
    if old.sensitive != kind.sensitive:
        what = "became sensitive" if kind.sensitive else "is no longer sensitive"
        alone = _with(new, replace(old, sensitive=kind.sensitive))
        yield ShapeChange("BRK109", path, f"`{path}` {what}", put(alone))
    if old.kind == kind.kind == "enum":
        yield from _values(old, new, path, put)
    elif old.fields and kind.fields and old.item is None and kind.item is None:
        yield from _fields(
            old.fields,
            new.fields,
            path,
            lambda fields: put(
                replace(new, type=replace(old, fields=types_of(fields)), fields=fields)
            ),
        )
    elif old.item and kind.item and (old.kind, old.shape) == (kind.kind, kind.shape):
        item = NewField(kind.item, fields=new.fields)
        yield from _type(
            old.item,
            item,
            f"{path}[]",
            lambda item: put(replace(new, type=replace(old, item=item.type), fields=item.fields)),
        )
    elif old.is_untyped and kind.is_untyped:
        return
    elif (old.kind, old.name, old.shape) != (
        kind.kind,
        kind.name,
        kind.shape,
    ) or old.is_of_another_table(kind):
        alone = replace(new, type=replace(kind, nullable=old.nullable and not kind.is_untyped))
        before, now = (str(replace(each, nullable=False)) for each in (old, kind))
        message = f"`{path}` was {before}, and is {now}"
        if before == now:
            message = f"`{path}` holds values of other types"
        yield ShapeChange("BRK104", path, message, put(alone))


def _values(old: FieldType, new: NewField, path: str, put: _Put) -> Iterator[ShapeChange]:
    """Yield the enum values that were added or removed; the order of values does not matter."""
    for code, what, these, those in (
        ("BRK107", "can no longer be", old.values, new.type.values),
        ("BRK108", "can now be", new.type.values, old.values),
    ):
        if values := [f'"{value}"' for value in these if value not in those]:
            alone = _with(new, replace(old, values=new.type.values))
            yield ShapeChange(code, path, f"`{path}` {what} {' or '.join(values)}", put(alone))


def _with(new: NewField, kind: FieldType) -> NewField:
    """Return a field of the new shape with an older type."""
    return replace(new, type=kind, fields=_inside(kind))


def _unchanged(kind: FieldType) -> NewField:
    return NewField(kind, fields=_inside(kind))


def _inside(kind: FieldType) -> Mapping[str, NewField]:
    while kind.item is not None:
        kind = kind.item
    return {name: _unchanged(each) for name, each in kind.fields.items()}


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
