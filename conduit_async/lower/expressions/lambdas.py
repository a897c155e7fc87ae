"""Lambdas, which stand only as arguments: Python's where the body is an expression."""

from collections.abc import Iterator

from ... import ast
from ...analyses.looping import waits
from ...analyses.walk import walk
from ...program import Local
from ...types import ANY
from ..functions.assignment import assigned_captures, assigns_fields
from ..functions.blocks import block
from ..functions.destination import Into
from ..functions.function import direct
from ..functions.function_builder import Frame
from ..python.code import Code, Effect, Line, Strength, body_of
from .dispatch import Lowering, Operand, rule


@rule(ast.Lambda)
def lambda_(frame: Frame, node: ast.Lambda, wish: Operand) -> Lowering:
    """`|x| { … }`, `(x) => e`."""
    facts = frame.module.facts
    names = [frame.local(facts.declared[parameter]) for parameter in node.parameters]
    statements = node.body.statements
    awaits = frame.awaits and waits(facts, node)
    if len(statements) == 1 and isinstance(statements[0], ast.ExprStatement):
        with frame.branch(), frame.inside():
            code = yield Operand(statements[0].value, lazy=True)
        if not code.before and not awaits:
            head = f"lambda {', '.join(names)}" if names else "lambda"
            return Code(
                f"{head}: {code.text}", Strength.LOOSE, effect=code.effect, depth=code.depth + 1
            )
    name = frame.fresh("function")
    writes = assigns_fields(node.body)
    with frame.nested_function(ANY, loads_anew=writes):
        body = block(frame, node.body, Into("return"))
    if writes:
        frame.forget_loaded()
    outer = sorted({*_outer_variables(frame, node), *assigned_captures(frame, node.body)})
    body = direct(body, outer)
    if outer:
        body.insert(0, Line(f"nonlocal {', '.join(outer)}"))
    any_ = frame.module.imports.use("typing", "Any")
    parameters = ", ".join(f"{name}: {any_}" for name in names)
    head = "async def" if awaits else "def"
    lines = [Line(f"{head} {name}({parameters}) -> {any_}:"), *body_of(body)]
    acts = outer or writes or waits(facts, node)
    effect = Effect.ACTS if acts else Effect.READS | Effect.FAILS
    return Code(name, before=tuple(lines), effect=effect)


def _outer_variables(frame: Frame, node: ast.Lambda) -> Iterator[str]:
    """The variables of the code around a lambda that it assigns."""
    facts = frame.module.facts
    own = {facts.declared[each] for each in walk(node) if each in facts.declared}
    for each in walk(node.body, into=lambda inner: not isinstance(inner, ast.Async | ast.Lambda)):
        local = facts.resolutions.get(each.target) if isinstance(each, ast.Assign) else None
        if isinstance(local, Local) and local not in own and local in frame.locals.read:
            yield frame.local(local)
