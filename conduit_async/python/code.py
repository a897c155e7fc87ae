"""Pieces of Python: an expression with what must run before it, and lines of statements."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, Flag, IntEnum, auto
from functools import reduce
from operator import or_

from ..source import Span


class Precedence(IntEnum):
    """How tightly an expression binds in Python's grammar."""

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
    """What changes if an expression is evaluated earlier, later or twice."""

    NONE = 0  # the same value at any time
    READS = auto()  # it reads values that may change
    FAILS = auto()  # it may raise an error
    ACTS = auto()  # it does something, or may raise an error
    WAITS = auto()  # there is an `await` in it

    def must_precede(self, later: "Effect") -> bool:
        """Whether it has to run before `later`, an operand to its right."""
        if Effect.ACTS in self:
            return bool(later)
        if Effect.FAILS in self and later.is_observable:
            return True
        return Effect.READS in self and Effect.ACTS in later

    @property
    def is_observable(self) -> bool:
        """Whether the evaluation has an effect even if the value is not used."""
        return bool(self & (Effect.FAILS | Effect.ACTS))


class Form(Enum):
    """What rules need to know about an expression beside its text."""

    PLAIN = auto()
    LITERAL = auto()  # only literals of numbers and strings, whose value type checkers know
    EMPTY = auto()  # `[]` or `{}`, whose item type they do not know
    LOOSE = auto()  # it may be such a literal, or hold one
    NEVER = auto()  # it always raises an error
    ANY = auto()  # `Any` by a cast or an operator
    EXTERNAL = auto()  # a result of the database or a service, or a value of the previous row


@dataclass(frozen=True, slots=True)
class Line:
    """A statement: its first line, and the block that it opens if it is a compound one.

    `effect` is the effect of the whole statement, `test` the condition of an `if`, `gives` the
    variable and the value of an assignment without an annotation.
    """

    text: str
    block: "tuple[Line, ...] | None" = None
    span: Span | None = None
    effect: Effect = Effect.ACTS
    test: "Code | None" = None
    gives: tuple[str, str] | None = None

    @property
    def word(self) -> str:
        """The first word without `async`, such as `if` or `return`."""
        return self.text.removeprefix("async ").partition(" ")[0].rstrip(":")


@dataclass(frozen=True, slots=True)
class NotNil:
    """The condition that a value is not None; its evaluation sets `name`, if there is one."""

    value: str
    name: str | None = None

    @property
    def again(self) -> "NotNil":
        """The same condition after its first evaluation."""
        return NotNil(self.name or self.value)


@dataclass(frozen=True, slots=True)
class Guard:
    """Conditions that must hold before a value is evaluated, and the statements they need."""

    conditions: tuple[NotNil, ...] = ()
    before: tuple[Line, ...] = ()


NO_GUARD = Guard()


@dataclass(frozen=True, slots=True)
class Code:
    """A Python expression.

    `before` are statements that run first. `text` may be evaluated only if all `guards` hold; if
    one fails, the value is None (`a?.b`), see `close`. `depth` is how deep the expression nests.
    `opposite` is the text of the opposite comparison. `items` is the text of a list or dict inside
    another one. `got` is the owner and the key of an `owner.get(key)`.
    """

    text: str
    precedence: Precedence = Precedence.ATOM
    before: tuple[Line, ...] = ()
    effect: Effect = Effect.NONE
    depth: int = 1
    guards: tuple[NotNil, ...] = ()
    opposite: str | None = None
    items: str | None = None
    got: str | None = None
    form: Form = Form.PLAIN

    def at(self, least: Precedence) -> str:
        """Return the text, in parentheses if it binds looser than `least`."""
        return self.text if self.precedence >= least else f"({self.text})"

    def attribute(self, name: str, effect: Effect = Effect.READS) -> "Code":
        """Return `e.name`, under the same guards."""
        text = f"{self.at(Precedence.PRIMARY)}.{name}"
        return replace(combine(text, Precedence.PRIMARY, [self], effect), guards=self.guards)

    def split(self) -> tuple[Guard, "Code"]:
        """Return the guard with the statements that it needs, and the expression under it."""
        if not self.guards:
            return NO_GUARD, self
        return Guard(self.guards, self.before), replace(self, guards=(), before=())

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
    def is_loose(self) -> bool:
        """Whether type checkers do not know its type, or not all of it."""
        return self.form in (Form.EMPTY, Form.LOOSE, Form.NEVER)

    @property
    def assigns(self) -> bool:
        """Whether it contains `:=`, which Python does not allow in a comprehension's iterable."""
        return ":=" in self.text


