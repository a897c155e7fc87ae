"""Operators: arithmetic, order, equality, membership, truth."""

from ..source.kinds import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STATE,
    STRING,
    TIMESTAMP,
    Kind,
    array,
    hash_of,
)
from ..source.tree import Binary, Expr, Literal, Text, Unary
from .generator import Generator, makes
from .leaves import NIL, bounded, leaf, number

_ORDERED = [INT, INT, FLOAT, DECIMAL, STRING, TIMESTAMP, DATE, DURATION, Kind("time")]


@makes("int", "float", "decimal", weight=3)
def arithmetic(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`+ - *`, also with an int on one side."""
    other = INT if gen.chance(0.3) else kind
    kinds = [kind, other]
    gen.random.shuffle(kinds)
    left, right = (gen.expr(each, depth) for each in kinds)
    return Binary(kind, gen.pick(["+", "-", "*"]), left, right)


@makes("int", "float", "decimal")
def division(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`/` and `%`, rarely by zero."""
    by = number(INT, *gen.pick([(2, "2"), (3, "3"), (-4, "-4"), (7, "7")]))
    if gen.chance(0.2):
        by = gen.expr(INT, depth)
        if isinstance(by, Literal) and by.value == 0:  # the compiler reports this
            return None
    return Binary(kind, gen.pick(["/", "%"]), gen.expr(kind, depth), by)


@makes("int", "float", "decimal")
def power(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`**` with a literal on its right. An int with a negative literal gives a float."""
    by = gen.pick([0, 1, 2, 3])
    if kind == FLOAT and gen.chance(0.3):
        base = Literal(INT, 2, "2") if gen.chance(0.5) else leaf(gen, gen.pick([INT, FLOAT]))
        return Binary(kind, "**", base, number(INT, -1, "-1"))
    return Binary(kind, "**", gen.expr(kind, depth), number(INT, by, str(by)))


@makes("int", "float", "decimal", "duration")
def negation(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`-x`."""
    return Unary(kind, "-", gen.expr(kind.sure, depth))


@makes("float")
def from_int(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """An operation of an int and a float."""
    operator = gen.pick(["+", "-", "*"])
    return Binary(kind, operator, gen.expr(INT, depth), gen.expr(FLOAT, depth))


@makes("string", weight=2)
def joined(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`+` and `*` of strings."""
    if gen.chance(0.2):
        return Binary(kind, "*", gen.expr(STRING, depth), leaf(gen, INT))
    return Binary(kind, "+", gen.expr(STRING, depth), gen.expr(STRING, depth))


@makes("string")
def of_enum(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """An enum's value as a string."""
    return Binary(kind, "+", gen.expr(STATE, depth), gen.expr(STRING, depth))


@makes("string", weight=3)
def interpolation(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A string with values in it."""
    parts: list[str | Expr] = []
    for _ in range(gen.pick([1, 1, 2, 3])):
        parts.append(gen.pick(["", "", "<", "a ", "#", "{", '"', "\\", "%s"]))
        shown = gen.kind()
        parts.append(gen.expr(STRING if shown.name == "duration" else shown, depth))
    parts.append(gen.pick(["", "", "!", "}", "\n"]))
    return Text(kind, tuple(parts))


@makes("array", weight=2)
def concatenation(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`+` of arrays."""
    return Binary(kind, "+", gen.expr(kind.sure, depth), gen.expr(kind.sure, depth))


@makes("timestamp", "date", "duration", weight=2)
def moments(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """Moments and durations, added and subtracted."""
    if kind.name == "duration" and gen.chance(0.4):
        other = gen.pick([TIMESTAMP, DATE])
        return Binary(kind, "-", gen.expr(other, depth), gen.expr(other, depth))
    left, right = gen.expr(kind.sure, depth), gen.expr(DURATION, depth)
    if kind.name != "duration" and gen.chance(0.2):
        return Binary(kind, "+", right, left)
    return Binary(kind, gen.pick(["+", "-"]), left, right)


@makes("bool", weight=3)
def order(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`< <= > >=`."""
    left = gen.pick(_ORDERED)
    right = gen.pick([INT, FLOAT, DECIMAL]) if left in (INT, FLOAT, DECIMAL) else left
    operator = gen.pick(["<", "<=", ">", ">="])
    return Binary(kind, operator, gen.expr(left, depth), gen.expr(right, depth))


@makes("bool", weight=3)
def equality(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`==` and `!=`, also across types and with nil."""
    left = gen.kind()
    right = gen.kind() if gen.chance(0.15) else left.optional if gen.chance(0.3) else left
    if {left.name, right.name} == {"struct", "hash"} or "any" in (left.name, right.name):
        right = left
    other = NIL if gen.chance(0.15) else gen.expr(right, depth)
    sides = [gen.expr(left, depth), other]
    gen.random.shuffle(sides)
    return Binary(kind, gen.pick(["==", "==", "!="]), *sides)


@makes("bool", weight=2)
def membership(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`in` and `not_in`."""
    value, container = gen.pick(
        [
            (INT, array(INT)),
            (STRING, array(STRING)),
            (DECIMAL, array(DECIMAL)),
            (INT.optional, array(INT.optional)),
            (STRING, STRING),
            (STRING, hash_of(INT)),
            (ANY, array(ANY)),
            (INT, Kind("range", INT)),
            (FLOAT, Kind("range", INT)),
            (TIMESTAMP, Kind("range", TIMESTAMP)),
            (STRING, Kind("range", STRING)),
        ]
    )
    operator = gen.pick(["in", "in", "not_in"])
    return Binary(kind, operator, gen.expr(value, depth), gen.expr(container, depth))


@makes("range", weight=9)
def bounds(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`a..b`, `a...b`."""
    return bounded(gen, kind, depth)


@makes("bool", weight=2)
def negated(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`!x`, `not x`."""
    return Unary(kind, gen.pick(["!", "not"]), gen.condition(depth))


@makes("*", weight=2)
def either(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`&&` and `||`, which give one of their operands."""
    operator = gen.pick(["&&", "||", "and", "or"])
    if kind.name == "range":
        return None
    left = kind.optional if operator in ("||", "or") or kind.maybe else kind
    first = NIL if left.maybe and gen.chance(0.05) else gen.expr(left, depth)
    return Binary(kind, operator, first, gen.expr(kind, depth))


@makes("bool")
def any_condition(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A condition made of any value."""
    return Unary(kind, "!", Unary(BOOL, "!", gen.expr(gen.kind(), depth)))
