"""`map` and `filter` with a lambda that is short, or that waits, as comprehensions."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from ... import ast
from ...analyses.looping import looping_lambda, waiting_lambda
from ...program import LibraryCall
from ...types import Array, required
from ..functions.function_builder import Frame
from ..python import literals
from ..python.code import Code, Effect, Strength, made_of
from ..python.code import call as call_
from ..python.typing import known, type_of, untold
from . import chains
from .dispatch import Lowering, Operand

Looping: TypeAlias = Generator[Operand, Code, tuple[Code | None, Code | None]]


def comprehension(frame: Frame, node: ast.Expr, call: LibraryCall) -> Looping:
    """`[f(x) for x in xs]`, `[x for x in xs if f(x)]`, and what it loops over.

    Either is None where it does not come to that: a lambda of several statements is no loop.
    """
    function = looping_lambda(call)
    source = None
    items = call.arguments[0] if function is not None else None
    if function is not None and items is not None and isinstance(type_of(frame, items), Array):
        parameter, expression = function
        source = yield from _items(frame, node, items)
        name = frame.local(frame.module.facts.declared[parameter])
        with frame.branch():
            body = yield Operand(expression, lazy=True)
        if not body.before:
            return _loop(frame, node, call, name, source, body), source
    waiting = waiting_lambda(frame.module.facts, call) if frame.awaits else None
    if waiting is None:
        return None, source
    items = call.arguments[0]
    assert items is not None
    source = source or (yield from _items(frame, node, items))
    return (yield from _waiting(frame, node, call, items, source, waiting)), source


def _waiting(
    frame: Frame,
    node: ast.Expr,
    call: LibraryCall,
    items: ast.Expr,
    source: Code,
    function: ast.Lambda,
) -> Lowering:
    """A lambda that waits is a coroutine function, which the loop awaits for each item."""
    if not isinstance(required(type_of(frame, items)), Array):
        iterate = frame.module.imports.operator("iterate")
        looped = call_(iterate, [source], Effect.FAILS)
        source = replace(looped, guards=source.guards)
    coroutine = yield Operand(function)
    name = frame.fresh("each")
    given = name if function.parameters else ""
    body = Code(f"await {coroutine.text}({given})", Strength.AWAIT, coroutine.before, Effect.ACTS)
    source = replace(source, before=(*source.before, *coroutine.before))
    return _loop(frame, node, call, name, source, body)


def _items(frame: Frame, node: ast.Expr, items: ast.Expr) -> Lowering:
    """What is looped over; a `?.` in it guards the whole call of a method."""
    callee = node.callee if isinstance(node, ast.Call) else node
    if isinstance(callee, ast.Member) and callee.target is items:
        return (yield from chains.target(frame, callee, "row"))
    return (yield Operand(items))


def _loop(
    frame: Frame, node: ast.Expr, call: LibraryCall, name: str, source: Code, body: Code
) -> Code:
    items = call.arguments[0]
    guards, source = source.guards, replace(source, guards=())
    source = known(frame, items, source) if items is not None else source
    if literals.holds_empty(source.text):
        source = untold(frame, source)
    before = source.before if guards else ()
    source = frame.iterable(replace(source, before=()) if guards else source)
    if call.signature.name == "map":
        text = f"{body.at(Strength.TERNARY)} for {name} in {source.at(Strength.OR)}"
    else:
        text = f"{name} for {name} in {source.at(Strength.OR)} if {body.at(Strength.OR)}"
    made = made_of(f"[{text}]", Strength.ATOM, [source], body.effect)
    return chains.guarded(frame, node, guards, before, made)
