"""What stands left of a dot: a `?.` there guards all that follows."""

import re
from dataclasses import replace

from ... import ast
from ...python.code import NONE, Code, Line, assign, body_of
from ...types import optional
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import DYNAMIC, as_any, may_be_nil, type_of
from .dispatch import Lowering, Operand
from .snapshots import RecordForm

_ASSIGNED = re.compile(r"^\((\w+) := .*\)(?= is not None$)", re.DOTALL)


def target(fn: FunctionBuilder, node: ast.Member, record: RecordForm = "either") -> Lowering:
    """What is left of the dot; its guards hold for the whole chain."""
    code = yield Operand(node.target, chain=True, maybe=node.safe, record=record)
    if not node.safe:
        return code
    certain = code.guards or not is_safe(node.target)
    certain = certain and node.target not in fn.module.facts.narrowed
    if certain and not may_be_nil(fn, node.target):
        return code
    inner = replace(code, guards=()) if code.guards else as_any(fn, node.target, code)
    if inner.repeatable:
        condition, again = f"{inner.text} is not None", inner
    elif fn.lazy or code.guards:
        name = fn.fresh(variable_for(node.target))
        condition, again = f"({name} := {inner.text}) is not None", Code(name)
    else:
        hoisted = fn.hoist(inner, variable_for(node.target))
        return replace(hoisted, guards=(f"{hoisted.text} is not None",))
    guards = (*code.guards, condition)
    return replace(again, before=code.before, depth=code.depth, effect=code.effect, guards=guards)


def is_safe(node: ast.Expr) -> bool:
    """Whether there is a `?.` in a chain, at which it may end."""
    while isinstance(node, ast.Member | ast.Index | ast.Call) and not node.closed:
        if isinstance(node, ast.Member) and node.safe:
            return True
        node = node.callee if isinstance(node, ast.Call) else node.target
    return False


def is_safe_step(node: ast.Expr) -> bool:
    """Whether what an operation continues stands left of a `?.`."""
    callee = node.callee if isinstance(node, ast.Call) else node
    return isinstance(callee, ast.Member) and callee.safe


def under(guards: tuple[str, ...], code: Code) -> list[Line]:
    """A call that is a statement of its own, if the guards hold."""
    body = [*code.before, Line(code.text)]
    return [Line(f"if {' and '.join(guards)}:"), *body_of(body)]


def guarded(
    fn: FunctionBuilder,
    node: ast.Expr,
    guards: tuple[str, ...],
    before: tuple[Line, ...],
    code: Code,
) -> Code:
    """A value that there is under guards only, and with it what has to run before it.

    `before` are the statements that the guards themselves need.
    """
    if not guards:
        return replace(code, before=(*before, *code.before))
    if not code.before:
        return replace(code, before=before, guards=guards)
    name, kind = fn.fresh(variable_for(node)), optional(type_of(fn, node))
    first = assign(name, NONE, fn.module.annotation(kind))
    condition = Line(f"if {' and '.join(guards)}:", effect=code.effect)
    lines = (*before, *first, condition, *body_of(assign(name, code)))
    if kind in DYNAMIC:
        return Code(name, before=lines, guards=tuple(_ASSIGNED.sub(r"\1", g) for g in guards))
    return Code(name, before=lines, guards=(f"{name} is not None",))


def repeatable_target(fn: FunctionBuilder, node: ast.Member) -> Lowering:
    """What is left of the dot, in a form that can be written several times."""
    code = yield from target(fn, node)
    if code.repeatable:
        return code
    first, again = fn.twice(replace(code, guards=()), variable_for(node.target))
    return replace(again, before=first.before, guards=code.guards)
