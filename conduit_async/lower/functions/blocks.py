"""Lowering of statements, and of expressions whose value goes somewhere, by rules for each kind."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from ... import ast
from ...python.code import NONE, Code, Line, body_of
from ..expressions.dispatch import lower, nil_after_call
from ..expressions.snapshots import record_form_of
from ..python.typing import DYNAMIC, type_of, unchecked
from .destination import NOWHERE, Destination
from .function_builder import FunctionBuilder

Rule: TypeAlias = Callable[[FunctionBuilder, Any, Destination], list[Line]]

_RULES: dict[type[ast.Node], Rule] = {}


def rule(kind: type[ast.Node]) -> Callable[[Rule], Rule]:
    """Register the rule for a kind of statement, or of expression that needs statements."""

    def register(function: Rule) -> Rule:
        _RULES[kind] = function
        return function

    return register


def block(fn: FunctionBuilder, node: ast.Block, dest: Destination = NOWHERE) -> list[Line]:
    """A block's statements; its last expression goes to `dest`."""
    lines: list[Line] = []
    statements = list(node.statements)
    for index, statement in enumerate(statements):
        is_last = index == len(statements) - 1
        if isinstance(statement, ast.ExprStatement):
            found = value(fn, statement.value, dest if is_last else NOWHERE)
        else:
            found = _RULES[type(statement)](fn, statement, dest if is_last else NOWHERE)
        lines += [line if line.span else replace(line, span=statement.span) for line in found]
        if isinstance(statement, ast.Return | ast.Raise):
            return lines
    if dest.kind != "nowhere" and not (statements and _gives(statements[-1])):
        lines += dest.put(NONE)
    return lines


def _gives(statement: ast.Statement) -> bool:
    """Whether a statement at the end of a block puts its value in place by itself."""
    return isinstance(statement, ast.ExprStatement | ast.Return | ast.Raise | ast.If)


def value(fn: FunctionBuilder, node: ast.Expr, dest: Destination) -> list[Line]:
    """An expression, and where its value goes."""
    if isinstance(node, ast.Match | ast.Rescue):
        return _RULES[type(node)](fn, node, dest)
    code = lower(
        fn,
        node,
        record=record_form_of(dest.expected),
        composed=dest.composed,
        expected=dest.expected,
        name=dest.name if dest.first else None,
        chain=dest.kind == "nowhere",
    )
    if code.guards:
        inner = dest.put(replace(code, guards=()))
        found = [Line(f"if {' and '.join(code.guards)}:"), *body_of(inner)] if inner else []
        return [*code.before, *found]
    if code.before and code.text == dest.name:
        return list(code.before)
    if dest.unchecked:
        code = unchecked(fn, code, always=not code.is_constant)
    if dest.kind != "nowhere":
        code = nil_after_call(fn, node, code)
    if dest.kind == "return" and (
        _hides_its_type(fn, node, dest) or code.text.startswith(("enum_value(", 'cast("Any"'))
    ):
        code = _annotated(fn, code, dest)
    return [*code.before, *dest.put(code)]


def _hides_its_type(fn: FunctionBuilder, node: ast.Expr, dest: Destination) -> bool:
    """Whether nothing is known of what is returned, although the function says what it gives."""
    unknown = type_of(fn, node) in DYNAMIC and not isinstance(node, ast.Nil)
    return unknown and dest.expected not in (None, *DYNAMIC)


def _annotated(fn: FunctionBuilder, code: Code, dest: Destination) -> Code:
    assert dest.expected is not None
    name = fn.fresh("result")
    line = Line(f"{name}: {fn.module.annotation(dest.expected)} = {code.text}")
    return Code(name, before=(*code.before, line))
