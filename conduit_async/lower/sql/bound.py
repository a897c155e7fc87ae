"""Queries as the values of variables."""

from dataclasses import replace

from ... import ast
from ...python.code import NONE, Code, Guard, Line, NotNil, close, holds, if_
from ..expressions.dispatch import lower_all
from ..functions.function_builder import FunctionBuilder
from .selects import select_of
from .sql import Select


def bound_query(fn: FunctionBuilder, node: ast.Expr) -> tuple[list[Line], Select]:
    """A query as the value of a variable: its values are evaluated now, once, whatever follows."""
    select = lower_all(fn, select_of(fn, node, safe=True))
    lines, guards = list(select.guard.before), select.guard.conditions
    first, *others = select.values or (NONE,)
    if guards:
        name = fn.fresh(first.text.replace(".", "_") if first.repeatable else "key")
        lines.append(Line(f"{name} = {close(replace(first, guards=guards)).text}"))
        first, guards = Code(name), (NotNil(name),)
    given = [first, *others, *select.bounds]
    settled: list[Code] = []
    inner: list[Line] = []
    for code in fn.in_order(given, ["value"] * len(given)):
        changes = bool(code.effect) and bool(fn.locals.assigns_fields or fn.locals.assigned)
        unstable = changes or not (code.repeatable or code.is_constant)
        if guards and (unstable or code.before):
            variable = fn.fresh("value")
            lines.append(Line(f"{variable}: {fn.builtin('object')} = None"))
            code = Code(variable, before=(*code.before, Line(f"{variable} = {code.text}")))
        elif unstable:
            code = fn.hoist(code, "value")
        inner += code.before
        settled.append(replace(code, before=()))
    if guards and inner:
        inner = [if_(holds(guards), inner)]
    settled = settled if select.values else settled[1:]
    return [*lines, *inner], replace(select.filled(settled), guard=Guard(guards))
