"""Relations between types: whether one is assignable to another, and their common type."""

from dataclasses import dataclass
from functools import reduce

from ..types import (
    ANY,
    DECIMAL,
    FLOAT,
    JSON,
    NIL,
    NUMBERS,
    STRING,
    AnyType,
    Array,
    Entries,
    Enum,
    FunctionType,
    Hash,
    NilType,
    Optional,
    Query,
    Range,
    Record,
    Scalar,
    Type,
    TypeVariable,
    Union,
    innermost,
    is_nullable,
    optional,
    required,
)


@dataclass(frozen=True, slots=True)
class InvalidType(AnyType):
    """The type of an expression that has an error; nothing more is reported about it."""


INVALID = InvalidType()


def is_unknown(kind: Type) -> bool:
    """Whether nothing is known of its values, so that every operation on them is allowed."""
    return isinstance(kind, AnyType | TypeVariable) or kind == JSON


def result_of_unknown(kind: Type) -> Type:
    """The type of what an operation on a value of unknown type gives: its item, its negative."""
    return ANY if isinstance(kind, AnyType) and kind.kinds else kind


def may_be_nil(kind: Type) -> bool:
    """Whether nil may be among its values, as far as is known."""
    return is_nullable(kind) or is_unknown(kind)


def is_text(kind: Type) -> bool:
    """Whether its values are strings."""
    return kind == STRING or isinstance(kind, Enum)


def is_number(kind: Type) -> bool:
    """Whether its values are numbers."""
    return kind in NUMBERS


def is_assignable(actual: Type, expected: Type) -> bool:
    """Whether a value of one type can be used where another one is expected."""
    if isinstance(actual, AnyType):
        return all(is_assignable(kind, expected) for kind in actual.kinds)
    if actual == expected or is_unknown(actual):
        return True
    match actual, expected:
        case _, AnyType() | TypeVariable():
            return True
        case _, Optional(item):
            return isinstance(actual, NilType) or is_assignable(required(actual), item)
        case _, Union(options):
            return any(is_assignable(actual, option) for option in options)
        case _, Scalar("json"):
            return not isinstance(required(actual), Record | Query | Range | FunctionType)
        case Union(options), _:
            return all(is_assignable(option, expected) for option in options)
        case Scalar("int"), Scalar("float" | "decimal"):
            return True
        case (Enum() | Scalar("error"), Scalar("string")) | (Scalar("string"), Enum()):
            return True
        case Enum(values=mine), Enum(values=theirs):
            return not set(mine).isdisjoint(theirs)
        case (Array(mine), Array(theirs)) | (Range(mine), Range(theirs)):
            return is_assignable(mine, theirs)
        case Hash(key, value), Hash(other_key, other_value):
            return is_assignable(key, other_key) and is_assignable(value, other_value)
        case FunctionType(mine, result), FunctionType(theirs, other_result):
            return len(mine) <= len(theirs) and is_assignable(result, other_result)
    return False


def join(left: Type, right: Type) -> Type:
    """The narrowest type that holds the values of both; `ANY`, of both, without one in common."""
    if left == right and not isinstance(required(left), Array | Hash):
        return left
    if isinstance(left, InvalidType) or isinstance(right, InvalidType):
        return INVALID
    if isinstance(left, NilType):
        return optional(right)
    if isinstance(right, NilType):
        return optional(left)
    if isinstance(left, Optional) or isinstance(right, Optional):
        return optional(join(required(left), required(right)))
    if JSON in (left, right) and ANY not in (left, right):
        fits = is_assignable(left, JSON) and is_assignable(right, JSON)
        return JSON if fits else _either(left, right)
    if is_text(left) and is_text(right):
        return STRING
    match left, right:
        case Query(resource=resource), Array():
            return join(Array(Record(resource)), right)
        case Array(), Query(resource=resource):
            return join(left, Array(Record(resource)))
        case Array(item=mine), Array(item=theirs):
            return Array(join(mine, theirs), _common(left.entries, right.entries))
        case Hash(), Hash():
            entries = _common(left.entries, right.entries)
            return Hash(join(left.key, right.key), join(left.value, right.value), entries)
    if is_number(left) and is_number(right) and {left, right} != {DECIMAL, FLOAT}:
        return DECIMAL if DECIMAL in (left, right) else FLOAT
    return _either(left, right)


def _either(*types: Type) -> AnyType:
    """An unknown type whose values are known to have one of several types."""
    kinds: list[Type] = []
    for each in types:
        kinds += each.kinds if isinstance(each, AnyType) else [without_entries(required(each))]
    return AnyType(tuple(dict.fromkeys(kinds)))


def join_all(types: list[Type]) -> Type:
    """The narrowest type that holds the values of several types; nil if there are none."""
    return reduce(join, types) if types else NIL


def join_parts(kinds: list[Type]) -> Type:
    """The type of a collection's parts; `ANY` if ints are mixed with floats or decimals."""
    joined = join_all(kinds)
    widened = any(required(kind) not in (NIL, required(joined)) for kind in kinds)
    is_mixed = widened and innermost(joined) in (FLOAT, DECIMAL)
    return _either(*(kind for kind in kinds if kind != NIL)) if is_mixed else joined


def _common(left: Entries | None, right: Entries | None) -> Entries | None:
    """The entries that two literals both have."""
    if left is None or right is None:
        return None
    theirs = dict(right.types)
    types = tuple((key, join(kind, theirs[key])) for key, kind in left.types if key in theirs)
    closed = left.closed and right.closed and len(types) == len(left.types) == len(theirs)
    return Entries(types, closed) if types or closed else None


def without_entries(kind: Type) -> Type:
    """The type without its known entries."""
    return with_entries(kind, 0)


def with_entries(kind: Type, depth: int) -> Type:
    """The type with its known entries down to a depth."""
    match kind:
        case Optional(item):
            return optional(with_entries(item, depth))
        case Array(item, entries):
            return Array(with_entries(item, max(depth - 1, 0)), _cut(entries, depth))
        case Hash(key, value, entries):
            return Hash(key, with_entries(value, max(depth - 1, 0)), _cut(entries, depth))
    return kind


def _cut(entries: Entries | None, depth: int) -> Entries | None:
    if entries is None or depth == 0:
        return None
    types = tuple((key, with_entries(kind, depth - 1)) for key, kind in entries.types)
    return Entries(types, entries.closed)


def may_be_equal(left: Type, right: Type) -> bool:
    """Whether `==` between two types can ever be true."""
    left, right = required(left), required(right)
    if is_unknown(left) or is_unknown(right):
        return True
    if isinstance(left, NilType) or isinstance(right, NilType):
        return True
    if is_number(left) and is_number(right):
        return True
    return is_assignable(left, right) or is_assignable(right, left)
