"""The types within a literal of mixed values, which its own type does not tell."""

from ... import ast
from ...analyses.looping import looping_lambda
from ...program import Capture, Facts, LibraryCall
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
from ..forms import constant_text

_SAME_IN_JSON = ("string", "int", "float", "bool", "json")


def shape_of(capture: Capture, facts: Facts) -> Shape | None:
    """What a captured variable holds, as far as JSON alone would not give it back.

    It is what the variable starts with: that it still holds the like is checked at each enqueue.
    """
    local = capture.local
    if capture.kind != "local" or local is None or local.value is None:
        return None
    return _shape(local.value, facts) if _is_mixed(local.type) else None


def _is_mixed(kind: Type) -> bool:
    """Whether a hash or an array holds, at some depth, values of which nothing is known."""
    match required(kind):
        case Hash(value=inner) | Array(item=inner):
            return isinstance(inner, AnyType) or _is_mixed(inner)
    return False


def _shape(node: ast.Expr, facts: Facts) -> Shape | None:
    items: list[tuple[str | int | None, ast.Expr]] = []
    call = facts.resolutions.get(node)
    if isinstance(call, LibraryCall) and call.signature.name == "map":
        function = looping_lambda(call)
        items = [] if function is None else [(EACH, function[1])]
    match node:
        case ast.HashLiteral(entries=entries):
            items = [(constant_text(entry.key), entry.value) for entry in entries]
        case ast.ArrayLiteral(items=values):
            items = list(enumerate(values))
    parts = tuple(
        (step, part)
        for step, value in items
        if step is not None and (part := _part(value, facts)) is not None
    )
    return Shape(parts) if parts else None


def _part(node: ast.Expr, facts: Facts) -> Type | Shape | None:
    kind = required(facts.types[node])
    if _is_mixed(kind):
        return _shape(node, facts)
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
