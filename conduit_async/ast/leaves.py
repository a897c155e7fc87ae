"""Nodes that hold no others: names, and literals of one token."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias, dataclass_transform

from msgspec import Struct, StructMeta

from ..source import Span


@dataclass_transform(eq_default=False, frozen_default=True)
class _FrozenMeta(StructMeta):
    """Tells type checkers that the values are frozen."""


class Frozen(Struct, frozen=True, eq=False, metaclass=_FrozenMeta):
    """An immutable value that is equal only to itself."""


class Node(Frozen):
    """Part of a source."""

    span: Span


class Name(Node):
    """An identifier; a trailing `?` or `!` that belongs to it is part of `text`."""

    text: str


class Nil(Node):
    """`nil` or `null`."""


class Bool(Node):
    """`true` or `false`."""

    value: bool


class Int(Node):
    """An integer of any size."""

    value: int


class Float(Node):
    """A number with a point or an exponent."""

    value: float


DurationUnit: TypeAlias = Literal["second", "minute", "hour", "day", "week"]


class Duration(Node):
    """`7.days`: a number and one of second, minute, hour, day, week (always the singular here)."""

    amount: Decimal
    unit: DurationUnit


class Symbol(Node):
    """`:title`, a string that names a field."""

    name: str


class Regex(Node):
    """`/pattern/flags`; `\\/` is a plain slash already, flags are sorted letters of `imsx`."""

    pattern: str
    flags: str


class SelfRef(Node):
    """`self`."""


class NameRef(Node):
    """A bare name: a local, a parameter, a function, a namespace, a resource or a service."""

    name: str


class Wildcard(Node):
    """`_` as a pattern."""


class BadExpr(Node):
    """Stands for an expression that is missing, which a diagnostic reports."""
