"""Operators that may leave an operand unevaluated: `and`, `or`, `??` and the ternary."""

from .. import ast
from ..types import NIL, Optional
from .code import Code, Line, Strength, body_of, made_of
from .drive import Lowering, Operand, rule
from .frame import Frame, variable_for
from .typing import UNKNOWN, type_of

LONGEST_CHAIN = 25
"""Longer chains of ternaries become statements, since each nests in the one before it."""


def lazy(frame: Frame, node: ast.Binary) -> Lowering:
    """`a && b`, `a || b`, `a ?? b`."""
    left = yield Operand(node.left, maybe=True)
    hint = variable_for(node.left)
    first = again = left
    if node.operator == "??":
        kind = type_of(frame, node.left)
        if left.text == "None":
            return (yield Operand(node.right))
        if not isinstance(kind, Optional) and kind not in (*UNKNOWN, NIL):
            return left
        first, again = frame.twice(left, hint)
    with frame.branch():
        right = yield Operand(node.right, lazy=True)
    if right.before:
        return _as_statements(frame, node, left, right)
    if node.operator == "??":
        condition = f"{first.at(Strength.SUM)} is not None"
        text = f"{again.at(Strength.OR)} if {condition} else {right.at(Strength.TERNARY)}"
        return made_of(text, Strength.TERNARY, [first, right])
    strength = Strength.AND if node.operator == "and" else Strength.OR
    sides = [_side(left, strength), _side(right, strength)]
    text = f" {node.operator} ".join(sides)
    return made_of(text, strength, [left, right])


def _side(code: Code, strength: Strength) -> str:
    """An operand; an `and` inside of an `or` is set apart for the reader."""
    if strength == Strength.OR and code.strength == Strength.AND:
        return f"({code.text})"
    return code.at(strength)


def _as_statements(frame: Frame, node: ast.Binary, left: Code, right: Code) -> Code:
    """A lazy operator whose right side needs statements."""
    name = frame.fresh(variable_for(node.left))
    condition = {"and": name, "or": f"not {name}", "??": f"{name} is None"}[node.operator]
    lines = [
        *left.before,
        Line(f"{name}: {frame.module.annotation(type_of(frame, node))} = {left.text}"),
        Line(f"if {condition}:"),
        *body_of([*right.before, Line(f"{name} = {right.text}")]),
    ]
    return Code(name, before=tuple(lines))


@rule(ast.Ternary)
def ternary(frame: Frame, node: ast.Ternary, wish: Operand) -> Lowering:
    """`a ? b : c`."""
    arms = _arms(node)
    if len(arms) > LONGEST_CHAIN:
        return (yield from _long_chain(frame, node, arms))
    condition = yield Operand(node.condition, maybe=True)
    with frame.branch():
        then = yield Operand(node.then, lazy=True)
    with frame.branch():
        otherwise = yield Operand(node.otherwise, lazy=True)
    if not then.before and not otherwise.before:
        text = f"{then.at(Strength.OR)} if {condition.at(Strength.OR)} else {otherwise.text}"
        return made_of(text, Strength.TERNARY, [condition, then, otherwise])
    name = frame.fresh("value")
    lines = [
        *condition.before,
        Line(f"{name}: {frame.module.annotation(type_of(frame, node))}"),
        Line(f"if {condition.text}:"),
        *body_of([*then.before, Line(f"{name} = {then.text}")]),
        Line("else:"),
        *body_of([*otherwise.before, Line(f"{name} = {otherwise.text}")]),
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
    body: list[Line] = []
    with frame.branch():
        for arm in arms:
            condition = yield Operand(arm.condition, maybe=True)
            then = yield Operand(arm.then)
            chosen = [*then.before, Line(f"{name} = {then.text}"), Line("break")]
            body += [*condition.before, Line(f"if {condition.text}:"), *body_of(chosen)]
        last = yield Operand(arms[-1].otherwise)
    body += [*last.before, Line(f"{name} = {last.text}"), Line("break")]
    kind = frame.module.annotation(type_of(frame, node))
    lines = [Line(f"{name}: {kind}"), Line("while True:"), *body_of(body)]
    return Code(name, before=tuple(lines))
