"""Calls of the library, functions, services, and the functions that show changes."""

import json
import re
from dataclasses import replace
from uuid import UUID

from ..evaluation.library import LIBRARY
from ..source.kinds import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FIELDS,
    FLOAT,
    INT,
    SCALARS,
    STRING,
    TIME,
    TIMESTAMP,
    Kind,
    array,
    hash_of,
)
from ..source.show import quoted
from ..source.tree import Call, Expr, Literal
from .bodies import lambda_of
from .generator import Generator, makes
from .leaves import leaf, number, placed

_LETTERS = {
    "s": STRING, "i": INT, "b": BOOL, "u": Kind("uuid"), "t": TIMESTAMP, "d": DATE, "c": TIME,
    "l": DURATION,
}  # fmt: skip
_RESULTS = {"s": "string", "i": "int", "b": "bool", "u": "uuid", "t": "timestamp", "l": "duration"}
_BY_RESULT = {
    kind: [name for name, entry in LIBRARY.items() if entry.result == letter]
    for letter, kind in _RESULTS.items()
}
_PLAIN_ONLY = {
    "Time.parse",
    "UUID.parse",
    "UUID.validate",
    "JSON.validate",
    "Regex.replace",
    "Regex.split",
}
_PATTERNS = ["[a-z]+", r"\d", "a|b", "x", "^.", r"\s+"]
_FORMATS = ["%Y-%m-%d", "%H:%M", "%d.%m.%y %%", "2006-01-02"]
_NAMED = {"Number.format": "decimals", "String.trim": "chars", "String.truncate": "length"}


