"""Statements and blocks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..source import Span
from .expressions import Argument, Expr
from .node import Name, Node

if TYPE_CHECKING:
    from .types import TypeRef


@dataclass(frozen=True, eq=False, slots=True)
class Block(Node):
    """`{ … }`, its span with the braces."""

    statements: tuple["Statement", ...]


@dataclass(frozen=True, eq=False, slots=True)
class Let(Node):
    """`let name: type = value`."""

    name: Name
    type: "TypeRef | None"
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
    otherwise: Block | None
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

    value: Expr | None


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
