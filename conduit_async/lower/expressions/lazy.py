"""Operators that may leave an operand unevaluated: `and`, `or`, `??` and the ternary."""

from ... import ast
from ...types import optional, required
from ..functions.function_builder import Frame, variable_for
from ..functions.statements import after_loop
from ..python.code import Code, Effect, Line, Strength, assign, body_of, made_of
from ..python.literals import told
from ..python.typing import is_loose, may_be_nil, of_common_type, type_of, untold
from .dispatch import Lowering, Operand, rule
from .snapshots import place_of

LONGEST_CHAIN = 25
"""Longer chains of ternaries become statements, since each nests in the one before it."""


def lazy(frame: Frame, node: ast.Binary) -> Lowering:
    """`a && b`, `a || b`."""
    place = place_of(type_of(frame, node))
    left = yield Operand(node.left, maybe=True, record=place)
    with frame.branch():
        right = yield Operand(node.right, lazy=True, record=place)
    if right.before:
        return _as_statements(frame, node, left, right)
    left = of_common_type(frame, node.left, left, type_of(frame, node))
    right = of_common_type(frame, node.right, right, type_of(frame, node))
    if is_loose(type_of(frame, node)):
        right = untold(frame, right)
    strength = Strength.AND if node.operator == "and" else Strength.OR
    text = f" {node.operator} ".join([_side(left, strength), _side(right, strength)])
    return made_of(text, strength, [left, right])


def coalesce(frame: Frame, node: ast.Binary, wish: Operand) -> Lowering:
    """`a ?? b ?? c`: one expression where that reads well, else a variable, that of the wish."""
    first, *others = _alternatives(frame, node)
    wanted = type_of(frame, node)
    place = place_of(wanted)
    left = yield Operand(first, maybe=True, expected=wanted, record=place, composed=wish.composed)
    if not others:
        return told(left, frame.module.imports)
    if frame.lazy or (len(others) == 1 and left.repeatable):
        for other in others:
            tested, again = frame.twice(left, variable_for(first))
            with frame.branch():
                right = yield Operand(
                    other, lazy=True, expected=wanted, record=place, composed=wish.composed
                )
            if right.before:
                left = _as_statements(frame, node, left, right)
                continue
            condition = f"{tested.at(Strength.SUM)} is not None"
            text = f"{again.at(Strength.OR)} if {condition} else {right.at(Strength.TERNARY)}"
            left = made_of(text, Strength.TERNARY, [tested, right])
        return left
    kinds = {required(type_of(frame, each)) for each in (first, *others)}
    name = wish.name or frame.fresh(variable_for(first))
    is_mixed = len(kinds) > 1 or is_loose(wanted)
    mixed = frame.module.annotation(optional(wanted)) if is_mixed else ""
    lines = assign(name, left, mixed)
    for other in others:
        with frame.branch():
            right = yield Operand(other, expected=wanted, record=place, composed=wish.composed)
        lines.append(Line(f"if {name} is None:", effect=Effect.NONE))
        lines += body_of(assign(name, right))
    return Code(name, before=tuple(lines))


def _alternatives(frame: Frame, node: ast.Binary) -> list[ast.Expr]:
    """The operands of a chain of `??`, up to the first that is never nil, less literal nils."""
    found: list[ast.Expr] = [node.right]
    left = node.left
    while isinstance(left, ast.Binary) and left.operator == "??":
        found.append(left.right)
        left = left.left
    found = [left, *reversed(found)]
    found = [*(each for each in found[:-1] if not isinstance(each, ast.Nil)), found[-1]]
    for index, each in enumerate(found):
        if not may_be_nil(frame, each):
            return found[: index + 1]
    return found


def _side(code: Code, strength: Strength) -> str:
    """An operand; an `and` inside of an `or` is set apart for the reader."""
    if strength == Strength.OR and code.strength == Strength.AND:
        return f"({code.text})"
    return code.at(strength)


def _as_statements(frame: Frame, node: ast.Binary, left: Code, right: Code) -> Code:
    """A lazy operator whose right side needs statements."""
    name, kind = frame.fresh(variable_for(node.left)), type_of(frame, node)
    kind = optional(kind) if node.operator != "and" and may_be_nil(frame, node.left) else kind
    condition = {"and": name, "or": f"not {name}"}.get(node.operator, f"{name} is None")
    lines = [
        *assign(name, left, frame.module.annotation(kind)),
        Line(f"if {condition}:", effect=Effect.NONE),
        *body_of(assign(name, right)),
    ]
    return Code(name, before=tuple(lines))


@rule(ast.Ternary)
def ternary(frame: Frame, node: ast.Ternary, wish: Operand) -> Lowering:
    """`a ? b : c`."""
    arms = _arms(node)
    if len(arms) > LONGEST_CHAIN:
        return (yield from _long_chain(frame, node, arms))
    wanted = type_of(frame, node)
    place = place_of(wanted)
    condition = yield Operand(node.condition, maybe=True)
    with frame.branch():
        then = yield Operand(
            node.then, lazy=True, expected=wanted, record=place, composed=wish.composed
        )
    with frame.branch():
        otherwise = yield Operand(
            node.otherwise, lazy=True, expected=wanted, record=place, composed=wish.composed
        )
    if not then.before and not otherwise.before:
        text = f"{then.at(Strength.OR)} if {condition.at(Strength.OR)} else {otherwise.text}"
        return made_of(text, Strength.TERNARY, [condition, then, otherwise])
    name = frame.fresh("value")
    lines = [
        *condition.before,
        Line(f"{name}: {frame.module.annotation(type_of(frame, node))}", effect=Effect.NONE),
        Line(f"if {condition.text}:", effect=condition.effect),
        *body_of(assign(name, then)),
        Line("else:", effect=Effect.NONE),
        *body_of(assign(name, otherwise)),
    ]
    return Code(name, before=tuple(lines))


def _arms(node: ast.Ternary) -> list[ast.Ternary]:
    """The ternaries that follow one another as `a ? b : c ? d : e`."""
    arms = [node]
    while isinstance(node.otherwise, ast.Ternary):
        node = node.otherwise
        arms.append(node)
    return arms


def _long_chain(frame: Frame, node: ast.Ternary, arms: list[ast.Ternary]) -> Lowering:
    """A flat loop that ends at the first condition which holds."""
    name = frame.fresh("value")
    place = place_of(type_of(frame, node))
    body: list[Line] = []
    with frame.branch(), frame.in_loop():
        for arm in arms:
            condition = yield Operand(arm.condition, maybe=True)
            then = yield Operand(arm.then, record=place)
            chosen = [*then.before, Line(f"{name} = {then.text}"), Line("break")]
            body += [*condition.before, Line(f"if {condition.text}:"), *body_of(chosen)]
        last = yield Operand(arms[-1].otherwise, record=place)
    body += [*last.before, Line(f"{name} = {last.text}"), Line("break")]
    kind = frame.module.annotation(type_of(frame, node))
    lines = [Line(f"{name}: {kind}"), Line("while True:"), *body_of(body), *after_loop(frame, node)]
    return Code(name, before=tuple(lines))
