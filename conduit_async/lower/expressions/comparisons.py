"""Equality and membership: Python's own where they mean the same."""

import re
from dataclasses import replace

from ... import ast
from ...program import Local
from ...python.code import Code, Effect, Precedence, call, combine, compare, negate
from ...types import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    STRING,
    Array,
    Hash,
    Query,
    Range,
    Type,
    is_nullable,
    required,
)
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import DYNAMIC, ORDERED, holds_any, is_dynamic, plainly_comparable, type_of
from .dispatch import Lowering, Operand

_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|\b\d[\w.]*')


def equality(fn: FunctionBuilder, node: ast.Binary) -> Lowering:
    """`a == b`, `a != b`."""
    nil = isinstance(node.left, ast.Nil) or isinstance(node.right, ast.Nil)
    if nil and (guards := _query_guards(fn, node)):
        is_there = Code(
            " and ".join(guards), Precedence.AND if guards[1:] else Precedence.COMPARISON
        )
        if guards[0].endswith(" is not None") and not guards[1:]:
            opposite = guards[0].removesuffix(" is not None")
            is_there = replace(is_there, opposite=f"{opposite} is None")
        return is_there if node.operator == "!=" else negate(is_there)
    left = yield Operand(
        node.left, maybe=nil, chain=isinstance(node.right, ast.Nil), record="either"
    )
    right = yield Operand(node.right, maybe=nil, record="either")
    if left.guards:
        return _chain_and_nil(node, left)
    left, right = fn.in_order([left, right], [variable_for(node.left), variable_for(node.right)])
    equal = equals(fn, left, type_of(fn, node.left), right, type_of(fn, node.right))
    return equal if node.operator == "==" else negate(equal)


def _query_guards(fn: FunctionBuilder, node: ast.Binary) -> tuple[str, ...]:
    """Under what a variable of a query that is compared with nil holds one."""
    for side in (node.left, node.right):
        local = fn.module.facts.resolutions.get(side)
        if isinstance(local, Local) and isinstance(required(local.type), Query):
            if local in fn.locals.composed and is_nullable(local.type):
                return (f"{fn.local(local)} is not None",)
            return fn.queries[local].guards if local in fn.queries else ()
    return ()


def _chain_and_nil(node: ast.Binary, chain: Code) -> Code:
    """`a?.b != nil`: `a is not None and a.b is not None`."""
    inner = replace(chain, guards=())
    conditions = [*chain.guards, f"{inner.at(Precedence.SUM)} is not None"]
    code = combine(" and ".join(conditions), Precedence.AND, [inner])
    return code if node.operator == "!=" else negate(code)


def equals(fn: FunctionBuilder, left: Code, left_type: Type, right: Code, right_type: Type) -> Code:
    """Whether two values are equal, as Conduit has it."""
    if left.is_constant and not right.is_constant:
        left, left_type, right, right_type = right, right_type, left, left_type
    if right.text in ("True", "False") and left_type == BOOL:
        return left if right.text == "True" else negate(left)
    if right.text in ("True", "False") and required(left_type) not in (BOOL, *DYNAMIC):
        return call(fn.module.imports.operator("equal"), [left, right])
    if right.text in ("None", "True", "False"):
        return Code("False") if _is_written(left) else compare(left, "is", right)
    literals = _is_written(left) and _is_written(right)  # type checkers compare those themselves
    if plainly_comparable(left_type, right_type) and not literals:
        return compare(left, "==", right)
    return call(fn.module.imports.operator("equal"), [left, right])


def _is_written(code: Code) -> bool:
    """Whether it is made of literals of numbers and texts alone."""
    return _LITERAL.sub("", code.text).strip("+-*/() ") == ""


def membership(fn: FunctionBuilder, node: ast.Binary) -> Lowering:
    """`x in xs`, `x not_in xs`; in a range it is two comparisons."""
    container = node.right
    left = yield Operand(node.left, record="either")
    if isinstance(container, ast.Binary) and container.operator in ("..", "..."):
        low = yield Operand(container.left)
        high = yield Operand(container.right)
        kinds = type_of(fn, node.left), type_of(fn, container)
        chained = _is_chained(kinds)
        if chained and high.effect.is_observable:  # it is not evaluated in `low <= x <= high` else
            high = fn.hoist(high, "high")
        hints = [variable_for(node.left), "low", "high"]
        left, low, high = fn.in_order([left, low, high], hints, [1, 0, 2] if chained else None)
        found = within(fn, left, kinds, low, high, container.operator)
    else:
        right = yield Operand(container, record="either")
        hints = [variable_for(node.left), variable_for(container)]
        left, right = fn.in_order([left, right], hints)
        kind = type_of(fn, container)
        mixed = isinstance(container, ast.ArrayLiteral) and holds_any(kind)
        if not mixed and _contains_plainly(type_of(fn, node.left), kind):
            found = compare(left, "in", right)
        else:
            effect = Effect.FAILS if is_dynamic(kind) else Effect.NONE
            found = call(fn.module.imports.operator("contains"), [left, right], effect)
    return found if node.operator == "in" else negate(found)


def within(
    fn: FunctionBuilder, value: Code, kinds: tuple[Type, Type], low: Code, high: Code, operator: str
) -> Code:
    """Whether a value lies in a range: `1 <= x <= 5`; what cannot be compared does not.

    `kinds` are the types of the value and of the range.
    """
    if not _is_chained(kinds):
        exclusive = ", exclusive=True" if operator == "..." else ""
        text = f"{fn.module.imports.runtime('Range')}({low.text}, {high.text}{exclusive})"
        container = combine(text, Precedence.PRIMARY, [low, high])
        return call(fn.module.imports.operator("contains"), [value, container])
    last = "<=" if operator == ".." else "<"
    texts = [part.at(Precedence.SUM) for part in (low, value, high)]
    text = f"{texts[0]} <= {texts[1]} {last} {texts[2]}"
    return combine(text, Precedence.COMPARISON, [value, low, high])


def _is_chained(kinds: tuple[Type, Type]) -> bool:
    """Whether a value and a range are of types that Python compares as Conduit does."""
    kind, ends = kinds
    item = ends.item if isinstance(ends, Range) else ANY
    return kind in (*ORDERED, FLOAT) and (item == kind or not {item, kind} - {INT, FLOAT})


def _contains_plainly(item: Type, container: Type) -> bool:
    match container:
        case Array(inner) | Hash(inner, _):
            return plainly_comparable(item, inner) and required(item) == item
        case _:
            return container == item == STRING
