"""The target left of a dot: a `?.` guards the whole rest of the chain."""

from dataclasses import replace

from ... import ast
from ...python.code import NONE, Code, Guard, NotNil, assign, holds, if_
from ...types import optional
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, as_any, may_be_nil, type_of
from .dispatch import Lowering, Operand
from .snapshots import RecordForm


def target(fn: FunctionBuilder, node: ast.Member, record: RecordForm = "either") -> Lowering:
    """Lower the target left of a dot; its guards hold for the whole chain."""
    code = yield Operand(node.target, chain=True, allows_nil=node.safe, record=record)
    if not node.safe:
        return code
    certain = code.guards or not _may_end(fn, node.target)
    if certain and not may_be_nil(fn, node.target):
        is_known = node.target not in fn.module.facts.narrowed or not code.repeatable
        return code if is_known else fn.unwrap(code, node.target)
    inner = replace(code, guards=()) if code.guards else as_any(fn, node.target, code)
    if inner.repeatable:
        condition, again = NotNil(inner.text), inner
    elif fn.lazy or code.guards:
        again = Code(fn.names.fresh(node.target))
        condition = NotNil(f"({again.text} := {inner.text})", again.text)
    else:
        hoisted = fn.hoist(inner, node.target)
        return replace(hoisted, guards=(NotNil(hoisted.text),))
    guards = (*code.guards, condition)
    return replace(again, before=code.before, depth=code.depth, effect=code.effect, guards=guards)


def receiver(
    fn: FunctionBuilder, node: ast.Expr, owner: ast.Expr, record: RecordForm = "either"
) -> Lowering:
    """Lower an operation's receiver: an argument, or the target of its dot, with its guards."""
    callee = node.callee if isinstance(node, ast.Call) else node
    if isinstance(callee, ast.Member) and callee.target is owner:
        return (yield from target(fn, callee, record))
    return (yield Operand(owner))


def is_safe_step(node: ast.Expr) -> bool:
    """Whether a `?.` precedes the name of an operation."""
    callee = node.callee if isinstance(node, ast.Call) else node
    return isinstance(callee, ast.Member) and callee.safe


def _may_end(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether a chain may end at a `?.` in it, since the value before it may be nil."""
    while isinstance(node, ast.Member | ast.Index | ast.Call) and not node.closed:
        if isinstance(node, ast.Member) and node.safe and may_be_nil(fn, node.target):
            return True
        node = node.callee if isinstance(node, ast.Call) else node.target
    return False


def guarded(fn: FunctionBuilder, node: ast.Expr, guard: Guard, code: Code) -> Code:
    """Return a value that exists only under a guard, with the statements that it needs."""
    if not guard.conditions:
        return replace(code, before=(*guard.before, *code.before))
    if not code.before:
        return replace(code, before=guard.before, guards=guard.conditions)
    name, kind = fn.names.fresh(node), optional(type_of(fn, node))
    first = assign(name, NONE, fn.module.annotation(kind))
    lines = (*guard.before, *first, if_(holds(guard.conditions), assign(name, code)))
    known = tuple(each.again for each in guard.conditions)
    return Code(name, before=lines, guards=known if kind in DYNAMIC else (NotNil(name),))
