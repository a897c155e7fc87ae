"""Operations that write rows: `create!`, `update!`, `delete!`, `increment!` and their kin."""

from collections.abc import Callable, Generator

from .. import ast
from ..program import RecordCall, ResourceInfo
from ..types import Record, required
from . import literals
from .code import Code, Strength, made_of
from .conditions import column_of, key_of
from .drive import Lowering, Operand
from .frame import Frame
from .relations import operation
from .selects import name_of
from .typing import type_of


def _values(
    frame: Frame, resource: ResourceInfo, node: ast.Expr
) -> Generator[Operand, Code, tuple[list[str], list[Code]]]:
    """The columns that a hash gives, and their values."""
    names, codes = [], []
    assert isinstance(node, ast.HashLiteral)
    for entry in node.entries:
        column = column_of(resource, name_of(entry.key))
        code = yield Operand(entry.value, expected=column.type, record="either")
        kind = required(type_of(frame, entry.value))
        if isinstance(kind, Record) and not isinstance(required(column.type), Record):
            code = key_of(frame, kind, entry.value, code)
        names.append(column.python)
        codes.append(code)
    return names, frame.in_order(codes, names)


def _create(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    names, codes = yield from _values(frame, resource, call.arguments[0].value)
    given = "".join(f", {name}={code.text}" for name, code in zip(names, codes, strict=True))
    return operation(frame, f"create({frame.module.record_class(resource.name)}{given})", codes)


def _bulk_create(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    node = call.arguments[0].value
    record = frame.module.record_class(resource.name)
    if not isinstance(node, ast.ArrayLiteral):
        code = yield Operand(node)
        return operation(frame, f"create_many({record}, {code.text})", [code])
    rows, parts = [], []
    for item in node.items:
        names, codes = yield from _values(frame, resource, item)
        pairs = [f"{literals.string(n)}: {c.text}" for n, c in zip(names, codes, strict=True)]
        rows.append(f"{{{', '.join(pairs)}}}")
        parts += codes
    return operation(frame, f"create_many({record}, [{', '.join(rows)}])", parts)


def _update(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    key = yield Operand(call.arguments[0].value)
    names, codes = yield from _values(frame, resource, call.arguments[1].value)
    key, *codes = frame.in_order([key, *codes])
    given = "".join(f", {name}={code.text}" for name, code in zip(names, codes, strict=True))
    record = frame.module.record_class(resource.name)
    return operation(frame, f"update({record}, {key.text}{given})", [key, *codes])


def _delete(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    key = yield Operand(call.arguments[0].value)
    record = frame.module.record_class(resource.name)
    return operation(frame, f"delete({record}, {key.text})", [key])


def _count(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    nodes = [argument.value for argument in call.arguments if argument.name is None]
    named = [argument.value for argument in call.arguments if argument.name is not None]
    key = yield Operand(nodes[0])
    column = column_of(resource, name_of(nodes[1]))
    by = (yield Operand(named[0])) if named else Code("1")
    key, by = frame.in_order([key, by])
    if call.operation == "decrement!":
        by = made_of(f"-{by.at(Strength.SIGN)}", Strength.SIGN, [by])
    tail = "" if by.text == "1" else f", by={by.text}"
    record = frame.module.record_class(resource.name)
    text = f"increment({record}, {key.text}, {literals.string(column.name)}{tail})"
    return operation(frame, text, [key, by])


WRITES: dict[str, Callable[[Frame, ResourceInfo, RecordCall], Lowering]] = {
    "create!": _create,
    "bulk_create!": _bulk_create,
    "update!": _update,
    "delete!": _delete,
    "increment!": _count,
    "decrement!": _count,
}
