"""The payload of a job as the lock has it, its fingerprint, and the types within mixed values."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from ...lock.model import Fields, FieldType
from ...program import Capture, Column, Program, ResourceInfo
from ...types import (
    EACH,
    ERROR,
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

_ERROR = FieldType(
    "struct",
    "ErrorValue",
    fields={each: FieldType("scalar", "string") for each in ("message", "type")},
)
_SAME_IN_JSON = ("string", "int", "float", "bool", "json", "regex")


def fields_of(captures: Iterable[Capture], program: Program, owner: ResourceInfo) -> Fields:
    """The captured fields of a job of `owner` by their names in JSON."""
    found: dict[str, FieldType] = {}
    for capture in captures:
        kind = field_type(capture.type, program)
        if required(capture.type) == ERROR:  # what a step keeps of a `rescue`
            kind = replace(_ERROR, nullable=kind.nullable)
        shape = _shape_text(capture.shape, program)
        table = _table_of(capture, program, owner)
        found[capture.name] = replace(
            kind, sensitive=capture.is_sensitive, shape=shape, table=table
        )
    return found


def _table_of(capture: Capture, program: Program, owner: ResourceInfo) -> str:
    """The table of the row whose key a capture is, except for the key of the job's own record."""
    match capture.kind, capture.path:
        case ("self_path", (name,)) | ("change", (name, "previous")):
            return key_table(owner, name, program)
        case "local_path", (_, name) if capture.local is not None:
            record = required(capture.local.type)
            if isinstance(record, Record):
                resource = program.resources[record.resource]
                is_own = name == resource.primary_key
                return resource.table if is_own else key_table(resource, name, program)
    return ""


def key_table(resource: ResourceInfo, column: str, program: Program) -> str:
    """The table whose rows a column of a resource holds keys of; "" for any other column."""
    for relation in resource.relations.values():
        if relation.kind == "to_one" and relation.key == column:
            target: ResourceInfo | None = program.resources.get(relation.target)
            return target.table if target is not None else ""
    return ""


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
            resource = program.resources[name]
            shown = {key: each for key, each in resource.columns.items() if not each.sensitive}
            fields = {
                key: replace(kind, table=key_table(resource, key, program))
                for key, kind in _fields(shown, program).items()
            }
            return FieldType("record", name, fields=fields)
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


_DIGITS = 8


def fingerprint(fields: Fields) -> str:
    """The fingerprint of a payload, which says which workers can read it: eight hexadecimal digits.

    It is the start of a SHA-256 over sorted lines, one for each captured field: `name:kind`, then
    `!` if the value is required or `?` if it may be nil. A kind says how a value is written, not
    which values there are: an enum is a string, a decimal has no digits. The kind of a struct or a
    snapshot contains the lines of its fields. `>` and a table follow the kind of a relation's key.
    The types that JSON would lose follow a hash of mixed values. Orders, defaults, lengths and
    versions do not count.
    """
    lines = (
        f"{line}{kind.shape}" for line, kind in zip(_lines(fields), fields.values(), strict=True)
    )
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()[:_DIGITS]


def written(kind: FieldType) -> str:
    """The JSON form of a value that is not nil."""
    if kind.kind == "enum":
        return "string"
    if kind.item is not None:
        return f"{kind.kind}<{written(kind.item)}{'?' if kind.item.nullable else ''}>"
    if kind.kind in ("struct", "record"):
        return f"{{{','.join(sorted(_lines(kind.fields)))}}}"
    return "json" if kind.name == "any" else kind.name


def _lines(fields: Fields) -> Iterable[str]:
    for name, kind in fields.items():
        table = f">{kind.table}" if kind.table else ""
        yield f"{name}:{written(kind)}{table}{'?' if kind.nullable else '!'}"
