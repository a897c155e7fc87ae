"""`map` and `filter` with a short lambda, as comprehensions."""

from ..looping import looping_lambda
from ..program import LibraryCall
from ..types import Array
from .code import NONE, Strength, made_of
from .drive import Lowering, Operand
from .frame import Frame
from .typing import type_of


def comprehension(frame: Frame, call: LibraryCall) -> Lowering:
    """`[f(x) for x in xs]`, `[x for x in xs if f(x)]`; NONE where that is not possible."""
    function = looping_lambda(call)
    items = call.arguments[0] if function is not None else None
    if function is None or items is None or not isinstance(type_of(frame, items), Array):
        return NONE
    parameter, expression = function
    source = yield Operand(items)
    name = frame.local(frame.module.facts.declared[parameter])
    with frame.branch():
        body = yield Operand(expression, lazy=True)
    if body.before:
        return NONE
    if call.signature.name == "map":
        text = f"{body.at(Strength.TERNARY)} for {name} in {source.at(Strength.OR)}"
    else:
        text = f"{name} for {name} in {source.at(Strength.OR)} if {body.at(Strength.OR)}"
    return made_of(f"[{text}]", Strength.ATOM, [source], body.effect)
