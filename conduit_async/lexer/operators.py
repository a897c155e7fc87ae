"""Operators, brackets and numbers, whose type depends on whether an operand precedes them."""

import re

from ..tokens import BLOCK_HEADS, FOREIGN, KEYWORDS
from . import literals
from .brackets import CLOSERS, MAX_OPEN
from .comments import foreign_comment
from .state import State
from .strings import ends_on_line, force_end, string_text, without_closers

_ARROW_LAMBDA = re.compile(r"\((?:\s*[A-Za-z_]\w*\s*,)*\s*(?:[A-Za-z_]\w*\s*)?\)\s*=>")
_DECREMENT = re.compile(r"--[ \t\r]*(?:\n|\}|//|\#|$)")
_SYMBOL = re.compile(r":([A-Za-z_][A-Za-z0-9_]*)")

_HEADS = frozenset({"HOOK", "FUNCTION", "SCOPE", "ASYNC", "IF", "ELSIF", "UNLESS", "FOR"})


def open_bracket(state: State, bracket: str, start: int) -> int:
    if _drops(state, start):
        hint = "remove it, or close it"
        state.error("SYN011", start, start + 1, f"this `{bracket}` is one too many", hint)
        return start + 1
    operand = state.after_operand
    if bracket == "{" and operand and _ends_open_header(state, start):
        state.brackets.close_to_brace()
    previous = state.result.tokens[-1].type
    role = ""
    if bracket == "{":
        type = "LBRACE"
        if previous in BLOCK_HEADS and state.result.tokens[-1] is not state.block_end:
            role = "match" if _opens_match(state) else "block"
    elif operand and not state.new_line_in_brace:
        type = "_CALL" if bracket == "(" else "_INDEX"
    elif bracket == "(":
        type = "_ARROW_PAREN" if _ARROW_LAMBDA.match(state.text, start) else "LPAR"
    else:
        type = "LSQB"
    if len(state.brackets.stack) == MAX_OPEN:
        type = "BAD"
    state.emit(type, bracket, start, start + 1)
    state.brackets.open(bracket, start, role)
    return start + 1


def _ends_open_header(state: State, start: int) -> bool:
    """Whether a `{` opens the block of a header that has an unclosed bracket."""
    stack = state.brackets.stack
    if not stack or stack[-1].bracket not in "([" or len(stack) in state.matches:
        return False
    rest = state.text[start : state.source.line_end(start)]
    tokens = state.result.tokens
    place = len(tokens) - 1
    while place and not tokens[place].first and tokens[place].type not in _HEADS:
        place -= 1
    return tokens[place].type in _HEADS and rest.count(")") <= rest.count("(")


def _opens_match(state: State) -> bool:
    """Whether a block's `{` follows the subject of a `match`."""
    depth = len(state.brackets.stack)
    while state.matches and state.matches[-1] > depth:
        state.matches.pop()
    if state.matches and state.matches[-1] == depth:
        state.matches.pop()
        return True
    return False


def close_bracket(state: State, closer: str, start: int) -> int:
    if state.strings and ends_on_line(state, state.strings[0]) and _ends_cut_string(state, closer):
        force_end(state, start)
    if _drops(state, start):
        hint = "remove it, or add the bracket that it should close"
        state.error("SYN011", start, start + 1, f"this `{closer}` is one too many", hint)
        return start + 1
    hidden = state.brackets.hidden
    opened = state.brackets.close(closer, start)
    if opened is None or hidden:
        return start + 1
    state.emit(CLOSERS[opened.bracket][0], closer, start, start + 1)
    if opened.bracket == "#{":
        return string_text(state, start + 1)
    if opened.role == "block":
        state.block_end = state.result.tokens[-1]
    return start + 1


def _drops(state: State, start: int) -> bool:
    repair = state.repairs.get(start)
    return repair is not None and repair.kind == "drop"


def _ends_cut_string(state: State, closer: str) -> bool:
    """Whether a closer closes a bracket around the open string, not one inside it."""
    depth = len(state.brackets.stack)
    while depth and CLOSERS[state.brackets.stack[depth - 1].bracket][1] != closer:
        depth -= 1
    brackets = [opened.bracket for opened in state.brackets.stack[:depth]]
    return depth > 0 and brackets.count("#{") < len(state.strings)


def colon(state: State, _: str, start: int) -> int:
    text = state.text
    named = _SYMBOL.match(text, start)
    last = state.result.tokens[-1]
    if named is not None:
        if state.after_operand:
            symbol = state.new_line_in_brace
        else:
            symbol = not (last.end == start and last.text in KEYWORDS)
        if symbol:
            return state.emit("SYMBOL", named[1], start, named.end())
    return state.emit("COLON", ":", start, start + 1)


def minus(state: State, _: str, start: int) -> int:
    end = start + 1
    if state.text[end : end + 1] == "=" and state.after_operand:
        return state.emit("AUGMENT", "-=", start, end + 1)
    if state.after_operand and _DECREMENT.match(state.text, start):
        return state.emit(FOREIGN, "--", start, end + 1)
    binary = state.after_operand and not (state.new_line_in_brace and state.attached(end))
    return state.emit("MINUS" if binary else "NEGATE", "-", start, end)


def bang(state: State, _: str, start: int) -> int:
    unwraps = state.after_operand and state.result.tokens[-1].end == start
    return state.emit("_BANG" if unwraps else "NOT", "!", start, start + 1)


def slash(state: State, _: str, start: int) -> int:
    end = start + 1
    if state.text.startswith("*", end) and (close := state.text.find("*/", start + 2)) > 0:
        return foreign_comment(state, start, close + 2)
    divides = state.after_operand and not (state.new_line_in_brace and state.attached(end))
    found = None if divides else literals.REGEX_PATTERN.match(state.text, start)
    if state.after_operand and found is None:
        if state.text[end : end + 1] == "=":
            return state.emit("AUGMENT", "/=", start, end + 1)
        return state.emit("TIMES", "/", start, end)
    if found:
        return state.emit("REGEX", found[0], start, found.end())
    line_end = state.source.line_end(start)
    state.error(
        "SYN007", start, line_end, "this regular expression is not closed on its line",
        "close it with `/`; inside it a slash is written `\\/`",
    )  # fmt: skip
    last = max(without_closers(state, end, line_end), end)
    return state.emit("BAD", state.text[start:last], start, last)


def pipe(state: State, text: str, start: int) -> int:
    end = start + len(text)
    type = "PIPE" if text == "|" else "OR" if state.after_operand else "_EMPTY_PIPES"
    return state.emit(type, text, start, end)


def number(state: State, text: str, start: int) -> int:
    end = start + len(text)
    unit = literals.DURATION_PATTERN.match(state.text, end)
    try:
        value = literals.number(text)
    except literals.BadLiteralError as error:
        state.error("SYN008", start + error.start, start + error.end, str(error), error.hint)
        return state.emit("BAD", text, start, end)
    if unit:
        end = unit.end()
        state.emit("DURATION", state.text[start:end], start, end)
    else:
        state.emit("INT" if isinstance(value, int) else "FLOAT", text, start, end)
    return end
