"""Queries as the values of variables."""

from dataclasses import replace

from ... import ast
from ...python.code import NONE, Code, Line, body_of, close
from ..expressions.dispatch import lower
from ..functions.function_builder import FunctionBuilder
from .selects import select_of
from .sql import Select


def bound_query(fn: FunctionBuilder, node: ast.Expr) -> tuple[list[Line], Select]:
    """A query as the value of a variable: its values are evaluated now, once, whatever follows."""
    steps = select_of(fn, node, safe=True)
    code: Code | None = None
    while True:
        try:
            operand = next(steps) if code is None else steps.send(code)
        except StopIteration as stop:
            return _settled(fn, stop.value)
        fn.lazy += operand.lazy
        code = lower(
            fn, operand.node, maybe=operand.maybe, chain=operand.chain, expected=operand.expected
        )
        fn.lazy -= operand.lazy


def _settled(fn: FunctionBuilder, select: Select) -> tuple[list[Line], Select]:
    lines, guards = list(select.before), select.guards
    first, *others = select.values or (NONE,)
    if guards:
        name = fn.fresh(first.text.replace(".", "_") if first.repeatable else "key")
        lines.append(Line(f"{name} = {close(replace(first, guards=guards)).text}"))
        first, guards = Code(name), (f"{name} is not None",)
    given = [first, *others, *select.bounds]
    settled: list[Code] = []
    inner: list[Line] = []
    for code in fn.in_order(given, ["value"] * len(given)):
        changes = bool(code.effect) and fn.locals.may_change
        unstable = changes or not (code.repeatable or code.is_constant)
        if guards and (unstable or code.before):
            variable = fn.fresh("value")
            object_ = fn.module.imports.use("builtins", "object")
            lines.append(Line(f"{variable}: {object_} = None"))
            code = Code(variable, before=(*code.before, Line(f"{variable} = {code.text}")))
        elif unstable:
            code = fn.hoist(code, "value")
        inner += code.before
        settled.append(replace(code, before=()))
    if guards and inner:
        inner = [Line(f"if {guards[0]}:"), *body_of(inner)]
    settled = settled if select.values else settled[1:]
    return [*lines, *inner], replace(select.filled(settled), guards=guards, before=())
