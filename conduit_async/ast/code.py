"""Expressions, statements and types, which hold each other, and the fields of structs."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..source import Span
from .leaves import (
    BadExpr,
    Bool,
    Duration,
    Float,
    Int,
    Name,
    NameRef,
    Nil,
    Node,
    Regex,
    SelfRef,
    Symbol,
    Wildcard,
)


class String(Node):
    """A string; strings (escapes resolved, never empty, never two in a row) and interpolations."""

    parts: tuple[str | Expr, ...]

    @property
    def value(self) -> str | None:
        """The text when nothing is interpolated, else None."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None


class Member(Node):
    """`target.name`, or `target?.name` when `safe`.

    `closed`, here and in the other links of a chain: brackets around the link end the chain, so
    that a `?.` inside them makes only their own value nil.
    """

    target: Expr
    name: Name
    safe: bool
    closed: bool = False


class Argument(Node):
    """`value`, or `name: value`."""

    name: Name | None
    value: Expr


class Call(Node):
    """`callee(arguments)`; a method call's callee is a `Member`."""

    callee: Expr
    arguments: tuple[Argument, ...]
    closed: bool = False


class Index(Node):
    """`target[index]`."""

    target: Expr
    index: Expr
    closed: bool = False


class Unwrap(Node):
    """`operand!`."""

    operand: Expr


UnaryOperator: TypeAlias = Literal["not", "-"]
BinaryOperator: TypeAlias = Literal[
    "??", "or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not_in",
    "..", "...", "+", "-", "*", "/", "%", "**",
]  # fmt: skip


class Unary(Node):
    """`!` and `not` are both `not` here."""

    operator: UnaryOperator
    operand: Expr


class Binary(Node):
    """`||` is `or` and `&&` is `and` here; `operator_span` is the operator's."""

    operator: BinaryOperator
    left: Expr
    right: Expr
    operator_span: Span


class Ternary(Node):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


class ArrayLiteral(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...] = ()


class Entry(Node):
    """`key: value` of a hash; a bare name or a string as key is a `String`."""

    key: Expr
    value: Expr


class HashLiteral(Node):
    """`{ a: 1, "b": 2, (c): 3 }`."""

    entries: tuple[Entry, ...] = ()


class Lambda(Node):
    """`|x| { … }` or `(x) => e`; the short form's body is one `ExprStatement`."""

    parameters: tuple[Name, ...]
    body: Block


class Rescue(Node):
    """`operand rescue |error| { … }`, as a statement's expression or as a value."""

    operand: Expr
    error: Name | None
    body: Block


Pattern: TypeAlias = "Expr | Wildcard"
"""A literal (`-` included), a range of literals, a symbol, a dotted name, or `_`."""


class Arm(Node):
    """`"a", "b" => e` (its body is one `ExprStatement`), `when p { … }`, or `else { … }`.

    `else` has a single `Wildcard` as its patterns.
    """

    patterns: tuple[Pattern, ...]
    body: Block


class Match(Node):
    """`match subject { arms }`, as a statement's expression or as a value."""

    subject: Expr
    arms: tuple[Arm, ...]


Expr: TypeAlias = (
    Nil | Bool | Int | Float | Duration | String | Symbol | Regex | SelfRef | NameRef
    | Member | Call | Index | Unwrap | Unary | Binary | Ternary | ArrayLiteral | HashLiteral
    | Lambda | Rescue | Match | BadExpr
)  # fmt: skip


def is_closed(node: Expr) -> bool:
    """Whether brackets around a node end its chain."""
    return isinstance(node, Member | Call | Index) and node.closed


def constant_text(node: Expr) -> str | None:
    """The text of a string without interpolation, or of a symbol."""
    if isinstance(node, String):
        return node.value
    return node.name if isinstance(node, Symbol) else None


class Block(Node):
    """`{ … }`, its span with the braces."""

    statements: tuple[Statement, ...]


class Let(Node):
    """`let name: type = value`."""

    name: Name
    type: TypeRef | None
    value: Expr


class Assign(Node):
    """`target = value`; whether the target can be assigned is checked later."""

    target: Expr
    value: Expr


class Branch(Node):
    """A condition and what happens when it holds."""

    condition: Expr
    body: Block


class If(Node):
    """`if / elsif / else`; `unless` is an `If` whose one branch is `negated`."""

    branches: tuple[Branch, ...]
    otherwise: Block | None = None
    negated: bool = False


class For(Node):
    """`for name in iterable { … }`."""

    name: Name
    iterable: Expr
    body: Block


class Return(Node):
    """`return` with or without a value."""

    value: Expr | None = None


class Raise(Node):
    """`error(message)` as a statement."""

    message: Expr


class Async(Node):
    """`@async(options) { … }`; `header` is the span of `@async(options)` alone."""

    options: tuple[Argument, ...]
    body: Block
    header: Span
    doc: str | None = None


class ExprStatement(Node):
    """An expression as a statement."""

    value: Expr


Statement: TypeAlias = Let | Assign | If | For | Return | Raise | Async | ExprStatement


class NamedType(Node):
    """`string(50)`, `decimal(10,2)`, `User`."""

    name: str
    arguments: tuple[Expr, ...] = ()


class ArrayType(Node):
    """`array<element>`."""

    element: TypeRef


class HashType(Node):
    """`hash<key, value>`."""

    key: TypeRef
    value: TypeRef


class EnumType(Node):
    """`enum ["a", "b"]`."""

    values: tuple[String, ...]


class StructType(Node):
    """`{ name: type! … }`."""

    fields: tuple[Field, ...]


TypeExpr: TypeAlias = NamedType | ArrayType | HashType | EnumType | StructType


class TypeRef(Node):
    """A type and its marker: `!` (required True), `?` (False), or none (None, meaning required)."""

    type: TypeExpr
    required: bool | None

    @property
    def nullable(self) -> bool:
        """Whether nil is allowed."""
        return self.required is False


class Pair(Node):
    """`key: value` in a block of options; a bare word as value is a `NameRef`."""

    key: Name
    value: Expr


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


class Field(Node):
    """`name: type! @annotations`, or a relation field, with its block of `options`."""

    name: Name
    type: TypeRef
    annotations: tuple[Annotation, ...]
    options: tuple[Pair, ...]
    doc: str | None = None
