"""Lambdas, which stand only as arguments: Python's where the body is an expression."""

from collections.abc import Iterator

from ... import ast
from ...analyses.looping import waits
from ...analyses.walk import walk
from ...program import Local
from ...python.code import Code, Effect, Line, Precedence, combine, compound
from ...types import ANY
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
    awaits = fn.awaits and waits(facts, node)
    if len(statements) == 1 and isinstance(statements[0], ast.ExprStatement):
        with fn.branch(), fn.inside():
            code = yield Operand(statements[0].value, lazy=True)
        if not code.before and not awaits:
            head = f"lambda {', '.join(names)}" if names else "lambda"
            return combine(f"{head}: {code.text}", Precedence.LAMBDA, [code])
    name = fn.fresh("function")
    writes = assigns_fields(node.body)
    with fn.nested_function(ANY, loads_anew=writes):
        body = block(fn, node.body, Destination("return"))
    if writes:
        fn.forget_loaded()
    outer = sorted({*_outer_variables(fn, node), *assigned_captures(fn, node.body)})
    body = return_directly(body, outer)
    if outer:
        body.insert(0, Line(f"nonlocal {', '.join(outer)}"))
    any_ = fn.use("typing", "Any")
    parameters = ", ".join(f"{name}: {any_}" for name in names)
    head = "async def" if awaits else "def"
    definition = compound(f"{head} {name}({parameters}) -> {any_}:", body)
    acts = outer or writes or waits(facts, node)
    effect = Effect.ACTS if acts else Effect.READS | Effect.FAILS
    return Code(name, before=(definition,), effect=effect)


def _outer_variables(fn: FunctionBuilder, node: ast.Lambda) -> Iterator[str]:
    """The variables of the code around a lambda that it assigns."""
    facts = fn.module.facts
    own = {facts.declared[each] for each in walk(node) if each in facts.declared}
    for each in walk(node.body, into=lambda inner: not isinstance(inner, ast.Async | ast.Lambda)):
        local = fn.resolved(each.target) if isinstance(each, ast.Assign) else None
        if isinstance(local, Local) and local not in own and local in fn.locals.read:
            yield fn.local(local)
