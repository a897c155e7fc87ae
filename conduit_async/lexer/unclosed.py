"""Finds unclosed brackets by the line that follows.

Newlines mean nothing inside `(` and `[`, so an unclosed one would swallow the lines after it. A
line that can only be a new member or statement closes it.
"""

import re
from bisect import bisect_left

from ..tokens import KEYWORDS, OPERAND_ENDS, Token
from ..types import SCALARS
from .brackets import Open, closes
from .state import State

_SIZE = r"(?:\([\d, ]*\)?)?"
_SCALAR = f"(?:{'|'.join(SCALARS)})"
_GENERIC = r"(?:array|hash)\s*<|enum\s*\["
_MARKED = re.compile(rf"\s*:\s*(?:{_SCALAR}{_SIZE}[!?]|{_GENERIC})")
"""A text after a name that can only be a type."""

_TYPE = re.compile(rf"\s*:\s*(?:\w+{_SIZE}[!?]|{_GENERIC}|{_SCALAR}\b(?![.(]))")
_INFIX = frozenset(KEYWORDS) - {"self", "true", "false", "nil", "null", "match", "enum"}


def unclosed_depth(state: State, start: int, end: int) -> int | None:
    """How many brackets stay open before a word that is first on its line; None if all do."""
    source, text, stack, tokens = (
        state.source,
        state.text,
        state.brackets.stack,
        state.result.tokens,
    )
    if text[start:end] in _INFIX and not text.startswith(":", end):
        return None
    complete = tokens[-1].type in OPERAND_ENDS
    in_members = _in_members(stack, tokens)
    if in_members:
        depth = next((i for i, opened in enumerate(stack) if opened.bracket in "(["), len(stack))
    else:
        braces = (i for i, opened in enumerate(stack) if opened.bracket not in "([")
        depth = max(braces, default=-1) + 1
        if not complete or stack[depth - 1].bracket != "{":
            return None
    if depth == len(stack):
        return None
    opened = stack[depth]
    if closes(text[start : source.line_end(start)], opened.bracket, 0):
        return None
    outdented = source.indent(start) <= source.indent(opened.start)
    if not in_members:
        return depth if outdented else None
    if outdented and complete and depth == len(stack) - 1:
        return depth
    index = _index(tokens, opened.start)
    if index > 1 and tokens[index - 2].type in ("FUNCTION", "SCOPE"):
        return None  # the types of parameters do not end a bracket
    return depth if (_TYPE if complete else _MARKED).match(text, end) else None


def _in_members(stack: list[Open], tokens: list[Token]) -> bool:
    """Whether no block of statements is open; options of a field or a relation do not count."""
    blocks = [opened for opened in stack[1:] if opened.role]
    if not blocks:
        return True
    index = _index(tokens, stack[1].start)
    while index and not tokens[index].first:
        index -= 1
    return len(blocks) == 1 and blocks[0] is stack[1] and tokens[index].type in ("NAME", "RELATION")


def _index(tokens: list[Token], start: int) -> int:
    return bisect_left(tokens, start, key=lambda token: token.start)
