"""Lowering of statements, and of expressions whose value goes somewhere, by rules for each kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from ... import ast
from ..expressions.dispatch import lower, without_value
from ..expressions.snapshots import place_of
from ..python.code import NONE, Code, Line, body_of
from ..python.typing import UNKNOWN, type_of, untold
from .destination import NOWHERE, Into
from .function_builder import Frame

Rule: TypeAlias = Callable[[Frame, Any, Into], list[Line]]

_RULES: dict[type[ast.Node], Rule] = {}


def rule(kind: type[ast.Node]) -> Callable[[Rule], Rule]:
    """Register the rule for a kind of statement, or of expression that needs statements."""

    def register(function: Rule) -> Rule:
        _RULES[kind] = function
        return function

    return register


def block(frame: Frame, node: ast.Block, into: Into = NOWHERE) -> list[Line]:
    """A block's statements; its last expression goes `into`."""
    lines: list[Line] = []
    statements = list(node.statements)
    for index, statement in enumerate(statements):
        is_last = index == len(statements) - 1
        if isinstance(statement, ast.ExprStatement):
            found = value(frame, statement.value, into if is_last else NOWHERE)
        else:
            found = _RULES[type(statement)](frame, statement, into if is_last else NOWHERE)
        lines += [line if line.span else replace(line, span=statement.span) for line in found]
        if isinstance(statement, ast.Return | ast.Raise):
            return lines
    if into.kind != "nowhere" and not (statements and _gives(statements[-1])):
        lines += into.put(NONE)
    return lines


def _gives(statement: ast.Statement) -> bool:
    """Whether a statement at the end of a block puts its value in place by itself."""
    return isinstance(statement, ast.ExprStatement | ast.Return | ast.Raise | ast.If)


def value(frame: Frame, node: ast.Expr, into: Into) -> list[Line]:
    """An expression, and where its value goes."""
    if isinstance(node, ast.Match | ast.Rescue):
        return _RULES[type(node)](frame, node, into)
    code = lower(
        frame,
        node,
        record=place_of(into.expected),
        composed=into.composed,
        expected=into.expected,
        name=into.name if into.first else None,
        chain=into.kind == "nowhere",
    )
    if code.guards:
        inner = into.put(replace(code, guards=()))
        found = [Line(f"if {' and '.join(code.guards)}:"), *body_of(inner)] if inner else []
        return [*code.before, *found]
    if code.before and code.text == into.name:
        return list(code.before)
    if into.untold:
        code = untold(frame, code, always=not code.is_constant)
    if into.kind != "nowhere":
        code = without_value(frame, node, code)
    if into.kind == "return" and (
        _hides_its_type(frame, node, into) or code.text.startswith(("enum_value(", 'cast("Any"'))
    ):
        code = _annotated(frame, code, into)
    return [*code.before, *into.put(code)]


def _hides_its_type(frame: Frame, node: ast.Expr, into: Into) -> bool:
    """Whether nothing is known of what is returned, although the function says what it gives."""
    unknown = type_of(frame, node) in UNKNOWN and not isinstance(node, ast.Nil)
    return unknown and into.expected not in (None, *UNKNOWN)


def _annotated(frame: Frame, code: Code, into: Into) -> Code:
    assert into.expected is not None
    name = frame.fresh("result")
    line = Line(f"{name}: {frame.module.annotation(into.expected)} = {code.text}")
    return Code(name, before=(*code.before, line))
