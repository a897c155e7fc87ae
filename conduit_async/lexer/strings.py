"""Strings: their text, their interpolations, and those that do not end.

An interpolation is read like other code; after its `}`, the string goes on.
"""

import re

from .brackets import CLOSERS
from .state import State

_TEXT = re.compile(r'(?:[^"\\#\n]|\\[^\n]|#(?!\{))+')
_BRACKET = re.compile(r"[()\[\]{}]")
_STATEMENT = re.compile(
    r"""\s*(?:let\s+\w+\s*[=:]|(?:if|unless|elsif|for|return|match)\b[^\n]*[^.,;!?\n]\n
    |self\.\w+\s*=|[A-Z]\w*\.\w+[?!]?\(|@[a-z]|resource\s+\w+\s*\{|\}[ \t]*\r?(?:\n|\Z)
    |[a-z_]\w*:\s+[a-z]\w*(?:\([\d, ]*\))?[!?])""",
    re.VERBOSE,
)

"""Matches the start of a line that is code rather than text of a string."""

_SEPARATORS = ",; \t\r"


def string(state: State, text: str, start: int) -> int:
    if "\n" in text:
        outermost = state.strings[0] if state.strings else start
        _note_multiline(state, outermost)
        if state.guesses_cuts or ends_on_line(state, outermost):
            return quote(state, '"', start)
    end = start + len(text)
    if "\n" in text:
        _note_suspicious(state, start, end)
    return state.emit("STRING", text[1:-1], start, end)


def quote(state: State, _: str, start: int) -> int:
    state.emit("_QUOTE", '"', start, start + 1)
    state.strings.append(start)
    return string_text(state, start + 1)


def string_text(state: State, start: int) -> int:
    """Read the text of the innermost open string up to an interpolation or the string's end."""
    text = state.text
    position = start
    outermost = state.strings[0]
    while True:
        found = _TEXT.match(text, position)
        if found:
            position = found.end()
        following = text[position : position + 1]
        if following == '"':
            _emit_text(state, start, position)
            state.emit("_QUOTE_END", '"', position, position + 1)
            opened = state.strings.pop()
            if not state.strings and opened in state.result.multiline[-1:]:
                _note_suspicious(state, opened, position + 1)
            return position + 1
        if following == "#":
            _emit_text(state, start, position)
            state.emit("_INTERPOLATE", "#{", position, position + 2)
            state.brackets.open("#{", position)
            return position + 2
        if not following or (following == "\\" and position + 1 == len(text)):
            state.result.unterminated = True
            _emit_text(state, start, position)
            force_end(state, len(text))
            return len(text)
        if ends_on_line(state, outermost, position):
            end = without_closers(state, start, state.source.line_end(position))
            _emit_text(state, start, end)
            force_end(state, end)
            return end
        _note_multiline(state, outermost)
        position += 1 if following == "\n" else 2


def without_closers(state: State, start: int, end: int) -> int:
    """The end of a text that lacks its quote: before the closer of a bracket around it."""
    line = state.text.rfind("\n", 0, start)
    around = {
        CLOSERS[opened.bracket][1]
        for opened in state.brackets.stack
        if opened.bracket in "([" or opened.start > line
    }
    inside: list[str] = []
    for found in _BRACKET.finditer(state.text, start, end):
        bracket = found[0]
        if bracket in "([{":
            inside.append(CLOSERS[bracket][1])
        elif inside and inside[-1] == bracket:
            inside.pop()
        elif bracket in around:
            end = found.start()
            break
    text = state.text[start:end].rstrip(_SEPARATORS)
    if text.endswith(" {"):
        text = text[:-1].rstrip(_SEPARATORS)
    return start + len(text)


def _note_multiline(state: State, outermost: int) -> None:
    if outermost not in state.result.multiline[-1:]:
        state.result.multiline.append(outermost)


def _note_suspicious(state: State, start: int, end: int) -> None:
    """Note a string of several lines if it touches a name or another string."""
    last = state.result.tokens[-1]
    touches = last.end == start and last.type in ("STRING", "_QUOTE_END")
    following = state.text[end : end + 1]
    if touches or following.isalnum() or following == "#":
        state.result.suspicious.append(start)


def ends_on_line(state: State, outermost: int, newline: int | None = None) -> bool:
    """Whether a string ends on its line; `newline` is the offset of a line break in it."""
    if newline is not None and state.guesses_cuts and _STATEMENT.match(state.text, newline + 1):
        state.cut.add(outermost)
    return outermost in state.cut


def _emit_text(state: State, start: int, end: int) -> None:
    if end > start:
        state.emit("TEXT", state.text[start:end], start, end)


def force_end(state: State, position: int) -> None:
    """End all open strings here, and report the outermost one as not closed."""
    brackets = state.brackets
    outermost = state.strings[0]
    interpolations = sum(opened.bracket == "#{" for opened in brackets.stack)
    hint = 'close it with `}"`' if interpolations else 'close it with `"`'
    state.error(
        "SYN007", outermost, state.source.line_end(outermost), "this string is not closed", hint
    )
    while state.strings:
        if interpolations == len(state.strings):
            brackets.drop_interpolation()
            interpolations -= 1
        if not brackets.hidden:
            state.insert("_QUOTE_END")
        state.strings.pop()
