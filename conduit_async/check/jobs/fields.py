"""The payload of a job as the lock has it."""

from collections.abc import Iterable
from dataclasses import replace

from ...lock.model import Fields, FieldType
from ...program import Capture, Column, Program
from ...types import Array, Enum, Hash, Optional, Record, Scalar, Struct, Type
from .fingerprint import shape_text


def fields_of(captures: Iterable[Capture], program: Program) -> Fields:
    """The captured fields by their names in JSON."""
    found: dict[str, FieldType] = {}
    for capture in captures:
        kind = field_type(capture.type, program)
        shape = shape_text(capture.shape, program)
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
