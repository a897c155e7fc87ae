"""Queries as the values of variables."""

from dataclasses import replace

from ... import ast
from ..expressions.dispatch import lower
from ..functions.function_builder import Frame
from ..python.code import NONE, Code, Line, body_of, close
from .selects import select_of
from .sql import Select


def bound_query(frame: Frame, node: ast.Expr) -> tuple[list[Line], Select]:
    """A query as the value of a variable: its values are evaluated now, once, whatever follows."""
    steps = select_of(frame, node, safe=True)
    code: Code | None = None
    while True:
        try:
            wish = next(steps) if code is None else steps.send(code)
        except StopIteration as stop:
            return _settled(frame, stop.value)
        frame.lazy += wish.lazy
        code = lower(frame, wish.node, maybe=wish.maybe, chain=wish.chain, expected=wish.expected)
        frame.lazy -= wish.lazy


def _settled(frame: Frame, select: Select) -> tuple[list[Line], Select]:
    lines, guards = list(select.before), select.guards
    first, *others = select.values or (NONE,)
    if guards:
        name = frame.fresh(first.text.replace(".", "_") if first.repeatable else "key")
        lines.append(Line(f"{name} = {close(replace(first, guards=guards)).text}"))
        first, guards = Code(name), (f"{name} is not None",)
    given = [first, *others, *select.bounds]
    settled: list[Code] = []
    inner: list[Line] = []
    for code in frame.in_order(given, ["value"] * len(given)):
        changes = bool(code.effect) and frame.locals.may_change
        unstable = changes or not (code.repeatable or code.is_constant)
        if guards and (unstable or code.before):
            variable = frame.fresh("value")
            object_ = frame.module.imports.use("builtins", "object")
            lines.append(Line(f"{variable}: {object_} = None"))
            code = Code(variable, before=(*code.before, Line(f"{variable} = {code.text}")))
        elif unstable:
            code = frame.spill(code, "value")
        inner += code.before
        settled.append(replace(code, before=()))
    if guards and inner:
        inner = [Line(f"if {guards[0]}:"), *body_of(inner)]
    settled = settled if select.values else settled[1:]
    return [*lines, *inner], replace(select.filled(settled), guards=guards, before=())
