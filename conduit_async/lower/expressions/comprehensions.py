"""`map` and `filter` with a lambda that is short, or that waits, as comprehensions."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from ... import ast
from ...analyses.looping import looping_lambda, waiting_lambda
from ...program import LibraryCall
from ...python import literals
from ...python.code import Code, Effect, Precedence, combine
from ...types import Array, required
from ..functions.function_builder import FunctionBuilder
from ..python.typing import as_any, type_of, unchecked
from . import chains
from .dispatch import Lowering, Operand

Looping: TypeAlias = Generator[Operand, Code, tuple[Code | None, Code | None]]


def comprehension(fn: FunctionBuilder, node: ast.Expr, call: LibraryCall) -> Looping:
    """`[f(x) for x in xs]`, `[x for x in xs if f(x)]`, and what it loops over.

    Either is None where it does not come to that: a lambda of several statements is no loop.
    """
    function = looping_lambda(call)
    source = None
    items = call.arguments[0] if function is not None else None
    if function is not None and items is not None and isinstance(type_of(fn, items), Array):
        parameter, expression = function
        source = yield from _items(fn, node, items)
        name = fn.local(fn.module.facts.declared[parameter])
        with fn.branch():
            body = yield Operand(expression, lazy=True)
        if not body.before:
            return _loop(fn, node, call, name, source, body), source
    waiting = waiting_lambda(fn.module.facts, call) if fn.awaits else None
    if waiting is None:
        return None, source
    items = call.arguments[0]
    assert items is not None
    source = source or (yield from _items(fn, node, items))
    return (yield from _waiting(fn, node, call, items, source, waiting)), source


def _waiting(
    fn: FunctionBuilder,
    node: ast.Expr,
    call: LibraryCall,
    items: ast.Expr,
    source: Code,
    function: ast.Lambda,
) -> Lowering:
    """A lambda that waits is a coroutine function, which the loop awaits for each item."""
    if not isinstance(required(type_of(fn, items)), Array):
        looped = fn.operator("iterate", [source], Effect.FAILS)
        source = replace(looped, guards=source.guards)
    coroutine = yield Operand(function)
    name = fn.fresh("each")
    given = name if function.parameters else ""
    body = Code(f"await {coroutine.text}({given})", Precedence.AWAIT, coroutine.before, Effect.ACTS)
    source = replace(source, before=(*source.before, *coroutine.before))
    return _loop(fn, node, call, name, source, body)


def _items(fn: FunctionBuilder, node: ast.Expr, items: ast.Expr) -> Lowering:
    """What is looped over; a `?.` in it guards the whole call of a method."""
    callee = node.callee if isinstance(node, ast.Call) else node
    if isinstance(callee, ast.Member) and callee.target is items:
        return (yield from chains.target(fn, callee, "row"))
    return (yield Operand(items))


def _loop(
    fn: FunctionBuilder, node: ast.Expr, call: LibraryCall, name: str, source: Code, body: Code
) -> Code:
    items = call.arguments[0]
    guard, source = source.split()
    source = as_any(fn, items, source) if items is not None else source
    source = unchecked(fn, source) if literals.holds_empty(source.text) else source
    source = fn.iterable(source)
    if call.signature.name == "map":
        text = f"{body.at(Precedence.TERNARY)} for {name} in {source.at(Precedence.OR)}"
    else:
        text = f"{name} for {name} in {source.at(Precedence.OR)} if {body.at(Precedence.OR)}"
    made = combine(f"[{text}]", Precedence.ATOM, [source], body.effect)
    return chains.guarded(fn, node, guard, made)
