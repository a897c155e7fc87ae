"""Literals of values and collections."""

from collections.abc import Generator, Sequence

from ... import ast
from ...python import literals
from ...python.code import NONE, Code, Form, Precedence, collection, combine
from ...types import DECIMAL, Array, Hash, Struct, Type, required
from ..functions.function_builder import FunctionBuilder
from ..python.typing import of_common_type, type_of
from ..sql.conditions import name_of
from .dispatch import Lowering, Operand, rule
from .snapshots import record_form_of

_FLAGS = {"i": "IGNORECASE", "m": "MULTILINE", "s": "DOTALL", "x": "VERBOSE"}


@rule(ast.Nil, ast.Bool, ast.Int, ast.Float, ast.Symbol, ast.Duration, ast.Regex)
def literal(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Lowering:
    """Lower a value of one token; a number may become a decimal, a symbol becomes a string."""
    match node:
        case ast.Bool(value=value):
            return Code(str(value))
        case ast.Int() | ast.Float() if type_of(fn, node) == DECIMAL:
            return decimal(fn, node)
        case ast.Int(value=number) | ast.Float(value=number):
            return Code(literals.number(number), form=Form.LITERAL)
        case ast.Symbol(name=name):
            return Code(literals.string(name), form=Form.LITERAL)
        case ast.Duration(amount=amount, unit=unit):
            text = literals.duration(fn.use("datetime", "timedelta"), amount, unit)
            return Code(text, Precedence.PRIMARY)
        case ast.Regex():
            re = fn.module.imports.module("re")
            flags = " | ".join(f"{re}.{_FLAGS[flag]}" for flag in node.flags)
            pattern = literals.pattern(node.pattern) + (f", {flags}" if flags else "")
            return Code(f"{re}.compile({pattern})", Precedence.PRIMARY)
    return NONE
    yield


def decimal(fn: FunctionBuilder, node: ast.Int | ast.Float, sign: str = "") -> Code:
    """Build a decimal with the digits of the source."""
    number = f"{sign}{literals.number(node.value)}"
    if isinstance(node, ast.Float):
        number = f'"{sign}{node.span.text.replace("_", "")}"'
    return Code(f"{fn.use('decimal', 'Decimal')}({number})", Precedence.PRIMARY)


@rule(ast.ArrayLiteral)
def array(fn: FunctionBuilder, node: ast.ArrayLiteral, operand: Operand) -> Lowering:
    """`[a, b]`."""
    expected = required(operand.expected if operand.expected is not None else type_of(fn, node))
    kind = expected.item if isinstance(expected, Array) else None
    items = yield from _items(fn, operand, [(item, kind) for item in node.items])
    return collection(", ".join(item.at(Precedence.TERNARY) for item in items), items)


@rule(ast.HashLiteral)
def hash_(fn: FunctionBuilder, node: ast.HashLiteral, operand: Operand) -> Lowering:
    """`{ a: 1 }`: a dict, or the class of an expected struct."""
    expected = required(operand.expected if operand.expected is not None else type_of(fn, node))
    if isinstance(expected, Struct):
        return (yield from _struct(fn, node, expected))
    kind = expected.value if isinstance(expected, Hash) else None
    items = [each for entry in node.entries for each in ((entry.key, None), (entry.value, kind))]
    parts = yield from _items(fn, operand, items)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    texts = [
        f"{key.at(Precedence.TERNARY)}: {value.at(Precedence.TERNARY)}" for key, value in pairs
    ]
    return collection(", ".join(texts), parts, "{}")


def _items(
    fn: FunctionBuilder, operand: Operand, items: Sequence[tuple[ast.Expr, Type | None]]
) -> Generator[Operand, Code, list[Code]]:
    """Lower the items of a literal, in order, each to its type."""
    whole = record_form_of(type_of(fn, operand.node))
    record = whole if whole == "snapshot" else operand.record
    found = []
    for item, kind in items:
        code = yield Operand(item, expected=kind, record=record)
        literal = isinstance(item, ast.ArrayLiteral | ast.HashLiteral)  # others are converted
        if literal and operand.expected is None and kind is not None:
            code = of_common_type(fn, item, code, kind)
        found.append(code)
    return fn.in_order(found, [item for item, _ in items])


def _struct(fn: FunctionBuilder, node: ast.HashLiteral, struct: Struct) -> Lowering:
    fields = fn.module.program.structs[struct.name].fields
    parts: dict[str, Code] = {}
    for entry in node.entries:
        column = fields[name_of(entry.key)]
        parts[column.name] = yield Operand(entry.value, expected=column.type)
    positions = [list(fields).index(name) for name in parts]
    ordered = fn.in_order(list(parts.values()), list(parts), positions)
    codes = dict(zip(parts, ordered, strict=True))
    given = [f"{fields[name].python}={codes.get(name, NONE).text}" for name in fields]
    text = f"{fn.module.record_class(struct.name)}({', '.join(given)})"
    return combine(text, Precedence.PRIMARY, list(codes.values()))
