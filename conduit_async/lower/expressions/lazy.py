"""Operators that may leave an operand unevaluated: `and`, `or`, `??` and the ternary."""

from dataclasses import replace
from functools import partial

from ... import ast
from ...program import LibraryCall
from ...python.code import (
    NONE,
    Code,
    Effect,
    Line,
    Precedence,
    assign,
    combine,
    compare,
    if_,
    negate,
)
from ...types import DECIMAL, FLOAT, Enum, Type, innermost, optional, required
from ..functions.function_builder import FunctionBuilder
from ..python.branching import chain
from ..python.typing import (
    holds_any,
    may_be_nil,
    of_common_type,
    shows_values,
    type_of,
    typed_empty,
    unchecked,
)
from .coercion import is_lost
from .dispatch import Lowering, Operand, rule, second_test, test_of, truth, under_guards
from .snapshots import record_form_of

MAX_TERNARIES = 25
"""Longer chains of ternaries become statements, since each ternary nests in the previous one."""


def lazy(fn: FunctionBuilder, node: ast.Binary, operand: Operand) -> Lowering:
    """`a && b`, `a || b`."""
    kind = type_of(fn, node)
    is_number = required(kind) in (DECIMAL, FLOAT) and not operand.tested
    side = partial(
        Operand,
        expected=optional(kind) if is_number else None,
        record=record_form_of(kind),
        tested=operand.tested,
    )
    left = yield side(node.left, allows_nil=True)
    if left.text in ("True", "False", "None"):  # type checkers do not look at what never runs
        if (left.text == "True") != (node.operator == "and"):
            return left
        right = yield side(node.right)
        return replace(right, before=(*left.before, *right.before))
    with fn.branch():
        right = yield side(node.right, lazy=True)
    if right.before:
        return _as_statements(fn, node, left, right)
    if operand.tested:
        left = left if left.items is None else truth(fn, left)
        right = second_test(fn, node.right, right, required(type_of(fn, node.left)))
    else:
        left = of_common_type(fn, node.left, left, kind)
        right = of_common_type(fn, node.right, right, kind)
        right = unchecked(fn, right) if holds_any(kind) else right
    precedence = Precedence.AND if node.operator == "and" else Precedence.OR
    text = f" {node.operator} ".join([_side(left, precedence), _side(right, precedence)])
    return combine(text, precedence, [left, right])


def coalesce(fn: FunctionBuilder, node: ast.Binary, operand: Operand) -> Lowering:
    """Lower `a ?? b ?? c` to one expression if that is readable, else to a variable."""
    first, *others = _alternatives(fn, node)
    wanted = type_of(fn, node)
    is_checked = operand.expected is not None and is_lost(wanted, operand.expected)
    alternative = _alternative(optional(wanted), operand)
    left = yield alternative(first, allows_nil=True)
    while others and replace(left, before=()) == NONE:  # a call without a result
        first, before = others.pop(0), left.before
        left = yield alternative(first, allows_nil=bool(others))
        left = replace(left, before=(*before, *left.before))
    if not others:
        return typed_empty(fn, left)
    if fn.lazy or (len(others) == 1 and left.repeatable):
        for other in others:
            tested, again = fn.reusable(left, first)
            with fn.branch():
                right = yield alternative(other, lazy=True)
            if right.before:
                left = _as_statements(fn, node, left, right)
                continue
            condition = f"{tested.at(Precedence.SUM)} is not None"
            text = f"{again.at(Precedence.OR)} if {condition} else {right.at(Precedence.TERNARY)}"
            left = combine(text, Precedence.TERNARY, [tested, right])
        return left
    kinds = {required(type_of(fn, each)) for each in (first, *others)}
    name = (not is_checked and operand.name) or fn.names.fresh(first)
    is_mixed = len(kinds) > 1 or holds_any(wanted) or shows_values(fn, first)
    mixed = fn.module.annotation(optional(wanted)) if is_mixed else ""
    lines = assign(name, left, mixed)
    for other in others:
        with fn.branch():
            right = yield alternative(other)
        lines.append(if_(compare(Code(name), "is", NONE), assign(name, right)))
    return Code(name, before=tuple(lines))


