"""Evaluates the tree of an expression."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import singledispatch
from typing import Any

from ..source.tree import (
    Binary,
    Call,
    Entries,
    Expr,
    Function,
    Index,
    Items,
    Literal,
    Local,
    Member,
    Node,
    Self,
    Ternary,
    Text,
    Unary,
    Unwrap,
    Widened,
)
from . import meaning
from .meaning import Error, Failure, Range, Struct, Unclear, equal, reasonable, text, truthy

_OPERATORS = {
    "+": meaning.add, "-": meaning.subtract, "*": meaning.multiply, "/": meaning.divide,
    "%": meaning.remainder, "**": meaning.power, "<": meaning.less,
    ">": lambda a, b: meaning.less(b, a), "==": equal, "in": meaning.contains,
    "<=": lambda a, b: not meaning.less(b, a), ">=": lambda a, b: not meaning.less(a, b),
    "!=": lambda a, b: not equal(a, b), "not_in": lambda a, b: not meaning.contains(a, b),
    "..": lambda a, b: Range(a, b, False), "...": lambda a, b: Range(a, b, True),
}  # fmt: skip
_MOST_STEPS = 4000


class ChainIsNil(Exception):
    """A `?.` was applied to nil: the chain around it is nil."""


@dataclass
class Run:
    """One run of a hook, a job or a function's body.

    `tracked` is the record whose changes are visible, if that is not the current one.
    """

    functions: dict[str, Function]
    record: dict[str, Any]
    previous: dict[str, Any] | None
    tracked: dict[str, Any] | None = None
    scopes: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    calls: list[tuple[str, Any]] = field(default_factory=list)
    writes: list[tuple[tuple[str, ...], Any]] = field(default_factory=list)
    jobs: list[tuple[int, "Run", Any]] = field(default_factory=list)
    steps: list[int] = field(default_factory=lambda: [0])

    def scope_of(self, name: str) -> dict[str, Any]:
        """The innermost scope that has a local."""
        return next(scope for scope in reversed(self.scopes) if name in scope)


def evaluate(node: Expr, run: Run) -> Any:
    """The value of an expression."""
    run.steps[0] += 1
    if run.steps[0] > _MOST_STEPS:
        raise Unclear
    try:
        return reasonable(value_of(node, run))
    except ChainIsNil:
        return None


def target_of(node: Expr, run: Run) -> Any:
    """The target of a dot or bracket. Nil before a `?.` makes the whole chain nil."""
    if isinstance(node, Member | Index | Unwrap) or is_method(node):
        return reasonable(value_of(node, run))
    return evaluate(node, run)


def is_method(node: Node) -> bool:
    return isinstance(node, Call) and node.form in ("method", "safe")


@singledispatch
def value_of(node: Node, run: Run) -> Any:
    raise TypeError(node)


@value_of.register
def _(node: Literal, run: Run) -> Any:
    return node.value


@value_of.register
def _(node: Self, run: Run) -> Any:
    return Struct(run.record)


@value_of.register
def _(node: Local, run: Run) -> Any:
    return run.scope_of(node.name)[node.name]


@value_of.register
def _(node: Unary, run: Run) -> Any:
    value = evaluate(node.operand, run)
    if node.operator == "-":
        if not meaning.is_number(value) and not isinstance(value, meaning.timedelta):
            raise Failure("-")
        return -value
    return not truthy(value)


@value_of.register
def _(node: Binary, run: Run) -> Any:
    left = evaluate(node.left, run)
    match node.operator:
        case "&&" | "and":
            return evaluate(node.right, run) if truthy(left) else left
        case "||" | "or":
            return left if truthy(left) else evaluate(node.right, run)
        case "??":
            return evaluate(node.right, run) if left is None else left
    return _OPERATORS[node.operator](left, evaluate(node.right, run))


@value_of.register
def _(node: Ternary, run: Run) -> Any:
    chosen = node.then if truthy(evaluate(node.condition, run)) else node.otherwise
    return evaluate(chosen, run)


@value_of.register
def _(node: Member, run: Run) -> Any:
    target = target_of(node.target, run)
    if target is None and node.safe:
        raise ChainIsNil
    match target:
        case dict():
            return target.get(node.name)
        case Error():
            return target.message
    raise Failure("no member")


@value_of.register
def _(node: Index, run: Run) -> Any:
    target = target_of(node.target, run)
    index = evaluate(node.index, run)
    match target, index:
        case Struct(), _:
            raise Unclear
        case dict(), _:
            return target.get(index)
        case list() | str(), int() if not isinstance(index, bool):
            return target[index] if -len(target) <= index < len(target) else None
    raise Failure("no index")


@value_of.register
def _(node: Unwrap, run: Run) -> Any:
    value = target_of(node.value, run)
    if value is None:
        raise Failure("nil")
    return value


@value_of.register
def _(node: Widened, run: Run) -> Any:
    value = evaluate(node.value, run)
    return Decimal(value) if node.kind.name == "decimal" else float(value)


@value_of.register
def _(node: Items, run: Run) -> Any:
    return [evaluate(item, run) for item in node.items]


@value_of.register
def _(node: Entries, run: Run) -> Any:
    made = Struct() if node.kind.name == "struct" else {}
    for _, key, value in node.entries:
        name = evaluate(key, run)
        made[name] = evaluate(value, run)
    if node.kind.name == "struct":
        return Struct({name: made.get(name) for name, _ in node.kind.parts})
    return made


@value_of.register
def _(node: Text, run: Run) -> Any:
    parts = [part if isinstance(part, str) else evaluate(part, run) for part in node.parts]
    return "".join(map(text, parts))
