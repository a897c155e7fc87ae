"""`match` as a statement: with Python's patterns if they compare as Conduit does."""

from contextlib import ExitStack
from dataclasses import replace

from ... import ast
from ...python import literals
from ...python.code import NONE, Code, Effect, Line, Precedence, combine, compound
from ...types import ANY, BOOL, FLOAT, INT, JSON, STRING, Enum, is_nullable, required
from ..functions.blocks import block, rule
from ..functions.destination import Destination
from ..functions.function_builder import FunctionBuilder
from ..python.branching import chain
from ..python.typing import type_of
from .choices import of_arms
from .comparisons import equals, within
from .dispatch import lower


@rule(ast.Match)
def match(fn: FunctionBuilder, node: ast.Match, dest: Destination) -> list[Line]:
    """`match e { … }`."""
    chosen = fn.chosen.get(node)
    subject = lower(fn, node.subject) if chosen is None else Code(fn.names.local(chosen))
    literal = all(_is_literal(fn, node, pattern) for arm in node.arms for pattern in arm.patterns)
    if not literal and not subject.repeatable:
        subject = fn.hoist(subject, node.subject)
    before = [*subject.before, *dest.declared]
    lower_arms = _by_pattern if literal else _by_condition
    arms = lower_arms(fn, node, replace(subject, before=()), of_arms(fn, node, dest))
    return [*before, *arms]


def _is_literal(fn: FunctionBuilder, node: ast.Match, pattern: ast.Pattern) -> bool:
    """Whether Python's `case` compares as Conduit does."""
    kind = required(type_of(fn, node.subject))
    match pattern:
        case ast.Wildcard() | ast.Nil() | ast.Bool() | ast.Symbol():
            return True
        case ast.String(value=str()):
            return kind in (STRING, ANY, JSON) or isinstance(kind, Enum)
        case ast.Int() | ast.Float() | ast.Unary(operand=ast.Int() | ast.Float()):
            return kind in (INT, FLOAT)
    return False


def _by_pattern(
    fn: FunctionBuilder, node: ast.Match, subject: Code, dest: Destination
) -> list[Line]:
    cases: list[tuple[str, list[Line]]] = []
    is_complete = not fn.module.facts.unmatched[node]
    last = _completing(fn, node) if is_complete else None
    for arm in node.arms:
        texts = ["_" if isinstance(p, ast.Wildcard) else lower(fn, p).text for p in arm.patterns]
        with fn.branch():
            body = block(fn, arm.body, dest)
        takes_all = "_" in texts or arm is last
        cases.append(("_" if takes_all else " | ".join(texts), body))
        if takes_all:
            break
    else:
        otherwise = _otherwise(fn, node, dest)
        cases += [("_", otherwise)] if otherwise or not is_complete else []
    lines = [compound(f"case {pattern}:", body, Effect.NONE) for pattern, body in cases]
    return [compound(f"match {subject.text}:", lines, subject.effect)]


def _completing(fn: FunctionBuilder, node: ast.Match) -> ast.Arm | None:
    """Return the arm of a bool's last value; None for an enum, which may get new values."""
    kind = type_of(fn, node.subject)
    if required(kind) != BOOL:
        return None
    left = {True, False, *([None] if is_nullable(kind) else [])}
    for arm in node.arms:
        left -= {pattern.value for pattern in arm.patterns if isinstance(pattern, ast.Bool)}
        left -= {None for pattern in arm.patterns if isinstance(pattern, ast.Nil)}
        if not left:
            return arm
    return None


def _otherwise(fn: FunctionBuilder, node: ast.Match, dest: Destination) -> list[Line]:
    """Return the case without a matching arm; if the arms name all values, a new value."""
    if dest.kind == "nowhere":
        return []
    if fn.module.facts.unmatched[node]:
        return dest.put(NONE)
    error = fn.module.imports.runtime("ConduitError")
    message = literals.quoted(f"no arm matches the value of {node.subject.span.in_one_line}")
    return [Line(f"raise {error}({message})", effect=Effect.FAILS)]


def _by_condition(
    fn: FunctionBuilder, node: ast.Match, subject: Code, dest: Destination
) -> list[Line]:
    arms: list[tuple[Code, list[Line]]] = []
    with ExitStack() as rest:
        for arm in node.arms:
            patterns = [each for each in arm.patterns if not isinstance(each, ast.Wildcard)]
            tests = [_test(fn, node, subject, pattern) for pattern in patterns]
            with fn.branch():
                body = block(fn, arm.body, dest)
            if len(tests) < len(arm.patterns):
                otherwise = body
                break
            text = " or ".join(test.at(Precedence.NOT) for test in tests)
            arms.append((combine(text, Precedence.OR, tests) if tests[1:] else tests[0], body))
            rest.enter_context(fn.branch())  # later patterns are tested only if this one fails
        else:
            otherwise = _otherwise(fn, node, dest)
    return chain(arms, otherwise)


def _test(fn: FunctionBuilder, node: ast.Match, subject: Code, pattern: ast.Expr) -> Code:
    kind = type_of(fn, node.subject)
    if isinstance(pattern, ast.Binary) and pattern.operator in ("..", "..."):
        low, high = lower(fn, pattern.left), lower(fn, pattern.right)
        kinds = required(kind), type_of(fn, pattern)
        test = within(fn, subject, kinds, low, high, pattern.operator)
        if kinds[0] == kind or test.precedence != Precedence.COMPARISON:
            return within(fn, subject, (kind, kinds[1]), low, high, pattern.operator)
        text = f"{subject.at(Precedence.SUM)} is not None and {test.text}"  # for type checkers
        return combine(text, Precedence.AND, [test])
    code = lower(fn, pattern)
    return equals(fn, subject, kind, code, type_of(fn, pattern))
