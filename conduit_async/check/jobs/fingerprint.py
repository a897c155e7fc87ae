"""How a payload is written: its fingerprint, and the types within literals of mixed values.

The fingerprint tells which workers can read a payload. It is the start of a SHA-256 over one line a
captured field, sorted, `name:kind` with `!` when the value is required and `?` when it may be nil.
A kind says how a value is written, not which values there are: an enum is a string, a decimal has
no digits. The kind of a struct or a snapshot holds the lines of its own fields; after a hash of
mixed values come those whose types JSON alone would not keep. Nothing else goes in: no order,
default, length or version.
"""

from collections.abc import Iterable
from hashlib import sha256

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

_LENGTH = 8
_SAME_IN_JSON = ("string", "int", "float", "bool", "json", "regex")


def fingerprint(captures: Iterable[Capture], program: Program) -> str:
    """Eight hexadecimal digits."""
    lines = sorted(
        _line(field.name, field.type, program) + shape_text(field.shape, program)
        for field in captures
    )
    return sha256("\n".join(lines).encode()).hexdigest()[:_LENGTH]


def _line(name: str, kind: Type, program: Program) -> str:
    nullable = isinstance(kind, Optional)
    return f"{name}:{_kind(kind, program)}{'?' if nullable else '!'}"


def _kind(kind: Type, program: Program) -> str:
    match kind:
        case Optional(item=item):
            return _kind(item, program)
        case Enum() | Scalar("error"):
            return "string"
        case Scalar(name=name):
            return name
        case Array(item=item):
            return f"array<{_kind(item, program)}{'?' if isinstance(item, Optional) else ''}>"
        case Hash(value=value):
            return f"hash<{_kind(value, program)}{'?' if isinstance(value, Optional) else ''}>"
        case Struct(name=name):
            return _object(program.structs[name].fields.values(), program)
        case Record(resource=resource):
            columns = program.resources[resource].columns.values()
            return _object((column for column in columns if not column.sensitive), program)
    return "json"


def shape_text(shape: Shape | None, program: Program) -> str:
    """What follows the line of a hash or an array of mixed values."""
    if shape is None:
        return ""
    lines = (
        f"{step}:{shape_text(part, program) if isinstance(part, Shape) else _kind(part, program)}"
        for step, part in shape.parts
    )
    return f"{{{','.join(sorted(lines))}}}"


def _object(columns: Iterable[Column], program: Program) -> str:
    return "{" + ",".join(sorted(_line(c.name, c.type, program) for c in columns)) + "}"


def shape_of(capture: Capture) -> Shape | None:
    """What a captured variable holds, as far as JSON alone would not give it back."""
    if capture.kind != "local" or not _is_mixed(capture.type):
        return None
    return _parts(capture.type)


def _is_mixed(kind: Type) -> bool:
    """Whether a hash or an array holds, at some depth, values of which nothing is known."""
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
