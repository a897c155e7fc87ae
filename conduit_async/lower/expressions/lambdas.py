"""Lambdas, which stand only as arguments: Python's where the body is an expression."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ... import ast
from ...analyses.looping import waits
from ...analyses.walk import walk
from ...program import Local
from ...python.code import Code, Effect, Line, Precedence, combine, compound
from ...types import ANY, Type
from ..functions.assignment import assigned_captures, assigns_fields
from ..functions.blocks import block, return_directly
from ..functions.destination import Destination
from ..functions.function_builder import FunctionBuilder
from .dispatch import Lowering, Operand, rule


@rule(ast.Lambda)
def lambda_(fn: FunctionBuilder, node: ast.Lambda, operand: Operand) -> Lowering:
    """`|x| { … }`, `(x) => e`."""
    facts = fn.module.facts
    names = [fn.local(facts.declared[parameter]) for parameter in node.parameters]
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
    """The name of a Python function inside of this one, after its definition."""
    facts = fn.module.facts
    name = fn.fresh("function")
    writes = assigns_fields(body)
    with fn.nested_function(replace(dest, expected=result), loads_anew=writes):
        lines = block(fn, body, dest)
    if writes:
        fn.forget_loaded()
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
    """The variables of the code around a function that it assigns."""
    facts = fn.module.facts
    own = {facts.declared[each] for each in walk(node) if each in facts.declared}
    for each in walk(body, into=lambda inner: not isinstance(inner, ast.Async | ast.Lambda)):
        local = fn.resolved(each.target) if isinstance(each, ast.Assign) else None
        if isinstance(local, Local) and local not in own and local in fn.locals.read:
            yield fn.local(local)
