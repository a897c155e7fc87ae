"""`if … elif … else`, as a person would lay it out."""

from collections.abc import Sequence
from dataclasses import replace

from ...python.code import Code, Effect, Line, Precedence, body_of, negate

LONGEST = 100
"""From here on a chain is a flat loop, since each `elif` nests in the one before it."""


def is_loop(count: int) -> bool:
    """Whether a chain of so many arms is a loop, which a `break` in them would leave."""
    return count > LONGEST


def chain(arms: Sequence[tuple[Code, list[Line]]], otherwise: list[Line]) -> list[Line]:
    """The first body whose condition holds, else `otherwise`."""
    if is_loop(len(arms)):
        return _loop(arms, otherwise)
    lines = otherwise
    for condition, body in reversed(arms):
        lines = [*condition.before, *_branch(condition, body, lines)]
    return lines


def _loop(arms: Sequence[tuple[Code, list[Line]]], otherwise: list[Line]) -> list[Line]:
    lines: list[Line] = []
    for condition, body in arms:
        ends = body if _leaves(body) else [*body, Line("break")]
        lines += [*condition.before, Line(f"if {condition.text}:"), *body_of(ends)]
    lines += otherwise if _leaves(otherwise) else [*otherwise, Line("break")]
    return [Line("while True:"), *body_of(lines)]


def _branch(condition: Code, body: list[Line], otherwise: list[Line]) -> list[Line]:
    if not body and otherwise:
        condition, body, otherwise = negate(condition), otherwise, []
    merged = _merged(condition, body) if not otherwise else None
    if merged is not None:
        return merged
    lines = [Line(f"if {condition.text}:", effect=condition.effect), *body_of(body)]
    if not otherwise:
        return lines
    if _leaves(body):
        return [*lines, *otherwise]
    if _is_one_if(otherwise):
        return [*lines, replace(otherwise[0], text=f"el{otherwise[0].text}"), *otherwise[1:]]
    return [*lines, Line("else:", effect=Effect.NONE), *body_of(otherwise)]


def _is_one_if(lines: list[Line]) -> bool:
    heads = [line.text for line in lines if line.indent == 0]
    return heads[0].startswith("if ") and all(
        head.startswith(("elif ", "else:")) for head in heads[1:]
    )


def _merged(condition: Code, body: list[Line]) -> list[Line] | None:
    """An `if` whose body is one `if` alone, as one `if` with `and`."""
    if not body or body[0].indent or not body[0].text.startswith("if "):
        return None
    if any(line.indent == 0 for line in body[1:]):
        return None
    inner = body[0].text[3:-1]
    if "({" in inner or "([" in inner:  # type checkers would read the literal by what is before it
        return None
    loose = any(word in inner for word in (" or ", " if ", ":="))
    text = f"{condition.at(Precedence.AND)} and {f'({inner})' if loose else inner}"
    return [replace(body[0], text=f"if {text}:"), *body[1:]]


def _leaves(body: list[Line]) -> bool:
    """Whether a body ends by leaving, so that nothing after it runs."""
    last = body[-1] if body else None
    leaving = ("return", "raise ", "break", "continue")
    return last is not None and last.indent == 0 and last.text.startswith(leaving)
