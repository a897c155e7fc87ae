"""The fingerprint of a payload: which workers can read it.

It is the start of a SHA-256 over one line a captured field, sorted, `name:kind` with `!` when the
value is required and `?` when it may be nil. A kind says how a value is written, not which values
there are: an enum is a string, a decimal has no digits. The kind of a struct or a snapshot holds
the lines of its own fields; after a hash of mixed values come those whose types JSON alone would
not keep. Nothing else goes in: no order, default, length or version.
"""

from collections.abc import Iterable
from hashlib import sha256

from ...program import Capture, Column, Program
from ...types import (
    AnyType,
    Array,
    Enum,
    ErrorType,
    Hash,
    Optional,
    Record,
    Scalar,
    Shape,
    Struct,
    Type,
)

_LENGTH = 8


def fingerprint(captures: Iterable[Capture], program: Program) -> str:
    """Eight hexadecimal digits."""
    lines = sorted(
        _line(field.name, field.type, program) + _shape(field.shape, program) for field in captures
    )
    return sha256("\n".join(lines).encode()).hexdigest()[:_LENGTH]


def _line(name: str, kind: Type, program: Program) -> str:
    nullable = isinstance(kind, Optional)
    return f"{name}:{_kind(kind, program)}{'?' if nullable else '!'}"


def _kind(kind: Type, program: Program) -> str:
    match kind:
        case Optional(item=item):
            return _kind(item, program)
        case Scalar(name=name):
            return name
        case Enum() | ErrorType():
            return "string"
        case Array(item=item):
            return f"array<{_kind(item, program)}{'?' if isinstance(item, Optional) else ''}>"
        case Hash(value=value):
            return f"hash<{_kind(value, program)}{'?' if isinstance(value, Optional) else ''}>"
        case Struct(name=name):
            return _object(program.structs[name].fields.values(), program)
        case Record(resource=resource):
            columns = program.resources[resource].columns.values()
            return _object((column for column in columns if not column.sensitive), program)
        case AnyType():
            return "json"
    return "json"


def _shape(shape: Shape | None, program: Program) -> str:
    if shape is None:
        return ""
    lines = (
        f"{step}:{_shape(part, program) if isinstance(part, Shape) else _kind(part, program)}"
        for step, part in shape.parts
    )
    return f"{{{','.join(sorted(lines))}}}"


def _object(columns: Iterable[Column], program: Program) -> str:
    return "{" + ",".join(sorted(_line(c.name, c.type, program) for c in columns)) + "}"
