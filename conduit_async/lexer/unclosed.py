"""Brackets that a new line shows to be unclosed.

Newlines mean nothing inside `(` and `[`, so an unclosed one would swallow the lines after it. A
line that can only be a new member or statement closes it.
"""

import re
from bisect import bisect_left

from ..source import Source
from ..tokens import KEYWORDS, OPERAND_ENDS, Token
from .brackets import Open, closes

_SIZE = r"(?:\([\d, ]*\)?)?"
_SCALAR = (
    "(?:string|text|markdown|email|url|phone|ulid|int|float|bool|decimal|timestamp|date|time|uuid"
    "|json)"
)
_GENERIC = r"(?:array|hash)\s*<|enum\s*\["
_MARKED = re.compile(rf"\s*:\s*(?:{_SCALAR}{_SIZE}[!?]|{_GENERIC})")
"""A type that can be nothing else."""

_TYPE = re.compile(rf"\s*:\s*(?:\w+{_SIZE}[!?]|{_GENERIC}|{_SCALAR}\b(?![.(]))")
_INFIX = frozenset(KEYWORDS) - {"self", "true", "false", "nil", "null", "match", "enum"}


def unclosed_depth(
    source: Source, stack: list[Open], tokens: list[Token], start: int, end: int
) -> int | None:
    """How many brackets a word leaves open that is first on its line; None when it closes none."""
    text = source.text
    word = text[start:end]
    if word in _INFIX and not text.startswith(":", end):
        return None
    complete = tokens[-1].type in OPERAND_ENDS
    if _in_members(stack, tokens):
        depth = next((i for i, opened in enumerate(stack) if opened.bracket in "(["), None)
        if depth is None or _line_closes(source, stack[depth].bracket, start):
            return None
        outdented = source.indent(start) <= source.indent(stack[depth].start)
        if _is_parameters(stack[depth], tokens):
            ends = False
        else:
            ends = bool((_TYPE if complete else _MARKED).match(text, end))
        return depth if ends or (outdented and complete and depth == len(stack) - 1) else None
    depth = len(stack)
    while stack[depth - 1].bracket in "([":
        depth -= 1
    if depth == len(stack) or stack[depth - 1].bracket != "{" or not complete:
        return None
    outdented = source.indent(start) <= source.indent(stack[depth].start)
    return depth if outdented and not _line_closes(source, stack[depth].bracket, start) else None


def _in_members(stack: list[Open], tokens: list[Token]) -> bool:
    """Whether no block of statements is open: a field's or a relation's options are none."""
    blocks = [opened for opened in stack[1:] if opened.role]
    if not blocks:
        return True
    index = _index(tokens, stack[1].start)
    while index and not tokens[index].first:
        index -= 1
    return len(blocks) == 1 and blocks[0] is stack[1] and tokens[index].type in ("NAME", "RELATION")


def _is_parameters(opened: Open, tokens: list[Token]) -> bool:
    index = _index(tokens, opened.start)
    return index > 1 and tokens[index - 2].type in ("FUNCTION", "SCOPE")


def _index(tokens: list[Token], start: int) -> int:
    return bisect_left(tokens, start, key=lambda token: token.start)


def _line_closes(source: Source, bracket: str, start: int) -> bool:
    """Whether the rest of a line closes a bracket that is open before it."""
    return closes(source.text[start : source.line_end(start)], bracket, 0)
