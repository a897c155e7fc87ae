"""Literals of values and collections."""

from ... import ast
from ...python import literals
from ...python.code import NONE, Code, Precedence, combine, list_of
from ...types import DECIMAL, Array, Hash, Struct, required
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import of_common_type, type_of
from .dispatch import Lowering, Operand, rule
from .snapshots import RecordForm, record_form_of

_FLAGS = {"i": "IGNORECASE", "m": "MULTILINE", "s": "DOTALL", "x": "VERBOSE"}


@rule(ast.Nil)
def nil(fn: FunctionBuilder, node: ast.Nil, operand: Operand) -> Lowering:
    """`nil`."""
    return NONE
    yield


@rule(ast.Bool)
def boolean(fn: FunctionBuilder, node: ast.Bool, operand: Operand) -> Lowering:
    """`true`, `false`."""
    return Code(str(node.value))
    yield


@rule(ast.Int, ast.Float)
def number(fn: FunctionBuilder, node: ast.Int | ast.Float, operand: Operand) -> Lowering:
    """A number, which is a decimal where one is wanted."""
    if type_of(fn, node) == DECIMAL:
        return decimal(fn, node)
    return Code(literals.number(node.value))
    yield


def decimal(fn: FunctionBuilder, node: ast.Int | ast.Float, sign: str = "") -> Code:
    """A decimal with the digits of the source."""
    name = fn.use("decimal", "Decimal")
    number = f"{sign}{literals.number(node.value)}"
    if isinstance(node, ast.Float):
        number = f'"{sign}{node.span.text.replace("_", "")}"'
    return Code(f"{name}({number})", Precedence.PRIMARY)


@rule(ast.Symbol)
def symbol(fn: FunctionBuilder, node: ast.Symbol, operand: Operand) -> Lowering:
    """`:name`, which is a string."""
    return Code(literals.string(node.name))
    yield


@rule(ast.Duration)
def duration(fn: FunctionBuilder, node: ast.Duration, operand: Operand) -> Lowering:
    """`7.days`."""
    name = fn.use("datetime", "timedelta")
    return Code(literals.duration(name, node.amount, node.unit), Precedence.PRIMARY)
    yield


@rule(ast.Regex)
def regex(fn: FunctionBuilder, node: ast.Regex, operand: Operand) -> Lowering:
    """`/pattern/flags`."""
    re = fn.module.imports.module("re")
    flags = " | ".join(f"{re}.{_FLAGS[flag]}" for flag in node.flags)
    pattern = literals.pattern(node.pattern)
    return Code(f"{re}.compile({pattern}{f', {flags}' if flags else ''})", Precedence.PRIMARY)
    yield


@rule(ast.ArrayLiteral)
def array(fn: FunctionBuilder, node: ast.ArrayLiteral, operand: Operand) -> Lowering:
    """`[a, b]`."""
    expected = required(operand.expected if operand.expected is not None else type_of(fn, node))
    kind = expected.item if isinstance(expected, Array) else None
    place = _place_of_items(fn, node, operand)
    items = []
    for item in node.items:
        code = yield Operand(item, expected=kind, record=place)
        if operand.expected is None and kind is not None:
            code = of_common_type(fn, item, code, kind)
        items.append(code)
    items = fn.in_order(items, [variable_for(item) for item in node.items])
    return list_of(", ".join(item.at(Precedence.TERNARY) for item in items), items)


@rule(ast.HashLiteral)
def hash_(fn: FunctionBuilder, node: ast.HashLiteral, operand: Operand) -> Lowering:
    """`{ a: 1 }`: a dict, or where a struct is expected, its class."""
    expected = required(operand.expected if operand.expected is not None else type_of(fn, node))
    if isinstance(expected, Struct):
        return (yield from _struct(fn, node, expected))
    kind = expected.value if isinstance(expected, Hash) else None
    record = _place_of_items(fn, node, operand)
    parts, hints = [], []
    for entry in node.entries:
        for child, place in ((entry.key, None), (entry.value, kind)):
            code = yield Operand(child, expected=place, record=record)
            if operand.expected is None and place is not None:
                code = of_common_type(fn, child, code, place)
            parts.append(code)
            hints.append(variable_for(child))
    parts = fn.in_order(parts, hints)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    texts = [
        f"{key.at(Precedence.TERNARY)}: {value.at(Precedence.TERNARY)}" for key, value in pairs
    ]
    return combine(f"{{{', '.join(texts)}}}", Precedence.ATOM, parts)


def _place_of_items(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> RecordForm:
    return "snapshot" if record_form_of(type_of(fn, node)) == "snapshot" else operand.record


def _struct(fn: FunctionBuilder, node: ast.HashLiteral, struct: Struct) -> Lowering:
    fields = fn.module.program.structs[struct.name].fields
    parts: dict[str, Code] = {}
    for entry in node.entries:
        column = fields[_key(entry.key)]
        parts[column.name] = yield Operand(entry.value, expected=column.type)
    positions = [list(fields).index(name) for name in parts]
    ordered = fn.in_order(list(parts.values()), list(parts), positions)
    codes = dict(zip(parts, ordered, strict=True))
    given = [f"{fields[name].python}={codes.get(name, NONE).text}" for name in fields]
    text = f"{fn.module.record_class(struct.name)}({', '.join(given)})"
    return combine(text, Precedence.PRIMARY, list(codes.values()))


def _key(node: ast.Expr) -> str:
    if isinstance(node, ast.Symbol):
        return node.name
    return (node.value or "") if isinstance(node, ast.String) else ""