NONE = Code("None")
_LITERAL_STARTS = frozenset("\"'0123456789")
_CONSTANTS = frozenset({"None", "True", "False"})
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def combine(
    text: str, precedence: Precedence, parts: Sequence[Code], effect: Effect = Effect.NONE
) -> Code:
    """Build an expression of parts in the order in which they run: a ternary's condition first."""
    forms = {part.form for part in parts}
    is_literal_only = Precedence.SUM <= precedence <= Precedence.POWER and forms == {Form.LITERAL}
    may_be_empty = any(part.form in (Form.EMPTY, Form.LOOSE) for part in parts[1:])
    is_loose = precedence == Precedence.TERNARY and may_be_empty
    return Code(
        text,
        precedence,
        tuple(line for part in parts for line in part.before),
        reduce(or_, (part.effect for part in parts), effect),
        1 + max((part.depth for part in parts), default=0),
        form=Form.LITERAL if is_literal_only else Form.LOOSE if is_loose else Form.PLAIN,
    )


def collection(items: str, parts: Sequence[Code], brackets: str = "[]") -> Code:
    """Build a list or dict from its items."""
    is_loose = any(part.is_loose for part in parts)
    form = Form.EMPTY if not items else Form.LOOSE if is_loose else Form.PLAIN
    code = combine(f"{brackets[0]}{items}{brackets[1]}", Precedence.ATOM, parts)
    return replace(code, items=items, form=form)


def list_from(each: Code, name: str, source: Code, test: str = "") -> Code:
    """Build `[each for name in source]`, without the items that fail a test."""
    text = f"[{each.at(Precedence.TERNARY)} for {name} in {source.at(Precedence.OR)}{test}]"
    form = Form.LOOSE if each.is_loose else Form.PLAIN
    code = combine(text, Precedence.ATOM, [source], each.effect)
    return replace(code, items=f"*{text}", form=form)


def assign(name: str, code: Code, kind: str = "") -> list[Line]:
    """Return the statements that give a variable a value; `kind` is its annotation."""
    return [*code.before, assignment(name, code.text, kind, code.effect)]


def assignment(name: str, value: str, kind: str = "", effect: Effect = Effect.ACTS) -> Line:
    """Return the line that gives a variable a value."""
    head, gives = (f"{name}: {kind}", None) if kind else (name, (name, value))
    return Line(f"{head} = {value}", effect=effect, gives=gives)


def call(function: str, parts: Sequence[Code], effect: Effect = Effect.NONE) -> Code:
    """Build a call with positional arguments."""
    text = f"{function}({', '.join(part.text for part in parts)})"
    return combine(text, Precedence.PRIMARY, parts, effect=effect)


def listed(texts: Sequence[str], parts: Sequence[Code]) -> str:
    """Join the arguments of a call; a single text in parentheses loses them."""
    if len(parts) == 1 and parts[0].precedence == Precedence.ATOM and texts[0].startswith("("):
        return texts[0][1:-1]
    return ", ".join(texts)


_PAIRS = (("==", "!="), ("is", "is not"), ("in", "not in"))
_OPPOSITES = {first: second for pair in _PAIRS for first, second in (pair, pair[::-1])}


def compare(left: Code, operator: str, right: Code, opposite: str | None = None) -> Code:
    """Build a comparison, with its opposite if there is one."""
    operators = filter(None, (operator, opposite or _OPPOSITES.get(operator)))
    text, *others = (
        f"{left.at(Precedence.SUM)} {each} {right.at(Precedence.SUM)}" for each in operators
    )
    code = combine(text, Precedence.COMPARISON, [left, right])
    return replace(code, opposite=others[0] if others else None)


def negate(code: Code) -> Code:
    """Build `not e` in its simplest form."""
    if code.opposite is not None:
        return replace(code, text=code.opposite, opposite=code.text)
    if code.precedence == Precedence.NOT:
        return replace(
            code, text=f"bool({code.text.removeprefix('not ')})", precedence=Precedence.PRIMARY
        )
    return combine(f"not {code.at(Precedence.NOT)}", Precedence.NOT, [code])


def holds(guards: Sequence[NotNil]) -> Code:
    """Build the condition that all guards hold."""
    tests = [compare(Code(each.value), "is not", NONE) for each in guards]
    if len(tests) == 1:
        return tests[0]
    return combine(" and ".join(test.text for test in tests), Precedence.AND, tests)


def close(code: Code) -> Code:
    """Write the guards into the expression: `a.b if a is not None else None`."""
    if not code.guards:
        return code
    if code.guards == (NotNil(code.text),):
        return replace(code, guards=())
    text = f"{code.at(Precedence.OR)} if {holds(code.guards).text} else None"
    depth = code.depth + 1
    return Code(text, Precedence.TERNARY, code.before, code.effect, depth, form=code.form)


def compound(head: str, block: Sequence[Line], effect: Effect = Effect.ACTS) -> Line:
    """Build a compound statement; `effect` is the effect of its first line."""
    return Line(head, tuple(block), effect=reduce(or_, (line.effect for line in block), effect))


def if_(test: Code, block: Sequence[Line]) -> Line:
    """Build an `if` statement."""
    return replace(compound(f"if {test.text}:", block, test.effect), test=test)
