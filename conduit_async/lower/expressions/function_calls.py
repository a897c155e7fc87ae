"""Calls of the functions of a resource."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import ast
from ...program import FunctionInfo, ParameterInfo
from ...python.code import (
    NO_GUARD,
    NONE,
    Code,
    Effect,
    Form,
    Guard,
    Line,
    Precedence,
    combine,
    holds,
    if_,
)
from ...types import NIL, Record, is_nullable, required
from ..functions.captures import value_in, value_of
from ..functions.function_builder import FunctionBuilder
from ..functions.naming import Hint
from ..python.order import in_positions, source_order
from ..python.typing import DYNAMIC, as_any, type_of
from . import chains
from .dispatch import Lowering, Operand

_READING = Effect.READS | Effect.FAILS


def function_call(
    fn: FunctionBuilder,
    node: ast.Expr,
    function: FunctionInfo,
    arguments: tuple[ast.Expr | None, ...],
) -> Lowering:
    """Call a `@function` or `@computed` with the values that it reads and its arguments."""
    member = node.callee if isinstance(node, ast.Call) else node
    resource, guard = fn.resource, NO_GUARD
    if isinstance(member, ast.Member) and not isinstance(member.target, ast.SelfRef):
        target = yield from chains.target(fn, member)
        if not target.repeatable:
            first, again = fn.reusable(replace(target, guards=()), member.target)
            target = replace(again, before=first.before, guards=target.guards)
        kind = required(type_of(fn, member.target))
        assert isinstance(kind, Record)
        resource = fn.module.program.resources[kind.resource]
        given = [value_in(fn, c, target.text, resource.name) for c in function.reads]
        if given and not target.guards:
            given[0] = replace(given[0], before=target.before)
        else:
            guard = Guard(target.guards, target.before)
    else:
        given = [value_of(fn, capture) for capture in function.reads]
    slots = list(_slots(function, arguments))
    positions = [
        *range(len(given)),
        *(len(given) + each for each in source_order([slot.node for slot in slots])),
    ]
    parts = list(given)
    hints: list[Hint] = [capture.python for capture in function.reads]
    for slot in [slots[each - len(given)] for each in positions[len(given) :]]:
        code = slot.code
        if code is None:
            code = yield Operand(
                slot.node, expected=slot.parameter.type, lazy=bool(guard.conditions)
            )
            is_literal = isinstance(slot.node, ast.ArrayLiteral | ast.HashLiteral)
            code = code if is_literal else as_any(fn, slot.node, code)
        parts.append(code)
        hints.append(slot.node)
    parts = fn.in_order(parts, hints, positions)
    names = [None] * len(given) + [slot.name for slot in slots]
    texts = [
        part.text if name is None else f"{name}={part.text}"
        for name, part in zip(names, in_positions(parts, positions), strict=True)
    ]
    variant = fn.module.variant(function, resource, fn.place)
    name = fn.module.variants[variant]
    if variant.place == "function":
        code = combine(f"{name}({', '.join(texts)})", Precedence.PRIMARY, parts, _READING)
        return chains.guarded(fn, node, guard, code)
    code = fn.through_handle(f"{name}({', '.join([fn.handle, *texts])})", parts, Form.PLAIN)
    if guard.conditions and function.result == NIL:
        called = if_(holds(guard.conditions), [*code.before, Line(code.text)])
        return replace(NONE, before=(*guard.before, called))
    return chains.guarded(fn, node, guard, code)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A written argument of a parameter, by `name` if an earlier parameter is left out.

    `code` is set if the function evaluates the default: it marks a missing argument.
    """

    parameter: ParameterInfo
    node: ast.Expr
    name: str | None
    code: Code | None = None


def _slots(function: FunctionInfo, arguments: tuple[ast.Expr | None, ...]) -> Iterator[_Slot]:
    named, constant = False, defaults(function)
    for parameter, argument in zip(function.parameters, arguments, strict=True):
        name = parameter.python if named else None
        if argument is not None:
            yield _Slot(parameter, argument, name)
        elif parameter in constant:
            named = True
        elif parameter.default is not None:
            inside = Code("..." if takes_nil(parameter) else "None")
            own = inside if is_evaluated_inside(parameter) else None
            yield _Slot(parameter, parameter.default, name, own)


def defaults(function: FunctionInfo) -> list[ParameterInfo]:
    """Return the trailing parameters that a Python call may leave out."""
    found: list[ParameterInfo] = []
    for parameter in reversed(function.parameters):
        if not (is_evaluated_inside(parameter) or _is_constant(parameter.default)):
            break
        found.append(parameter)
    return found


def is_evaluated_inside(parameter: ParameterInfo) -> bool:
    """Whether a default is not a constant, so that the function itself evaluates it."""
    return parameter.default is not None and not _is_constant(parameter.default)


def takes_nil(parameter: ParameterInfo) -> bool:
    """Whether an argument may be nil, so that nil cannot mark a missing argument."""
    return is_nullable(parameter.type) or parameter.type in DYNAMIC


def _is_constant(node: ast.Expr | None) -> bool:
    """Whether a default can be part of a Python signature."""
    simple = isinstance(node, ast.Nil | ast.Bool | ast.Int | ast.Float | ast.Symbol)
    return simple or (isinstance(node, ast.String) and node.value is not None)
