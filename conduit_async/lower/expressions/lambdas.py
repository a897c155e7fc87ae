"""Lambdas: Python's where the body is an expression, and comprehensions for `map` and `filter`."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from ... import ast
from ...analyses.looping import looping_lambda, waiting_lambda, waits
from ...analyses.walk import walk
from ...program import LibraryCall, Local
from ...python.code import Code, Effect, Line, Precedence, combine, compound, list_from
from ...types import ANY, Array, Type, required
from ..functions.assignment import assigned_captures, assigns_fields
from ..functions.blocks import block, return_directly
from ..functions.destination import Destination
from ..functions.function_builder import FunctionBuilder
from ..python.typing import as_any, type_of, unchecked
from . import chains
from .dispatch import Lowering, Operand, rule

Looping: TypeAlias = Generator[Operand, Code, tuple[Code | None, Code | None]]


@rule(ast.Lambda)
def lambda_(fn: FunctionBuilder, node: ast.Lambda, operand: Operand) -> Lowering:
    """`|x| { … }`, `(x) => e`."""
    facts = fn.module.facts
    names = [fn.names.local(facts.declared[parameter]) for parameter in node.parameters]
    statements = node.body.statements
    awaits = fn.awaits and waits(facts, node.body)
    if len(statements) == 1 and isinstance(statements[0], ast.ExprStatement):
        with fn.branch(), fn.inside():
            code = yield Operand(statements[0].value, lazy=True)
        if not code.before and not awaits:
            head = f"lambda {', '.join(names)}" if names else "lambda"
            return combine(f"{head}: {code.text}", Precedence.LAMBDA, [code])
    return nested_function(fn, node, node.body, Destination("return"), ANY, names)


def nested_function(
    fn: FunctionBuilder,
    node: ast.Node,
    body: ast.Block,
    dest: Destination,
    result: Type,
    names: Sequence[str] = (),
) -> Code:
    """Define a Python function inside this one; return its name."""
    facts = fn.module.facts
    name = fn.names.fresh("function")
    writes = assigns_fields(body)
    with fn.nested_function(replace(dest, expected=result), loads_anew=writes):
        lines = block(fn, body, dest)
    if writes:
        fn.rows.forget()
    outer = sorted({*_outer_variables(fn, node, body), *assigned_captures(fn, body)})
    lines = return_directly(lines, outer)
    if outer:
        lines.insert(0, Line(f"nonlocal {', '.join(outer)}"))
    parameters = ", ".join(f"{each}: {fn.use('typing', 'Any')}" for each in names)
    head = "async def" if fn.awaits and waits(facts, body) else "def"
    definition = compound(f"{head} {name}({parameters}) -> {fn.module.annotation(result)}:", lines)
    acts = outer or writes or waits(facts, body)
    effect = Effect.ACTS if acts else Effect.READS | Effect.FAILS
    return Code(name, before=(definition,), effect=effect)


def _outer_variables(fn: FunctionBuilder, node: ast.Node, body: ast.Block) -> Iterator[str]:
    """Yield the outer variables that a function assigns."""
    facts = fn.module.facts
    own = {facts.declared[each] for each in walk(node) if each in facts.declared}
    for each in walk(body, ast.Async | ast.Lambda):
        local = fn.resolved(each.target) if isinstance(each, ast.Assign) else None
        if isinstance(local, Local) and local not in own and local in fn.locals.read:
            yield fn.names.local(local)


def comprehension(fn: FunctionBuilder, node: ast.Expr, call: LibraryCall) -> Looping:
    """Return `[f(x) for x in xs]` or `[x for x in xs if f(x)]`, and the iterated array.

    Either may be None: a lambda of several statements does not become a comprehension.
    """
    function = looping_lambda(call)
    source = None
    items = call.arguments[0] if function is not None else None
    if function is not None and items is not None and isinstance(type_of(fn, items), Array):
        parameter, expression = function
        source = yield from chains.receiver(fn, node, items, "row")
        name = fn.names.local(fn.module.facts.declared[parameter])
        with fn.branch():
            body = yield Operand(expression, lazy=True)
        if not body.before:
            return _loop(fn, node, call, name, source, body), source
    waiting = waiting_lambda(fn.module.facts, call) if fn.awaits else None
    if waiting is None:
        return None, source
    items = call.arguments[0]
    assert items is not None
    source = source or (yield from chains.receiver(fn, node, items, "row"))
    return (yield from _waiting(fn, node, call, items, source, waiting)), source


def _waiting(
    fn: FunctionBuilder,
    node: ast.Expr,
    call: LibraryCall,
    items: ast.Expr,
    source: Code,
    function: ast.Lambda,
) -> Lowering:
    """Lower a lambda that waits to a coroutine function, which is awaited for each item."""
    if not isinstance(required(type_of(fn, items)), Array):
        looped = fn.operator("iterate", [source], Effect.FAILS)
        source = replace(looped, guards=source.guards)
    coroutine = yield Operand(function)
    name = fn.names.fresh("each")
    given = name if function.parameters else ""
    text, effect = f"await {coroutine.text}({given})", Effect.ACTS | Effect.WAITS
    body = Code(text, Precedence.AWAIT, coroutine.before, effect)
    source = replace(source, before=(*source.before, *coroutine.before))
    return _loop(fn, node, call, name, source, body)


def _loop(
    fn: FunctionBuilder, node: ast.Expr, call: LibraryCall, name: str, source: Code, body: Code
) -> Code:
    items = call.arguments[0]
    guard, source = source.split()
    source = as_any(fn, items, source) if items is not None else source
    source = unchecked(fn, source) if source.is_loose else source
    source = fn.iterable(source)
    if call.signature.name == "map":
        made = list_from(body, name, source)
    else:
        item, test = Code(name, effect=body.effect), f" if {body.at(Precedence.OR)}"
        made = list_from(item, name, source, test)
    return chains.guarded(fn, node, guard, made)
