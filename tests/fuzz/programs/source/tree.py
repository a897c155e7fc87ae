"""The tree of a random program, which is printed as a source and evaluated."""

from dataclasses import dataclass
from typing import Any

from .kinds import Kind


@dataclass(frozen=True)
class Node:
    """A part of a program."""


@dataclass(frozen=True)
class Expr(Node):
    """An expression of a type."""

    kind: Kind


@dataclass(frozen=True)
class Literal(Expr):
    """A value without parts; `text` is its source."""

    value: Any
    text: str


@dataclass(frozen=True)
class Self(Expr):
    """`self`, only as the target of a member."""


@dataclass(frozen=True)
class Local(Expr):
    """A local, or a parameter."""

    name: str


@dataclass(frozen=True)
class Unary(Expr):
    """`-x`, `!x`, `not x`."""

    operator: str
    operand: Expr


@dataclass(frozen=True)
class Binary(Expr):
    """An operator between two operands, ranges and `??` among them."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Ternary(Expr):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Member(Expr):
    """`target.name`; with `safe`, `target?.name`."""

    target: Expr
    name: str
    safe: bool = False


@dataclass(frozen=True)
class Index(Expr):
    """`target[index]`."""

    target: Expr
    index: Expr


@dataclass(frozen=True)
class Unwrap(Expr):
    """`value!`."""

    value: Expr


@dataclass(frozen=True)
class Widened(Expr):
    """An int that becomes a float or a decimal at its place."""

    value: Expr


@dataclass(frozen=True)
class Items(Expr):
    """`[a, b]`."""

    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Entries(Expr):
    """`{ a: 1, "b": 2, (c): 3 }`: the style of each key, its expression, its value."""

    entries: tuple[tuple[str, Expr, Expr], ...]


@dataclass(frozen=True)
class Text(Expr):
    """A string with interpolations."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True)
class Lambda(Node):
    """`|x| { … }`; with `arrow`, `(x) => e`."""

    name: str
    body: "Block"
    arrow: bool = False


@dataclass(frozen=True)
class Call(Expr):
    """A call of the library, a `@function`, a service, or a function that shows changes.

    `what` is the namespace, `function`, `service` or `change`. `form` is `plain`; a call of the
    library may also be `method` or `safe`, with the first argument in front.
    """

    what: str
    name: str
    arguments: tuple[Expr | Lambda, ...]
    named: tuple[tuple[str, Expr], ...] = ()
    form: str = "plain"


@dataclass(frozen=True)
class Arm(Node):
    """An arm of a `match`; without patterns it takes everything."""

    patterns: tuple[Expr, ...]
    body: "Block"
    arrow: bool


@dataclass(frozen=True)
class Match(Expr):
    """`match subject { … }`, as a value or as a statement."""

    subject: Expr
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class Rescue(Expr):
    """`operand rescue |error| { … }`; with `value`, the block gives the fallback."""

    operand: Expr
    error: str | None
    body: "Block"
    value: bool


@dataclass(frozen=True)
class Block(Node):
    """Statements; if a value is needed, the last one gives it."""

    statements: tuple[Node, ...]


@dataclass(frozen=True)
class Let(Node):
    """`let name: type = value`."""

    name: str
    type: str
    value: Expr


@dataclass(frozen=True)
class Assign(Node):
    """`target = value`."""

    target: Expr
    value: Expr


@dataclass(frozen=True)
class Alone(Node):
    """An expression as a statement."""

    value: Expr


@dataclass(frozen=True)
class If(Node):
    """`if`, `elsif`, `else`; with `negated`, `unless`."""

    branches: tuple[tuple[Expr, Block], ...]
    otherwise: Block | None
    negated: bool = False


@dataclass(frozen=True)
class For(Node):
    """`for name in value { … }`."""

    name: str
    value: Expr
    body: Block


@dataclass(frozen=True)
class Return(Node):
    """`return`, with a value if one is needed."""

    value: Expr | None


@dataclass(frozen=True)
class Async(Node):
    """`@async { … }`; `key` identifies the block in the program."""

    key: int
    body: Block


@dataclass(frozen=True)
class Function(Node):
    """A `@function`, or a `@computed` field if it has no parameters."""

    name: str
    parameters: tuple[tuple[str, Kind, Expr | None], ...]
    result: Kind
    body: Block
    computed: bool = False


@dataclass(frozen=True)
class Program(Node):
    """Statements of a hook, or of a job."""

    body: Block