def _wanted(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Type:
    """Return the type that each alternative needs: the expected one if its own is not known."""
    kind, expected = type_of(fn, node), operand.expected
    return expected if expected is not None and is_lost(kind, expected) else kind


def _alternative(wanted: Type, operand: Operand) -> "partial[Operand]":
    """Return a maker of operands that may be the result of an operator of type `wanted`."""
    record = record_form_of(wanted)
    return partial(Operand, expected=wanted, record=record, composed=operand.composed)


def _alternatives(fn: FunctionBuilder, node: ast.Binary) -> list[ast.Expr]:
    """Return a `??` chain's operands up to the first that is never nil, without literal nils."""
    found: list[ast.Expr] = [node.right]
    left = node.left
    while isinstance(left, ast.Binary) and left.operator == "??":
        found.append(left.right)
        left = left.left
    found = [left, *reversed(found)]
    found = [*(each for each in found[:-1] if not isinstance(each, ast.Nil)), found[-1]]
    for index, each in enumerate(found):
        if not may_be_nil(fn, each):
            return found[: index + 1]
    return found


def _side(code: Code, precedence: Precedence) -> str:
    """Return an operand's text; an `and` inside an `or` gets parentheses for readability."""
    if precedence == Precedence.OR and code.precedence == Precedence.AND:
        return f"({code.text})"
    return code.at(precedence)


def _as_statements(fn: FunctionBuilder, node: ast.Binary, left: Code, right: Code) -> Code:
    """Lower a lazy operator whose right side needs statements."""
    name, kind = fn.names.fresh(node.left), type_of(fn, node)
    kind = optional(kind) if node.operator != "and" and may_be_nil(fn, node.left) else kind
    if isinstance(innermost(kind), Enum) and isinstance(fn.resolved(node.left), LibraryCall):
        left = unchecked(fn, left)  # pyright widens the items of `[x.state for …]` to strings
    known = Code(name)
    tests = {"and": known, "or": negate(known), "??": compare(known, "is", NONE)}
    lines = assign(name, left, fn.module.annotation(kind))
    return Code(name, before=(*lines, if_(tests[node.operator], assign(name, right))))


@rule(ast.Ternary)
def ternary(fn: FunctionBuilder, node: ast.Ternary, operand: Operand) -> Lowering:
    """`a ? b : c`."""
    arms = [node]  # `a ? b : c ? d : e`
    while isinstance(last := arms[-1].otherwise, ast.Ternary):
        arms.append(last)
    wanted = _wanted(fn, node, operand)
    if len(arms) > MAX_TERNARIES:
        return (yield from _long_chain(fn, wanted, arms))
    alternative = _alternative(wanted, operand)
    condition = under_guards(fn, node.condition, (yield test_of(node.condition)))
    with fn.branch():
        then = yield alternative(node.then, lazy=True)
    with fn.branch():
        otherwise = yield alternative(node.otherwise, lazy=True)
    if not then.before and not otherwise.before:
        if condition.is_constant or condition.items is not None:
            condition = truth(fn, condition)  # type checkers would skip the other value
        text = f"{then.at(Precedence.OR)} if {condition.at(Precedence.OR)} else {otherwise.text}"
        return combine(text, Precedence.TERNARY, [condition, then, otherwise])
    name = fn.names.fresh("value")
    declared = Line(f"{name}: {fn.module.annotation(wanted)}", effect=Effect.NONE)
    test = replace(condition, before=())
    chosen = chain([(test, assign(name, then))], assign(name, otherwise))
    return Code(name, before=(*condition.before, declared, *chosen))


def _long_chain(fn: FunctionBuilder, wanted: Type, arms: list[ast.Ternary]) -> Lowering:
    """Lower a chain of ternaries to `if … elif … else`."""
    name = fn.names.fresh("value")
    place = record_form_of(wanted)
    found: list[tuple[Code, list[Line]]] = []
    with fn.branch():
        for arm in arms:
            condition = under_guards(fn, arm.condition, (yield test_of(arm.condition)))
            then = yield Operand(arm.then, expected=wanted, record=place)
            found.append((condition, assign(name, then)))
        last = yield Operand(arms[-1].otherwise, expected=wanted, record=place)
    declared = Line(f"{name}: {fn.module.annotation(wanted)}")
    return Code(name, before=(declared, *chain(found, assign(name, last))))
