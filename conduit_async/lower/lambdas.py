"""Lambdas, which stand only as arguments: Python's where the body is an expression."""

from .. import ast
from ..looping import waits
from ..types import ANY
from .code import Code, Line, Strength, body_of
from .drive import Lowering, Operand, rule
from .frame import Frame
from .into import Into
from .statements import block


@rule(ast.Lambda)
def lambda_(frame: Frame, node: ast.Lambda, wish: Operand) -> Lowering:
    """`|x| { … }`, `(x) => e`."""
    facts = frame.module.facts
    names = [frame.local(facts.declared[parameter]) for parameter in node.parameters]
    statements = node.body.statements
    if len(statements) == 1 and isinstance(statements[0], ast.ExprStatement):
        with frame.branch():
            code = yield Operand(statements[0].value, lazy=True)
        if not code.before and not (frame.awaits and waits(facts, node)):
            head = f"lambda {', '.join(names)}" if names else "lambda"
            return Code(
                f"{head}: {code.text}", Strength.LOOSE, effect=code.effect, depth=code.depth + 1
            )
    name = frame.fresh("function")
    before, frame.value_into = frame.value_into, None
    expected, frame.expected = frame.expected, ANY
    with frame.branch():
        body = block(frame, node.body, Into("return"))
    frame.value_into, frame.expected = before, expected
    any_ = frame.module.imports.use("typing", "Any")
    parameters = ", ".join(f"{name}: {any_}" for name in names)
    head = "async def" if frame.awaits and waits(facts, node) else "def"
    lines = [Line(f"{head} {name}({parameters}) -> {any_}:"), *body_of(body)]
    return Code(name, before=tuple(lines))
