"""Operations that write rows: `create!`, `update!`, `delete!`, `increment!` and their kin."""

import keyword
from collections.abc import Callable, Generator

from ... import ast
from ...program import RecordCall, ResourceInfo
from ...python import literals
from ...python.code import Code, Effect, Precedence, combine
from ...types import Record, required
from ..expressions.dispatch import Lowering, Operand
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, type_of
from .conditions import column_of, key_of, name_of
from .relations import operation


def _given(
    fn: FunctionBuilder, resource: ResourceInfo, node: ast.Expr
) -> Generator[Operand, Code, tuple[str, list[Code]]]:
    """Return the columns in a hash as further arguments of a call."""
    if not isinstance(node, ast.HashLiteral):
        values = yield Operand(node, record="either")
        return f", **{_columns_of(fn, resource, values.text)}", [values]
    names, codes = yield from _values(fn, resource, node)
    texts = (f", {name}={code.text}" for name, code in zip(names, codes, strict=True))
    return "".join(texts), codes


def _columns_of(fn: FunctionBuilder, resource: ResourceInfo, values: str) -> str:
    """Return the columns in a hash that is known only at run time."""
    relations = resource.relations.values()
    keys = {each.name: each.key for each in relations if each.kind == "to_one"}
    named = "".join(
        f", {name}={literals.quoted(key)}"
        if name.isidentifier() and not keyword.iskeyword(name)
        else f", **{{{literals.quoted(name)}: {literals.quoted(key)}}}"
        for name, key in keys.items()
    )
    record = fn.module.record_class(resource.name)
    return f"{fn.module.imports.runtime('columns_of')}({record}, {values}{named})"


def _values(
    fn: FunctionBuilder, resource: ResourceInfo, node: ast.HashLiteral
) -> Generator[Operand, Code, tuple[list[str], list[Code]]]:
    """Return the columns in a literal, and their values."""
    names, codes = [], []
    for entry in node.entries:
        column = column_of(resource, name_of(entry.key))
        code = yield Operand(entry.value, expected=column.type, record="either")
        kind = required(type_of(fn, entry.value))
        if isinstance(kind, Record) and not isinstance(required(column.type), Record):
            code = key_of(fn, kind, entry.value, code)
        names.append(column.python)
        codes.append(code)
    return names, fn.in_order(codes, names)


def _create(fn: FunctionBuilder, resource: ResourceInfo, call: RecordCall) -> Lowering:
    given, codes = yield from _given(fn, resource, call.arguments[0].value)
    return operation(fn, f"create({fn.module.record_class(resource.name)}{given})", codes)


def _bulk_create(fn: FunctionBuilder, resource: ResourceInfo, call: RecordCall) -> Lowering:
    node = call.arguments[0].value
    record = fn.module.record_class(resource.name)
    if not isinstance(node, ast.ArrayLiteral):
        code = yield Operand(node, record="either")
        if type_of(fn, node) in DYNAMIC:
            code = fn.operator("iterate", [code], Effect.FAILS)
        code, each = fn.iterable(code), _columns_of(fn, resource, "row")
        text = f"create_many({record}, [{each} for row in {code.at(Precedence.OR)}])"
        return operation(fn, text, [code])
    rows: list[list[str] | None] = []
    parts: list[Code] = []
    for item in node.items:
        if isinstance(item, ast.HashLiteral):
            names, codes = yield from _values(fn, resource, item)
            rows.append(names)
            parts += codes
        else:
            rows.append(None)
            parts.append((yield Operand(item, record="either")))
    parts = fn.in_order(parts)
    rest = iter(parts)
    texts = [
        _columns_of(fn, resource, next(rest).text)
        if names is None
        else f"{{{', '.join(f'{literals.string(name)}: {next(rest).text}' for name in names)}}}"
        for names in rows
    ]
    return operation(fn, f"create_many({record}, [{', '.join(texts)}])", parts)


def _update(fn: FunctionBuilder, resource: ResourceInfo, call: RecordCall) -> Lowering:
    key = yield Operand(call.arguments[0].value)
    given, codes = yield from _given(fn, resource, call.arguments[1].value)
    record = fn.module.record_class(resource.name)
    key, *_ = fn.in_order([key, *codes])
    return operation(fn, f"update({record}, {key.text}{given})", [key, *codes])


def _delete(fn: FunctionBuilder, resource: ResourceInfo, call: RecordCall) -> Lowering:
    key = yield Operand(call.arguments[0].value)
    record = fn.module.record_class(resource.name)
    return operation(fn, f"delete({record}, {key.text})", [key])


def _count(fn: FunctionBuilder, resource: ResourceInfo, call: RecordCall) -> Lowering:
    nodes = [argument.value for argument in call.arguments if argument.name is None]
    named = [argument.value for argument in call.arguments if argument.name is not None]
    key = yield Operand(nodes[0])
    column = column_of(resource, name_of(nodes[1]))
    by = (yield Operand(named[0])) if named else Code("1")
    key, by = fn.in_order([key, by])
    if call.operation == "decrement!":
        by = combine(f"-{by.at(Precedence.SIGN)}", Precedence.SIGN, [by])
    tail = "" if by.text == "1" else f", by={by.text}"
    record = fn.module.record_class(resource.name)
    text = f"increment({record}, {key.text}, {literals.string(column.name)}{tail})"
    return operation(fn, text, [key, by])


WRITE_RULES: dict[str, Callable[[FunctionBuilder, ResourceInfo, RecordCall], Lowering]] = {
    "create!": _create,
    "bulk_create!": _bulk_create,
    "update!": _update,
    "delete!": _delete,
    "increment!": _count,
    "decrement!": _count,
}