@makes("string", "int", "bool", weight=6, nilable=True)
@makes("uuid", "timestamp", "duration", nilable=True)
def of_library(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A function of the library whose parameters and result have fixed types."""
    name = gen.pick(_BY_RESULT[kind.name])
    entry = LIBRARY[name]
    arguments = [
        _argument(gen, name, letter, depth) for letter in entry.parameters.partition("?")[0]
    ]
    named: tuple[tuple[str, Expr], ...] = ()
    if "?" in entry.parameters and gen.chance(0.4):
        value = _argument(gen, name, entry.parameters[-1], depth)
        if name in _NAMED and gen.chance(0.5):
            named = ((_NAMED[name], value),)
        elif name != "Number.round" or kind != INT:
            arguments.append(value)
    return called(gen, kind, name, arguments, depth, named)


def called(
    gen: Generator,
    kind: Kind,
    name: str,
    arguments: list[Expr],
    depth: int,
    named: tuple[tuple[str, Expr], ...] = (),
) -> Expr:
    """A call in one of its forms: `String.trim(x)`, `x.trim()`, `x?.trim()`."""
    namespace, _, function = name.partition(".")
    form = "plain" if name in _PLAIN_ONLY else gen.pick(["plain", "method", "method"])
    if kind.maybe and form == "method" and arguments[0].kind.name not in ("any", "range"):
        arguments = [gen.expr(arguments[0].kind.optional, depth), *arguments[1:]]
        form = "safe"
    return Call(kind, namespace, function, tuple(arguments), named, form)


def _argument(gen: Generator, name: str, letter: str, depth: int) -> Expr:
    if name in ("Time.parse", "UUID.parse"):
        return _text(gen, name)
    match letter:
        case "n":
            return gen.expr(gen.pick([INT, FLOAT, DECIMAL]), depth)
        case "i":
            return number(INT, *gen.pick([(0, "0"), (1, "1"), (2, "2"), (5, "5")]))
        case "a":
            return gen.expr(array(gen.pick([STRING, INT, DECIMAL, INT.optional])), depth)
        case "h":
            return gen.expr(hash_of(gen.pick([INT, STRING])), depth)
        case "m":
            return gen.expr(gen.pick([TIMESTAMP, DATE]), depth)
        case "w":
            return gen.expr(gen.pick([TIMESTAMP, TIME]), depth)
        case "r":
            pattern = gen.pick(_PATTERNS)
            if gen.chance(0.5) or name.startswith("Regex."):
                return Literal(Kind("regex"), re.compile(pattern), f"/{pattern}/")
            return gen.expr(STRING, 0)
        case "x":
            kind = gen.pick([kind for kind in SCALARS if kind != DURATION])
            return gen.expr(kind, depth)
    if name == "Time.format" and letter == "s":
        form = gen.pick(_FORMATS[:3])
        return Literal(STRING, form, quoted(form))
    if name == "Regex.replace" and letter == "s":
        return gen.expr(STRING, 0)
    return gen.expr(_LETTERS[letter], depth)


def _text(gen: Generator, name: str) -> Expr:
    text = gen.pick(["2024-03-01T10:00:00Z", "2023-01-31 08:00:00", "soon"])
    if name == "UUID.parse":
        text = gen.pick([str(UUID(int=7, version=4)), str(UUID(int=9)), "no"])
    return Literal(STRING, text, quoted(text))


@makes("int", "float", "decimal", nilable=True)
def of_numbers(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`abs`, `min`, `max`, and `round` to some decimals."""
    first = gen.expr(kind.sure, depth)
    name = gen.pick(["Number.abs", "Number.min", "Number.max", "Number.round"])
    if name == "Number.round":
        if kind.name == "int":
            return None
        return called(gen, kind, name, [first, number(INT, *gen.pick([(1, "1"), (2, "2")]))], depth)
    more = [gen.expr(kind.sure, depth) for _ in range(gen.pick([1, 2]) * (name != "Number.abs"))]
    return called(gen, kind, name, [first, *more], depth)


@makes("timestamp", "date", nilable=True)
def of_moments(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`add`, `subtract`, `add_days`."""
    first = gen.expr(kind.sure, depth)
    if gen.chance(0.3):
        return called(gen, kind, "Time.add_days", [first, leaf(gen, INT)], depth)
    name = gen.pick(["Time.add", "Time.subtract"])
    return called(gen, kind, name, [first, gen.expr(DURATION, depth)], depth)


@makes("array", weight=5, nilable=True)
def of_arrays(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """Calls that return arrays."""
    assert kind.item is not None
    item = kind.item
    name = gen.pick(
        ["unique", "sort", "reverse", "push", "concat", "map", "map", "map", "filter", "filter"]
    )
    if name == "map":
        source = gen.pick([INT, STRING, DECIMAL, INT.optional, *SCALARS, Kind("any")])
        items = gen.expr(array(source), depth)
        return _with_lambda(gen, kind, "map", items, lambda_of(gen, source, item, depth))
    items = gen.expr(array(item), depth)
    arguments: list[Expr] = [items]
    match name:
        case "filter":
            condition = BOOL if gen.chance(0.8) else gen.kind()
            return _with_lambda(gen, kind, "filter", items, lambda_of(gen, item, condition, depth))
        case "sort" if item.maybe or item.name not in ("int", "string", "decimal", "timestamp"):
            return None
        case "push":
            arguments.append(gen.expr(item, depth))
        case "concat":
            arguments.append(gen.expr(array(item), depth))
    return called(gen, kind, f"Array.{name}", arguments, depth)


def _with_lambda(gen, kind, name, items, function):  # type: ignore[no-untyped-def]
    form = gen.pick(["plain", "method", "method"])
    return Call(kind, "Array", name, (items, function), form=form)


@makes("array", nilable=True)
def of_texts(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """Calls that return arrays of strings, and a hash's values."""
    assert kind.item is not None
    if kind.item == STRING and gen.chance(0.6):
        name = gen.pick([name for name, entry in LIBRARY.items() if entry.result == "as"])
        arguments = [_argument(gen, name, letter, depth) for letter in LIBRARY[name].parameters]
        return called(gen, kind, name, arguments, depth)
    return called(gen, kind, "Hash.values", [gen.expr(hash_of(kind.item), depth)], depth)


@makes("hash", weight=2, nilable=True)
def merged(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`merge`."""
    arguments = [gen.expr(kind.sure, depth), gen.expr(kind.sure, depth)]
    return called(gen, kind, "Hash.merge", arguments, depth)


@makes("maybe")
def got(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`get`, with a default or without."""
    if kind.name in ("nil", "range"):
        return None
    arguments = [gen.expr(hash_of(kind.sure), depth), gen.expr(STRING, 0)]
    if gen.chance(0.3):
        arguments.append(gen.expr(kind.sure, depth))
    return Call(kind, "Hash", "get", tuple(arguments), form=gen.pick(["plain", "method"]))


@makes("any")
def parsed(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`JSON.parse`."""
    text = json.dumps(gen.pick([{"a": [1, 2.5, None, True]}, {"a": {"name": "x"}}, [1], "t", 3]))
    return Call(kind, "JSON", "parse", (Literal(STRING, text, quoted(text)),))


@makes("any", weight=2)
@makes("*")
def echoed(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A value that a service returns."""
    if kind.name in ("range", "nil") or kind.holds_struct:
        return None  # a job refuses to store a struct with unknown parts
    if kind == ANY:
        kind = gen.kind()
        if gen.chance(0.2) and not kind.holds_struct:
            named = tuple((name, gen.expr(kind, depth)) for name in ("to", "from_it"))
            return Call(ANY, "service", "named", (), named)
        return replace(echoed(gen, kind, depth) or leaf(gen, ANY), kind=ANY)
    return Call(kind, "service", "echo", (gen.expr(kind, depth),))


@makes("*", weight=2)
def of_function(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """A `@function` or a `@computed` field of the resource."""
    found = [each for each in gen.functions if each.result in (kind, kind.sure)]
    if not found:
        return None
    function = gen.pick(found)
    if function.computed:
        return Call(kind, "function", function.name, (), form="computed")
    arguments: list[Expr] = []
    named: list[tuple[str, Expr]] = []
    for name, wanted, default in function.parameters:
        if default is not None and gen.chance(0.5):
            continue
        value = placed(gen, wanted, depth)
        if (
            named
            or len(arguments) < function.parameters.index((name, wanted, default))
            or gen.chance(0.3)
        ):
            named.append((name, value))
        else:
            arguments.append(value)
    gen.random.shuffle(named)
    return Call(kind, "function", function.name, tuple(arguments), tuple(named))


@makes("bool")
def changed(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`self.x_changed?`, `self.x_changed_to?(…)`, `self.x_changed_from?(…)`."""
    if gen.in_function:
        return None
    name = gen.pick(list(FIELDS))
    form = gen.pick(["_changed?", "_changed?", "_changed_to?", "_changed_from?"])
    if form == "_changed?":
        return Call(kind, "change", name + form, ())
    name = gen.pick(
        [
            name
            for name, kind in FIELDS.items()
            if kind.name not in ("struct", "any", "array", "hash")
        ]
    )
    return Call(kind, "change", name + form, (placed(gen, FIELDS[name], 0),))


@makes("*")
def before(gen: Generator, kind: Kind, depth: int) -> Expr | None:
    """`self.previous_value(:x)`."""
    found = [name for name, column in FIELDS.items() if kind in (column, column.optional)]
    if gen.in_function or gen.event != "update" or not found:
        return None
    name = gen.pick(found)
    argument = Literal(STRING, name, f":{name}")
    return Call(FIELDS[name], "change", "previous_value", (argument,))
