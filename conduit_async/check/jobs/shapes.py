"""The types within a literal of mixed values, which its own type does not hold."""

from ...program import Capture
from ...types import (
    EACH,
    JSON,
    REGEX,
    AnyType,
    Array,
    Enum,
    Hash,
    NilType,
    Optional,
    Record,
    Scalar,
    Shape,
    Struct,
    Type,
    required,
)

_SAME_IN_JSON = ("string", "int", "float", "bool", "json")


def shape_of(capture: Capture) -> Shape | None:
    """What a captured variable holds, as far as JSON alone would not give it back."""
    if capture.kind != "local" or not _is_mixed(capture.type):
        return None
    return _shape(capture.type)


def _is_mixed(kind: Type) -> bool:
    """Whether a hash or an array holds, at some depth, values of which nothing is known."""
    match required(kind):
        case Hash(value=inner) | Array(item=inner):
            return isinstance(inner, AnyType) or _is_mixed(inner)
    return False


def _shape(kind: Type) -> Shape | None:
    items: tuple[tuple[str | int, Type], ...] = ()
    match required(kind):
        case Array(entries=entries) | Hash(entries=entries) if entries is not None:
            items = entries.types
        case Array(item=item):
            items = ((EACH, item),)
    parts = tuple((step, part) for step, each in items if (part := _part(each)) is not None)
    return Shape(parts) if parts else None


def _part(kind: Type) -> Type | Shape | None:
    kind = required(kind)
    if _is_mixed(kind):
        return _shape(kind)
    return kind if _is_known(kind) and not _is_same_in_json(kind) else None


def _is_known(kind: Type) -> bool:
    """Whether a payload can hold values of a type, and knows all about them."""
    match kind:
        case Optional(item=inner) | Hash(value=inner) | Array(item=inner):
            return _is_known(inner)
    return isinstance(kind, Scalar | Enum | Struct | Record) and kind not in (JSON, REGEX)


def _is_same_in_json(kind: Type) -> bool:
    match kind:
        case Optional(item=inner) | Hash(value=inner) | Array(item=inner):
            return _is_same_in_json(inner)
        case Scalar(name=name):
            return name in _SAME_IN_JSON
    return isinstance(kind, Enum | NilType | AnyType)
