"""Equality and membership: Python's operators where they mean the same as Conduit's."""

from dataclasses import replace

from ... import ast
from ...program import Local
from ...python.code import (
    NONE,
    Code,
    Effect,
    Form,
    NotNil,
    Precedence,
    close,
    combine,
    compare,
    holds,
    negate,
)
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
from ..functions.function_builder import FunctionBuilder
from ..python.typing import (
    DYNAMIC,
    ORDERED,
    bare,
    holds_any,
    is_dynamic,
    joins,
    may_be_nil,
    plainly_comparable,
    type_of,
)
from .dispatch import Lowering, Operand


def equality(fn: FunctionBuilder, node: ast.Binary) -> Lowering:
    """`a == b`, `a != b`."""
    nil = isinstance(node.left, ast.Nil) or isinstance(node.right, ast.Nil)
    if nil and (guards := _query_guards(fn, node)):
        return holds(guards) if node.operator == "!=" else negate(holds(guards))
    swapped = is_nullable(type_of(fn, node.right)) and not may_be_nil(fn, node.left)
    excludes_nil = swapped or not may_be_nil(fn, node.right)
    chained = node.right if swapped else node.left
    opens = excludes_nil or isinstance(node.right, ast.Nil)
    sides = (node.left, node.right)
    codes = []
    for side in sides:
        opened = opens and side is chained
        codes.append((yield Operand(side, allows_nil=nil, chain=opened, record="either")))
    left, right = codes
    if left.guards and not excludes_nil:  # `a?.b != nil`: `a is not None and a.b is not None`
        conditions = [*left.guards, NotNil(left.at(Precedence.SUM))]
        found = combine(holds(conditions).text, Precedence.AND, [left])
        return found if node.operator == "!=" else negate(found)
    kinds = type_of(fn, node.left), type_of(fn, node.right)
    value, other = (right, left) if swapped else (left, right)
    can_skip = not other.before and not other.effect.is_observable
    guards = value.guards if can_skip else ()
    if excludes_nil and not value.guards and _must_show(fn, chained, value, other):
        guards = (NotNil(value.text),)
    later: tuple[NotNil, ...] = ()
    if value.guards:
        if not can_skip and excludes_nil and fn.module.reads_narrowed(chained):
            later = tuple(each.again for each in value.guards)
        value = replace(value, guards=()) if guards else close(value)
        left, right = (other, value) if swapped else (value, other)
    left, right = fn.in_order([left, right], sides)
    shown = any(each in DYNAMIC and joins(side) for each, side in zip(kinds, sides, strict=True))
    if shown or node in fn.module.facts.excluded:  # type checkers may know the result of `==`
        equal = fn.operator("equal", [left, right])
    else:
        equal = equals(fn, left, kinds[0], right, kinds[1])
    if node.operator == "!=":
        equal = negate(equal)
    return _under(guards, equal, later, node.operator)


def _under(
    guards: tuple[NotNil, ...], equal: Code, later: tuple[NotNil, ...], operator: str
) -> Code:
    """Compare only if guards hold: `a is not None and a.b == x`, `a is None or a.b != x`.

    `later` has guards that follow from the comparison, but not to type checkers.
    """
    if not guards and not later:
        return equal
    test, joint, precedence = "is not", " and ", Precedence.AND
    if operator == "!=":
        test, joint, precedence = "is", " or ", Precedence.OR
    before, after = (
        [compare(Code(each.value), test, NONE).text for each in tests] for tests in (guards, later)
    )
    text = joint.join([*before, equal.at(Precedence.NOT), *after])
    return combine(text, precedence, [equal])


def _must_show(fn: FunctionBuilder, node: ast.Expr, value: Code, other: Code) -> bool:
    """Whether later code reads a value as not nil, which `==` shows only with a literal."""
    if not value.repeatable or not is_nullable(type_of(fn, node)):
        return False
    is_shown = other.is_literal and "." not in other.text.partition('"')[0]
    return not is_shown and fn.module.reads_narrowed(node)


