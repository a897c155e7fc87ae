"""Expressions, statements and types, which hold each other, and the fields of structs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from ..source import Span


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """Anything with a place in a source."""

    span: Span


@dataclass(frozen=True, eq=False, slots=True)
class Name(Node):
    """An identifier; a trailing `?` or `!` that belongs to it is part of `text`."""

    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Nil(Node):
    """`nil` or `null`."""


@dataclass(frozen=True, eq=False, slots=True)
class Bool(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, eq=False, slots=True)
class Int(Node):
    """An integer of any size."""

    value: int


@dataclass(frozen=True, eq=False, slots=True)
class Float(Node):
    """A number with a point or an exponent."""

    value: float


DurationUnit: TypeAlias = Literal["second", "minute", "hour", "day", "week"]


@dataclass(frozen=True, eq=False, slots=True)
class Duration(Node):
    """`7.days`: a number and one of second, minute, hour, day, week (always the singular here)."""

    amount: Decimal
    unit: DurationUnit


@dataclass(frozen=True, eq=False, slots=True)
class String(Node):
    """A string; texts (escapes resolved, never empty, never two in a row) and interpolations."""

    parts: tuple[str | Expr, ...]

    @property
    def value(self) -> str | None:
        """The text when nothing is interpolated, else None."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None


@dataclass(frozen=True, eq=False, slots=True)
class Symbol(Node):
    """`:title`, a string that names a field."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Regex(Node):
    """`/pattern/flags`; `\\/` is a plain slash already, flags are sorted letters of `imsx`."""

    pattern: str
    flags: str


@dataclass(frozen=True, eq=False, slots=True)
class SelfRef(Node):
    """`self`."""


@dataclass(frozen=True, eq=False, slots=True)
class NameRef(Node):
    """A bare name: a local, a parameter, a function, a namespace, a resource or a service."""

    name: str


@dataclass(frozen=True, eq=False, slots=True)
class Member(Node):
    """`target.name`, or `target?.name` when `safe`.

    `closed`, here and in what else a chain has: brackets around it end the chain, so that nil in
    it is the value of what they hold.
    """

    target: Expr
    name: Name
    safe: bool
    closed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Argument(Node):
    """`value`, or `name: value`."""

    name: Name | None
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Call(Node):
    """`callee(arguments)`; a method call's callee is a `Member`."""

    callee: Expr
    arguments: tuple[Argument, ...]
    closed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Index(Node):
    """`target[index]`."""

    target: Expr
    index: Expr
    closed: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Unwrap(Node):
    """`operand!`."""

    operand: Expr


UnaryOperator: TypeAlias = Literal["not", "-"]
BinaryOperator: TypeAlias = Literal[
    "??", "or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not_in",
    "..", "...", "+", "-", "*", "/", "%", "**",
]  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Unary(Node):
    """`!` and `not` are both `not` here."""

    operator: UnaryOperator
    operand: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Binary(Node):
    """`||` is `or` and `&&` is `and` here; `operator_span` is the operator's."""

    operator: BinaryOperator
    left: Expr
    right: Expr
    operator_span: Span


