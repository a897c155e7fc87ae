"""Pieces of Python: an expression with what must run before it, and lines of statements."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Flag, IntEnum, auto
from functools import reduce
from operator import or_

from ..source import Span


class Precedence(IntEnum):
    """How tightly an expression holds together, as Python's grammar has it."""

    LAMBDA = 0  # lambda, `:=`
    TERNARY = 1
    OR = 2
    AND = 3
    NOT = 4
    COMPARISON = 5
    SUM = 6
    PRODUCT = 7
    SIGN = 8
    POWER = 9
    AWAIT = 10
    PRIMARY = 11
    ATOM = 12


class Effect(Flag):
    """What evaluating an expression earlier, later or twice would change."""

    NONE = 0  # the same value at any time
    READS = auto()  # what it reads may change
    FAILS = auto()  # it may raise an error
    ACTS = auto()  # it does something, or may raise an error

    def must_precede(self, later: "Effect") -> bool:
        """Whether running it after `later`, which stands to its right, would make a difference."""
        if Effect.ACTS in self:
            return bool(later & (Effect.READS | Effect.FAILS | Effect.ACTS))
        if Effect.FAILS in self and later & (Effect.FAILS | Effect.ACTS):
            return True
        return Effect.READS in self and Effect.ACTS in later

    @property
    def is_observable(self) -> bool:
        """Whether it shows that an expression was evaluated, though its value is not used."""
        return bool(self & (Effect.FAILS | Effect.ACTS))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body: `indent` counts from the body's own."""

    text: str
    indent: int = 0
    span: Span | None = None
    effect: Effect = Effect.ACTS


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression.

    `before` are statements that must have run. `guards` are conditions under which alone `text`
    may be evaluated; when one fails the value is None (`a?.b`), see `close`. `depth` is how deep
    the expression nests. `opposite` is a comparison the other way round, `items` what stands
    between the brackets of a list.
    """

    text: str
    precedence: Precedence = Precedence.ATOM
    before: tuple[Line, ...] = ()
    effect: Effect = Effect.NONE
    depth: int = 1
    guards: tuple[str, ...] = ()
    opposite: str | None = None
    items: str | None = None

    def at(self, least: Precedence) -> str:
        """The text where nothing looser than `least` may stand."""
        return self.text if self.precedence >= least else f"({self.text})"

    @property
    def repeatable(self) -> bool:
        """Whether it can be written twice: a name, or attributes of one."""
        return _DOTTED.fullmatch(self.text) is not None

    @property
    def is_literal(self) -> bool:
        """Whether it is a literal text or number."""
        return self.precedence == Precedence.ATOM and self.text[:1] in _LITERAL_STARTS

    @property
    def is_constant(self) -> bool:
        """Whether it is a literal of one token."""
        return self.text in _CONSTANTS or self.is_literal

    @property
    def assigns(self) -> bool:
        """Whether there may be a `:=` in it, which Python takes in no iterable of a loop."""
        return ":=" in self.text

    @property
    def spread(self) -> str:
        """The items of an array inside of a list: of one that is written out, those it has."""
        if self.items is not None and self.text == f"[{self.items}]":
            return self.items
        return f"*{self.at(Precedence.SUM)}"


NONE = Code("None")
_LITERAL_STARTS = frozenset("\"'0123456789")
_CONSTANTS = frozenset({"None", "True", "False"})
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def combine(
    text: str, precedence: Precedence, parts: Sequence[Code], effect: Effect = Effect.NONE
) -> Code:
    """An expression made of others, which run in this order."""
    return Code(
        text,
        precedence,
        tuple(line for part in parts for line in part.before),
        reduce(or_, (part.effect for part in parts), effect),
        1 + max((part.depth for part in parts), default=0),
    )


def list_of(items: str, parts: Sequence[Code]) -> Code:
    """A list whose items are written out."""
    return replace(combine(f"[{items}]", Precedence.ATOM, parts), items=items)


def assign(name: str, code: Code, kind: str = "") -> list[Line]:
    """The statements that give a variable a value; `kind` is its annotation."""
    head = f"{name}: {kind}" if kind else name
    return [*code.before, Line(f"{head} = {code.text}", effect=code.effect)]


def call(function: str, parts: Sequence[Code], effect: Effect = Effect.NONE) -> Code:
    """A call with positional arguments."""
    text = f"{function}({', '.join(part.text for part in parts)})"
    return combine(text, Precedence.PRIMARY, parts, effect=effect)


def listed(texts: Sequence[str], parts: Sequence[Code]) -> str:
    """The arguments of a call; a lone text of several lines needs no parentheses of its own."""
    if len(parts) == 1 and parts[0].precedence == Precedence.ATOM and texts[0].startswith("("):
        return texts[0][1:-1]
    return ", ".join(texts)


OPPOSITES = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}


def compare(left: Code, operator: str, right: Code) -> Code:
    """A comparison, which knows its opposite where there is one."""
    texts = [
        f"{left.at(Precedence.SUM)} {each} {right.at(Precedence.SUM)}"
        for each in (operator, OPPOSITES.get(operator))
        if each
    ]
    code = combine(texts[0], Precedence.COMPARISON, [left, right])
    return replace(code, opposite=texts[1] if len(texts) > 1 else None)


def negate(code: Code) -> Code:
    """`not e`, said as a person would."""
    if code.opposite is not None:
        return replace(code, text=code.opposite, opposite=code.text)
    if code.precedence == Precedence.NOT:
        return replace(
            code, text=f"bool({code.text.removeprefix('not ')})", precedence=Precedence.PRIMARY
        )
    return combine(f"not {code.at(Precedence.NOT)}", Precedence.NOT, [code])


def close(code: Code) -> Code:
    """The expression with its guards spelled out: `a.b if a is not None else None`."""
    if not code.guards:
        return code
    if code.guards == (f"{code.text} is not None",):
        return replace(code, guards=())
    text = f"{code.at(Precedence.OR)} if {' and '.join(code.guards)} else None"
    return replace(code, text=text, precedence=Precedence.TERNARY, depth=code.depth + 1, guards=())


def indented(lines: Iterable[Line], by: int = 1) -> list[Line]:
    """The lines as the body of a statement."""
    return [replace(line, indent=line.indent + by) for line in lines]


def body_of(lines: Sequence[Line]) -> list[Line]:
    """The lines as the body of a statement, which may not be empty."""
    return indented(lines) if lines else [Line("pass", 1, effect=Effect.NONE)]