def _query_guards(fn: FunctionBuilder, node: ast.Binary) -> tuple[NotNil, ...]:
    """Return the conditions under which a variable that is compared with nil holds a query."""
    for side in (node.left, node.right):
        local = fn.resolved(side)
        if isinstance(local, Local) and isinstance(required(local.type), Query):
            if local in fn.locals.composed and is_nullable(local.type):
                return (NotNil(fn.names.local(local)),)
            return fn.queries[local].guard.conditions if local in fn.queries else ()
    return ()


def equals(fn: FunctionBuilder, left: Code, left_type: Type, right: Code, right_type: Type) -> Code:
    """Compare two values by Conduit's equality."""
    if left.is_constant and not right.is_constant:
        left, left_type, right, right_type = right, right_type, left, left_type
    if right.text in ("True", "False") and left_type == BOOL:
        return left if right.text == "True" else negate(left)
    if right.text in ("True", "False") and required(left_type) not in (BOOL, *DYNAMIC):
        return fn.operator("equal", [left, right])
    if right.text in ("None", "True", "False"):
        return Code("False") if left.form is Form.LITERAL else compare(left, "is", right)
    known = left.form is right.form is Form.LITERAL  # type checkers know the result
    if plainly_comparable(left_type, right_type) and not known:
        return compare(left, "==", right)
    return fn.operator("equal", [left, right])


def membership(fn: FunctionBuilder, node: ast.Binary) -> Lowering:
    """`x in xs`, `x not_in xs`; in a range it is two comparisons."""
    container = node.right
    left = yield Operand(node.left, record="either")
    if isinstance(container, ast.Binary) and container.operator in ("..", "..."):
        low = yield Operand(container.left)
        high = yield Operand(container.right)
        kinds = type_of(fn, node.left), type_of(fn, container)
        chained = _is_chained(kinds)
        if chained and high.effect.is_observable:  # `low <= x <= high` may not evaluate it
            high = fn.hoist(high, "high")
        positions = [1, 0, 2] if chained else None
        left, low, high = fn.in_order([left, low, high], [node.left, "low", "high"], positions)
        found = within(fn, left, kinds, low, high, container.operator)
    else:
        right = yield Operand(container, record="either")
        left, right = fn.in_order([left, right], [node.left, container])
        kind = type_of(fn, container)
        mixed = isinstance(bare(container), ast.ArrayLiteral) and holds_any(kind)
        if not mixed and _contains_plainly(type_of(fn, node.left), kind):
            found = compare(left, "in", right)
        else:
            effect = Effect.FAILS if is_dynamic(kind) else Effect.NONE
            found = fn.operator("contains", [left, right], effect)
    return found if node.operator == "in" else negate(found)


def within(
    fn: FunctionBuilder, value: Code, kinds: tuple[Type, Type], low: Code, high: Code, operator: str
) -> Code:
    """Test whether a value lies in a range, `1 <= x <= 5`; incomparable values do not.

    `kinds` are the types of the value and of the range.
    """
    if not _is_chained(kinds):
        return fn.operator("contains", [value, range_(fn, low, high, operator)])
    last = "<=" if operator == ".." else "<"
    texts = [part.at(Precedence.SUM) for part in (low, value, high)]
    text = f"{texts[0]} <= {texts[1]} {last} {texts[2]}"
    return combine(text, Precedence.COMPARISON, [value, low, high])


def range_(fn: FunctionBuilder, low: Code, high: Code, operator: str) -> Code:
    """Build a range as a value: `low..high`, `low...high`."""
    exclusive = ", exclusive=True" if operator == "..." else ""
    text = f"{fn.module.imports.runtime('Range')}({low.text}, {high.text}{exclusive})"
    return combine(text, Precedence.PRIMARY, [low, high])


def _is_chained(kinds: tuple[Type, Type]) -> bool:
    """Whether Python compares these types of a value and a range as Conduit does."""
    kind, ends = kinds
    item = ends.item if isinstance(ends, Range) else ANY
    return kind in (*ORDERED, FLOAT) and (item == kind or not {item, kind} - {INT, FLOAT})


def _contains_plainly(item: Type, container: Type) -> bool:
    match container:
        case Array(inner) | Hash(inner, _):
            return plainly_comparable(item, inner) and required(item) == item
        case _:
            return container == item == STRING