@dataclass(frozen=True, eq=False, slots=True)
class Ternary(Node):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, eq=False, slots=True)
class ArrayLiteral(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Entry(Node):
    """`key: value` of a hash; a bare name or a string as key is a `String`."""

    key: Expr
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class HashLiteral(Node):
    """`{ a: 1, "b": 2, (c): 3 }`."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Lambda(Node):
    """`|x| { … }` or `(x) => e`; the short form's body is one `ExprStatement`."""

    parameters: tuple[Name, ...]
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class Rescue(Node):
    """`operand rescue |error| { … }`, as a statement's expression or as a value."""

    operand: Expr
    error: Name | None
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class Wildcard(Node):
    """`_` as a pattern."""


Pattern: TypeAlias = "Expr | Wildcard"
"""A literal (`-` included), a range of literals, a symbol, a dotted name, or `_`."""


@dataclass(frozen=True, eq=False, slots=True)
class Arm(Node):
    """`"a", "b" => e` (its body is one `ExprStatement`), `when p { … }`, or `else { … }`.

    `else` has a single `Wildcard` as its patterns.
    """

    patterns: tuple[Pattern, ...]
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class Match(Node):
    """`match subject { arms }`, as a statement's expression or as a value."""

    subject: Expr
    arms: tuple[Arm, ...]


@dataclass(frozen=True, eq=False, slots=True)
class BadExpr(Node):
    """Where an expression was expected and a diagnostic was reported instead."""


Expr: TypeAlias = (
    Nil | Bool | Int | Float | Duration | String | Symbol | Regex | SelfRef | NameRef
    | Member | Call | Index | Unwrap | Unary | Binary | Ternary | ArrayLiteral | HashLiteral
    | Lambda | Rescue | Match | BadExpr
)  # fmt: skip


def is_closed(node: Expr) -> bool:
    """Whether brackets around a link end its chain."""
    return isinstance(node, Member | Call | Index) and node.closed


@dataclass(frozen=True, eq=False, slots=True)
class Block(Node):
    """`{ … }`, its span with the braces."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Let(Node):
    """`let name: type = value`."""

    name: Name
    type: TypeRef | None
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Assign(Node):
    """`target = value`; whether the target can be assigned is checked later."""

    target: Expr
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Branch(Node):
    """A condition and what happens when it holds."""

    condition: Expr
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class If(Node):
    """`if / elsif / else`; `unless` is an `If` whose one branch is `negated`."""

    branches: tuple[Branch, ...]
    otherwise: Block | None = None
    negated: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class For(Node):
    """`for name in iterable { … }`."""

    name: Name
    iterable: Expr
    body: Block


@dataclass(frozen=True, eq=False, slots=True)
class Return(Node):
    """`return` with or without a value."""

    value: Expr | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Raise(Node):
    """`error(message)` as a statement."""

    message: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Async(Node):
    """`@async(options) { … }`; `header` is the span of `@async(options)` alone."""

    options: tuple[Argument, ...]
    body: Block
    header: Span
    doc: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class ExprStatement(Node):
    """An expression as a statement."""

    value: Expr


Statement: TypeAlias = Let | Assign | If | For | Return | Raise | Async | ExprStatement


@dataclass(frozen=True, eq=False, slots=True)
class NamedType(Node):
    """`string(50)`, `decimal(10,2)`, `User`."""

    name: str
    arguments: tuple[Expr, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class ArrayType(Node):
    """`array<element>`."""

    element: TypeRef


@dataclass(frozen=True, eq=False, slots=True)
class HashType(Node):
    """`hash<key, value>`."""

    key: TypeRef
    value: TypeRef


@dataclass(frozen=True, eq=False, slots=True)
class EnumType(Node):
    """`enum ["a", "b"]`."""

    values: tuple[String, ...]


@dataclass(frozen=True, eq=False, slots=True)
class StructType(Node):
    """`{ name: type! … }`."""

    fields: tuple[Field, ...]


TypeExpr: TypeAlias = NamedType | ArrayType | HashType | EnumType | StructType


@dataclass(frozen=True, eq=False, slots=True)
class TypeRef(Node):
    """A type and its marker: `!` (required True), `?` (False), or none (None, meaning required)."""

    type: TypeExpr
    required: bool | None

    @property
    def nullable(self) -> bool:
        """Whether nil is allowed."""
        return self.required is False


@dataclass(frozen=True, eq=False, slots=True)
class Pair(Node):
    """`key: value` in a block of options; a bare word as value is a `NameRef`."""

    key: Name
    value: Expr


@dataclass(frozen=True, eq=False, slots=True)
class Annotation(Node):
    """`@name(arguments)` on a field, or an unknown one that is a member or at file level.

    `label` is the optional name or string after an unknown annotation; `pairs` and `body` are its
    block.
    """

    name: Name
    arguments: tuple[Argument, ...] = ()
    label: Name | String | None = None
    pairs: tuple[Pair, ...] = ()
    body: Block | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Field(Node):
    """`name: type! @annotations`, also a relation field, with its block of `options`."""

    name: Name
    type: TypeRef
    annotations: tuple[Annotation, ...]
    options: tuple[Pair, ...]
    doc: str | None = None
