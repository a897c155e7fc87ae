"""The smallest expressions: literals, locals, fields."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..source.kinds import ANY, BOOL, INT, STOP, STRING, Kind, array
from ..source.show import quoted
from ..source.tree import (
    Binary,
    Call,
    Entries,
    Expr,
    Items,
    Literal,
    Local,
    Member,
    Self,
    Unary,
    Unwrap,
    Widened,
)
from .generator import Generator

TEXTS = [
    "", "a", "b", "open", "Straße", "Grüße, \"Welt\"", "it's {x} #{y} %s", "a,b,,c", "  pad ",
    "one two  three", "x\ny", "2024-02-29T12:30:00Z", "{{ y }}\\", "日本語", "<b>&'", "Zed", "12",
]  # fmt: skip
WORDS = ["a", "b", "low", "high", "from", "class", "x y"]
_PLAIN = {"a", "b", "low", "high", "from", "class"}
_UNITS = {"second": 1, "minutes": 60, "hours": 3600, "day": 86400, "weeks": 604800}
_KEY = "00000000-0000-4000-8000-0000000000ff"
NIL = Literal(Kind("nil"), None, "nil")


def leaf(gen: Generator, kind: Kind) -> Expr:
    """A literal, a local or a field."""
    if kind.name == "range":
        return bounded(gen, kind, 0)
    found = [read for read, other in gen.reads() if other == kind]
    locals_ = [read for read in found if isinstance(read, Local)]
    fitting = [read for read, other in gen.reads() if kind.maybe and other == kind.sure]
    if locals_ and gen.chance(0.5):
        return gen.pick(locals_)
    if found and (kind.name in ("struct", "enum") or gen.chance(0.6)):
        return gen.pick(found)
    if fitting and gen.chance(0.4):
        return gen.pick(fitting)
    return literal(gen, kind)


def bounded(gen: Generator, kind: Kind, depth: int) -> Expr:
    """A range."""
    assert kind.item is not None
    ends = gen.expr(kind.item, depth), gen.expr(kind.item, depth)
    return Binary(kind, gen.pick(["..", "..", "..."]), *ends)


def number(kind: Kind, value: Any, text: str) -> Expr:
    """A literal of a number that may be negative."""
    if value < 0:
        return Unary(kind, "-", Literal(kind, -value, text.removeprefix("-")))
    return Literal(kind, value, text)


def literal(gen: Generator, kind: Kind) -> Expr:
    """A literal, or the shortest expression of a type without literals."""
    match kind.name:
        case "int":
            value = gen.pick([0, 1, 2, 3, 7, 10, -1, -4, 1000])
            return number(kind, value, "1_000" if value == 1000 else str(value))
        case "float":
            text = gen.pick(["0.0", "0.5", "1.5", "2.0", "-2.5", "1e2", "1.25e-2", "3.125"])
            return number(kind, float(text), text)
        case "string":
            text = gen.pick(TEXTS)
            if text.isidentifier() and gen.chance(0.1):
                return Literal(kind, text, f":{text}" if text.isascii() else quoted(text))
            return Literal(kind, text, quoted(text))
        case "bool":
            value = gen.chance(0.5)
            return Literal(kind, value, "true" if value else "false")
        case "duration":
            unit, count = gen.pick(list(_UNITS)), gen.pick(["1", "2", "0", "1.5"])
            return Literal(kind, timedelta(seconds=float(count) * _UNITS[unit]), f"{count}.{unit}")
        case "array":
            assert kind.item is not None
            items = [leaf(gen, kind.item) for _ in range(_count(gen, kind))]
            if items and kind.item.maybe and gen.chance(0.5):
                items.insert(gen.pick([0, len(items)]), NIL)
            return Items(kind, tuple(items))
        case "hash":
            return entries(gen, kind, 0)
        case "any":
            known = gen.pick([INT, STRING, BOOL])
            return Call(ANY, "service", "echo", (leaf(gen, known),))
    return _without_literals(gen, kind)


def _without_literals(gen: Generator, kind: Kind) -> Expr:
    if kind.name == "timestamp":
        text = gen.pick(["2024-03-01T00:00:00Z", "2023-12-31T23:59:59.500Z", "2024-02-29 08:00:00"])
        value = datetime.fromisoformat(text).replace(tzinfo=UTC)
        assert value.tzinfo is UTC
        return Call(kind, "Time", "parse", (Literal(STRING, text, quoted(text)),))
    if kind.name == "uuid" and gen.chance(0.5):
        return Call(kind, "UUID", "parse", (Literal(STRING, _KEY, quoted(_KEY)),))
    reads = [(read, other) for read, other in gen.reads() if other.sure == kind.sure]
    if found := [read for read, other in reads if kind.maybe or not other.maybe]:
        return gen.pick(found)
    if reads:
        return Unwrap(kind, gen.pick(reads)[0])
    items = Member(array(STOP), Self(Kind("record")), "stops")
    return Unwrap(kind, Call(kind.optional, "Array", "first", (items,), form="method"))


def key(gen: Generator, name: str) -> tuple[str, Expr]:
    """A key of a hash literal, in one of its styles."""
    text = Literal(STRING, name, quoted(name))
    style = gen.pick(["name", "name", "text", "value"])
    return ("text" if style == "name" and name not in _PLAIN else style), text


def _count(gen: Generator, kind: Kind) -> int:
    """A random number of items. It is not 0 for structs, which an empty literal would not show."""
    return gen.pick([1, 1, 2] if kind.holds_struct else [0, 1, 1, 2, 3])


def entries(gen: Generator, kind: Kind, depth: int) -> Expr:
    """A hash literal."""
    assert kind.item is not None
    names = gen.random.sample(WORDS, _count(gen, kind))
    return Entries(kind, tuple((*key(gen, name), gen.expr(kind.item, depth)) for name in names))


def placed(gen: Generator, kind: Kind, depth: int) -> Expr:
    """An expression at a place that gives its type, so that a literal takes that form."""
    if kind.maybe and gen.chance(0.15):
        return NIL
    match kind.name:
        case "decimal" | "float" if gen.chance(0.15):
            return Widened(kind, gen.expr(INT, depth))
        case "decimal" if gen.chance(0.3):
            text = gen.pick(["0.19", "2", "-1.5", "10.50"])
            return number(kind, Decimal(text), text)
        case "enum" if gen.chance(0.5):
            text = gen.pick(list(kind.values))
            return Literal(kind, text, quoted(text))
        case "struct" if gen.chance(0.5):
            parts = [
                (*key(gen, name), placed(gen, part, depth - 1))
                for name, part in kind.parts
                if not part.maybe or gen.chance(0.7)
            ]
            gen.random.shuffle(parts)
            return Entries(kind.sure, tuple(parts))
        case "array" if gen.chance(0.3):
            assert kind.item is not None
            count = gen.pick([0, 1, 2])
            return Items(kind.sure, tuple(placed(gen, kind.item, depth - 1) for _ in range(count)))
    return gen.expr(kind, depth)
