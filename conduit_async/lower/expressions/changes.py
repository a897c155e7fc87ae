"""Change tracking: compares the present record with the previous one."""

from ... import ast
from ...program import ChangeCall, Column
from ...python.code import NONE, Code, Form, Precedence, combine, compare, negate
from ...types import optional
from ..functions.function_builder import FunctionBuilder
from ..python.typing import type_of
from .comparisons import equals
from .dispatch import Lowering, Operand


def change(fn: FunctionBuilder, node: ast.Expr, call: ChangeCall) -> Lowering:
    """`self.x_changed?`, `…_changed_to?(v)`, `…_changed_from?(v)`, `previous_value(:x)`."""
    column = call.column
    if call.kind == "previous_value":
        return previous(fn, column)
    if call.argument is None:
        return changed(fn, column)
    value = yield Operand(call.argument)
    if value.effect:
        value = fn.hoist(value, column.python)
    if call.kind == "changed_to":
        side, kind = fn.self_value((column.name,)), column.type
    else:  # `changed_from`; on create, the previous value is nil
        side, kind = previous(fn, column), optional(column.type)
    if node in fn.module.facts.excluded:  # type checkers know the result of `==`
        same = fn.operator("equal", [side, value])
    else:
        same = equals(fn, side, kind, value, type_of(fn, call.argument))
    has_changed = changed(fn, column)
    if has_changed.text == "True":
        return same
    text = f"{has_changed.at(Precedence.AND)} and {same.at(Precedence.NOT)}"
    return combine(text, Precedence.AND, [has_changed, same])


def changed(fn: FunctionBuilder, column: Column) -> Code:
    """Test whether a column differs from the previous row; on create, whether it is not nil."""
    if (captured := _captured(fn, column, "changed")) is not None:
        return captured
    now = fn.self_value((column.name,))
    if not fn.on_update:
        return compare(now, "is not", NONE)
    before = previous(fn, column)
    return negate(equals(fn, now, column.type, before, column.type))


def previous(fn: FunctionBuilder, column: Column) -> Code:
    """Return the value of a column in the previous row; on create, None."""
    if (captured := _captured(fn, column, "previous")) is not None:
        return captured
    if not fn.on_update:
        return NONE
    read = Code(f"{fn.handle}.previous.{column.python}", Precedence.PRIMARY, form=Form.EXTERNAL)
    if not fn.on_create:
        return read
    return Code(f"previous.{column.python} if previous is not None else None", Precedence.TERNARY)


def _captured(fn: FunctionBuilder, column: Column, part: str) -> Code | None:
    if fn.record is not None:
        return None
    captured = fn.captured.get("change", (column.name, part))
    assert captured is not None
    return captured
