"""The payload of a job as the lock has it, and the types within literals of mixed values."""

from collections.abc import Iterable
from dataclasses import replace

from ...lock.model import Fields, FieldType
from ...program import Capture, Column, Program
from ...types import (
    EACH,
    AnyType,
    Array,
    Enum,
    Hash,
    Optional,
    Record,
    Scalar,
    Shape,
    Struct,
    Type,
    innermost,
    required,
)
from .fingerprint import written

_SAME_IN_JSON = ("string", "int", "float", "bool", "json", "regex")


def fields_of(captures: Iterable[Capture], program: Program) -> Fields:
    """The captured fields by their names in JSON."""
    found: dict[str, FieldType] = {}
    for capture in captures:
        kind = field_type(capture.type, program)
        shape = _shape_text(capture.shape, program)
        found[capture.name] = replace(kind, sensitive=capture.is_sensitive, shape=shape)
    return found


def field_type(kind: Type, program: Program) -> FieldType:
    """A type as the lock has it."""
    match kind:
        case Optional(item):
            return replace(field_type(item, program), nullable=True)
        case Enum(values=values):
            return FieldType("enum", values=values)
        case Scalar("error"):
            return FieldType("scalar", "string")
        case Scalar(name):
            return FieldType("scalar", name)
        case Array(item):
            return FieldType("array", item=field_type(item, program))
        case Hash(value=item):
            return FieldType("hash", item=field_type(item, program))
        case Struct(name):
            return FieldType("struct", name, fields=_fields(program.structs[name].fields, program))
        case Record(name):
            columns = program.resources[name].columns
            shown = {key: each for key, each in columns.items() if not each.sensitive}
            return FieldType("record", name, fields=_fields(shown, program))
    return FieldType("scalar", "any")


def _fields(columns: dict[str, Column], program: Program) -> Fields:
    return {
        name: replace(field_type(column.type, program), sensitive=column.sensitive)
        for name, column in columns.items()
    }


def _shape_text(shape: Shape | None, program: Program) -> str:
    """The types within a hash or an array of mixed values, as one text."""
    if shape is None:
        return ""
    parts = (f"{step}:{_part_text(part, program)}" for step, part in shape.parts)
    return f"{{{','.join(sorted(parts))}}}"


def _part_text(part: Type | Shape, program: Program) -> str:
    if isinstance(part, Shape):
        return _shape_text(part, program)
    return written(field_type(part, program))


def shape_of(capture: Capture) -> Shape | None:
    """The types in a captured variable that JSON alone would lose."""
    if capture.kind != "local" or not _is_mixed(capture.type):
        return None
    return _parts(capture.type)


def _is_mixed(kind: Type) -> bool:
    """Whether a hash or an array holds values of unknown type, at any depth."""
    return isinstance(required(kind), Hash | Array) and isinstance(innermost(kind), AnyType)


def _parts(kind: Type) -> Shape | None:
    items: tuple[tuple[str | int, Type], ...] = ()
    match required(kind):
        case Array(entries=entries) | Hash(entries=entries) if entries is not None:
            items = entries.types
        case Array(item=item):
            items = ((EACH, item),)
    parts = tuple((step, part) for step, each in items if (part := _part(each)) is not None)
    return Shape(parts) if parts else None


def _part(kind: Type) -> Type | Shape | None:
    if _is_mixed(kind):
        return _parts(kind)
    inner = innermost(kind)
    is_lost = isinstance(inner, Scalar) and inner.name not in _SAME_IN_JSON
    return required(kind) if is_lost or isinstance(inner, Struct | Record) else None
