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
    Record,
    Scalar,
    Shape,
    Struct,
    Type,
    innermost,
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
    return isinstance(required(kind), Hash | Array) and isinstance(innermost(kind), AnyType)


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
    inner = innermost(kind)
    return isinstance(inner, Scalar | Enum | Struct | Record) and inner not in (JSON, REGEX)


def _is_same_in_json(kind: Type) -> bool:
    inner = innermost(kind)
    if isinstance(inner, Scalar):
        return inner.name in _SAME_IN_JSON
    return isinstance(inner, Enum | NilType | AnyType)
