"""`if … elif … else` in a readable layout."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from ...python.code import Code, Effect, Line, Precedence, combine, compound, if_, negate


def chain(arms: Sequence[tuple[Code, list[Line]]], otherwise: list[Line]) -> list[Line]:
    """Build a chain that runs the first body whose condition holds, else `otherwise`."""
    lines = otherwise
    is_one_if = (
        bool(lines)
        and lines[0].word == "if"
        and all(line.word in ("elif", "else") for line in lines[1:])
    )
    for condition, body in reversed(arms):
        branch, is_one_if = _branch(condition, body, lines, is_one_if)
        lines = [*condition.before, *branch]
        is_one_if = is_one_if and not condition.before
    return lines


def _branch(
    condition: Code, body: list[Line], otherwise: list[Line], is_one_if: bool
) -> tuple[list[Line], bool]:
    """The lines, and whether they are one `if`; `is_one_if`: the lines `otherwise` are one."""
    if not body and otherwise:
        condition, body, otherwise = negate(condition), otherwise, []
    first = if_(condition, body)
    if not otherwise:
        return [_merged(condition, body) or first], True
    if body and body[-1].word in ("return", "raise"):  # nothing after it runs
        return [first, *otherwise], False
    test = otherwise[0].test
    waits = test is not None and Effect.WAITS in test.effect
    # Type checkers refuse to await in an `elif` that they know never to be reached.
    if is_one_if and not waits:
        return [first, replace(otherwise[0], text=f"el{otherwise[0].text}"), *otherwise[1:]], True
    return [first, compound("else:", otherwise, Effect.NONE)], True


def _merged(condition: Code, body: list[Line]) -> Line | None:
    """Merge an `if` whose body is a single `if` into one `if` with `and`; None if impossible."""
    inner = body[0].test if len(body) == 1 else None
    literal = ast.List | ast.ListComp | ast.Dict | ast.DictComp
    nodes = ast.walk(ast.parse(inner.text)) if inner is not None else ()
    given = [each.args[0] for each in nodes if isinstance(each, ast.Call) and each.args]
    if inner is None or any(isinstance(each, literal) for each in given):
        return None  # the condition before it would change the literal's type for type checkers
    text = f"{condition.at(Precedence.AND)} and {inner.at(Precedence.AND)}"
    return if_(combine(text, Precedence.AND, [condition, inner]), body[0].block or ())
