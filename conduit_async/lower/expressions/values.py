"""Literals of values and collections."""

from ... import ast
from ...types import DECIMAL, Array, Hash, Struct, required
from ..functions.function_builder import Frame, variable_for
from ..python import literals
from ..python.code import NONE, Code, Strength, list_of, made_of
from ..python.typing import of_common_type, type_of
from .dispatch import Lowering, Operand, rule
from .snapshots import RecordAs, place_of

_FLAGS = {"i": "IGNORECASE", "m": "MULTILINE", "s": "DOTALL", "x": "VERBOSE"}


@rule(ast.Nil)
def nil(frame: Frame, node: ast.Nil, wish: Operand) -> Lowering:
    """`nil`."""
    return NONE
    yield


@rule(ast.Bool)
def boolean(frame: Frame, node: ast.Bool, wish: Operand) -> Lowering:
    """`true`, `false`."""
    return Code(str(node.value))
    yield


@rule(ast.Int, ast.Float)
def number(frame: Frame, node: ast.Int | ast.Float, wish: Operand) -> Lowering:
    """A number, which is a decimal where one is wanted."""
    if type_of(frame, node) == DECIMAL:
        return decimal(frame, node)
    return Code(literals.number(node.value))
    yield


def decimal(frame: Frame, node: ast.Int | ast.Float, sign: str = "") -> Code:
    """A decimal with the digits of the source."""
    name = frame.module.imports.use("decimal", "Decimal")
    number = f"{sign}{literals.number(node.value)}"
    if isinstance(node, ast.Float):
        number = f'"{sign}{node.span.text.replace("_", "")}"'
    return Code(f"{name}({number})", Strength.PRIMARY)


@rule(ast.Symbol)
def symbol(frame: Frame, node: ast.Symbol, wish: Operand) -> Lowering:
    """`:name`, which is a string."""
    return Code(literals.string(node.name))
    yield


@rule(ast.Duration)
def duration(frame: Frame, node: ast.Duration, wish: Operand) -> Lowering:
    """`7.days`."""
    name = frame.module.imports.use("datetime", "timedelta")
    return Code(literals.duration(name, node.amount, node.unit), Strength.PRIMARY)
    yield


@rule(ast.Regex)
def regex(frame: Frame, node: ast.Regex, wish: Operand) -> Lowering:
    """`/pattern/flags`."""
    re = frame.module.imports.module("re")
    flags = " | ".join(f"{re}.{_FLAGS[flag]}" for flag in node.flags)
    pattern = literals.pattern(node.pattern)
    return Code(f"{re}.compile({pattern}{f', {flags}' if flags else ''})", Strength.PRIMARY)
    yield


@rule(ast.ArrayLiteral)
def array(frame: Frame, node: ast.ArrayLiteral, wish: Operand) -> Lowering:
    """`[a, b]`."""
    expected = required(wish.expected if wish.expected is not None else type_of(frame, node))
    kind = expected.item if isinstance(expected, Array) else None
    place = _place_of_items(frame, node, wish)
    items = []
    for item in node.items:
        code = yield Operand(item, expected=kind, record=place)
        if wish.expected is None and kind is not None:
            code = of_common_type(frame, item, code, kind)
        items.append(code)
    items = frame.in_order(items, [variable_for(item) for item in node.items])
    return list_of(", ".join(item.at(Strength.TERNARY) for item in items), items)


@rule(ast.HashLiteral)
def hash_(frame: Frame, node: ast.HashLiteral, wish: Operand) -> Lowering:
    """`{ a: 1 }`: a dict, or where a struct is expected, its class."""
    expected = required(wish.expected if wish.expected is not None else type_of(frame, node))
    if isinstance(expected, Struct):
        return (yield from _struct(frame, node, expected))
    kind = expected.value if isinstance(expected, Hash) else None
    record = _place_of_items(frame, node, wish)
    parts, hints = [], []
    for entry in node.entries:
        for child, place in ((entry.key, None), (entry.value, kind)):
            code = yield Operand(child, expected=place, record=record)
            if wish.expected is None and place is not None:
                code = of_common_type(frame, child, code, place)
            parts.append(code)
            hints.append(variable_for(child))
    parts = frame.in_order(parts, hints)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    texts = [f"{key.at(Strength.TERNARY)}: {value.at(Strength.TERNARY)}" for key, value in pairs]
    return made_of(f"{{{', '.join(texts)}}}", Strength.ATOM, parts)


def _place_of_items(frame: Frame, node: ast.Expr, wish: Operand) -> RecordAs:
    return "snapshot" if place_of(type_of(frame, node)) == "snapshot" else wish.record


def _struct(frame: Frame, node: ast.HashLiteral, struct: Struct) -> Lowering:
    fields = frame.module.program.structs[struct.name].fields
    parts: dict[str, Code] = {}
    for entry in node.entries:
        column = fields[_key(entry.key)]
        parts[column.name] = yield Operand(entry.value, expected=column.type)
    places = [list(fields).index(name) for name in parts]
    ordered = frame.in_order(list(parts.values()), list(parts), places)
    codes = dict(zip(parts, ordered, strict=True))
    given = [f"{fields[name].python}={codes.get(name, NONE).text}" for name in fields]
    text = f"{frame.module.record_class(struct.name)}({', '.join(given)})"
    return made_of(text, Strength.PRIMARY, list(codes.values()))


def _key(node: ast.Expr) -> str:
    if isinstance(node, ast.Symbol):
        return node.name
    return (node.value or "") if isinstance(node, ast.String) else ""
