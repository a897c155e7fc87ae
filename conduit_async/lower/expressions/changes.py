"""Change tracking: the record as it is now beside the previous one."""

from ...program import ChangeCall, Column
from ...types import optional
from ..functions.function_builder import Frame
from ..python.code import NONE, Code, Strength, compare, made_of, negate
from ..python.typing import type_of
from .comparisons import equals
from .dispatch import Lowering, Operand


def change(frame: Frame, call: ChangeCall) -> Lowering:
    """`self.x_changed?`, `…_changed_to?(v)`, `…_changed_from?(v)`, `previous_value(:x)`."""
    column = call.column
    if call.kind == "previous_value":
        return previous(frame, column)
    if call.argument is None:
        return changed(frame, column)
    value = yield Operand(call.argument)
    if value.effect:
        value = frame.spill(value, column.python)
    if call.kind == "changed_to":
        side, kind = frame.self_value((column.name,)), column.type
    else:  # on create it is nil
        side, kind = previous(frame, column), optional(column.type)
    same = equals(frame, side, kind, value, type_of(frame, call.argument))
    has_changed = changed(frame, column)
    if has_changed.text == "True":
        return same
    text = f"{has_changed.at(Strength.AND)} and {same.at(Strength.NOT)}"
    return made_of(text, Strength.AND, [has_changed, same])


def changed(frame: Frame, column: Column) -> Code:
    """Whether a column differs from the previous row; on create, whether it is not nil."""
    if frame.record is None:
        return _captured(frame, column, "changed")
    now = frame.self_value((column.name,))
    if not frame.on_update:
        return compare(now, "is not", NONE)
    before = previous(frame, column)
    return negate(equals(frame, now, column.type, before, column.type))


def previous(frame: Frame, column: Column) -> Code:
    """The value of a column in the previous row; on create, None."""
    if frame.record is None:
        return _captured(frame, column, "previous")
    if not frame.on_update:
        return NONE
    read = Code(f"{frame.handle}.previous.{column.python}", Strength.PRIMARY)
    if not frame.on_create:
        return read
    return Code(f"previous.{column.python} if previous is not None else None", Strength.TERNARY)


def _captured(frame: Frame, column: Column, part: str) -> Code:
    capture = frame.capture("change", (column.name, part))
    assert capture is not None
    return frame.captured(capture)
