"""`map` and `filter` with a lambda that is short, or that waits, as comprehensions."""

from dataclasses import replace

from .. import ast
from ..looping import looping_lambda, waiting_lambda
from ..program import LibraryCall
from ..types import Array, required
from . import chains, literals
from .code import NONE, Code, Effect, Strength, made_of
from .code import call as call_
from .drive import Lowering, Operand
from .frame import Frame
from .typing import known, type_of, untold


def comprehension(frame: Frame, node: ast.Expr, call: LibraryCall) -> Lowering:
    """`[f(x) for x in xs]`, `[x for x in xs if f(x)]`; NONE where that is not possible."""
    function = looping_lambda(call)
    items = call.arguments[0] if function is not None else None
    if function is not None and items is not None and isinstance(type_of(frame, items), Array):
        parameter, expression = function
        source = yield from _items(frame, node, items)
        guards, source = source.guards, replace(source, guards=())
        name = frame.local(frame.module.facts.declared[parameter])
        with frame.branch():
            body = yield Operand(expression, lazy=True)
        if not body.before:
            return replace(_loop(frame, call, name, source, body), guards=guards)
    waiting = waiting_lambda(frame.module.facts, call) if frame.awaits else None
    return NONE if waiting is None else (yield from _waiting(frame, node, call, waiting))


def _waiting(frame: Frame, node: ast.Expr, call: LibraryCall, function: ast.Lambda) -> Lowering:
    """A lambda that waits is a coroutine function, which the loop awaits for each item."""
    items = call.arguments[0]
    assert items is not None
    source = yield from _items(frame, node, items)
    guards, source = source.guards, replace(source, guards=())
    if not isinstance(required(type_of(frame, items)), Array):
        source = call_(frame.module.imports.operator("iterate"), [source], source.effect)
    coroutine = yield Operand(function)
    name = frame.fresh("each")
    given = name if function.parameters else ""
    body = Code(f"await {coroutine.text}({given})", Strength.AWAIT, coroutine.before, Effect.ACTS)
    loop = _loop(frame, call, name, source, body)
    return replace(loop, before=(*source.before, *coroutine.before), guards=guards)


def _items(frame: Frame, node: ast.Expr, items: ast.Expr) -> Lowering:
    """What is looped over; a `?.` in it guards the whole call of a method."""
    callee = node.callee if isinstance(node, ast.Call) else node
    if isinstance(callee, ast.Member) and callee.target is items:
        return (yield from chains.target(frame, callee, "row"))
    return (yield Operand(items))


def _loop(frame: Frame, call: LibraryCall, name: str, source: Code, body: Code) -> Code:
    items = call.arguments[0]
    source = known(frame, items, source) if items is not None else source
    if literals.holds_empty(source.text):
        source = untold(frame, source)
    if call.signature.name == "map":
        text = f"{body.at(Strength.TERNARY)} for {name} in {source.at(Strength.OR)}"
    else:
        text = f"{name} for {name} in {source.at(Strength.OR)} if {body.at(Strength.OR)}"
    return made_of(f"[{text}]", Strength.ATOM, [source], body.effect)
