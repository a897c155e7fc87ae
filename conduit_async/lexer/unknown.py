"""Characters that begin no token of Conduit: other quotes, operators of other languages, …"""

import re

from ..hints.foreign_words import OPERATORS_MEANT
from ..source import shorten
from .state import State
from .strings import without_closers

_NAME = re.compile(r"[A-Za-z_]\w*")
_QUOTES = "'‘’“”`"
_QUOTED = re.compile(rf"([{_QUOTES}])([^{_QUOTES}\n]*)[{_QUOTES}]")


def unknown(state: State, text: str, start: int) -> int:
    """Report unknown characters, and read them as what they probably mean."""
    end = start + len(text)
    quoted = _QUOTED.match(state.text, start)
    if quoted:
        state.error(
            "SYN001", start, quoted.end(), f"`{quoted[1]}` does not begin a string",
            'strings are written in double quotes: `"…"`',
        )  # fmt: skip
        return state.emit("BAD", quoted[0], start, quoted.end())
    if text[0] in _QUOTES:
        last = max(without_closers(state, end, state.source.line_end(start)), end)
        state.error(
            "SYN007", start, last, "this string is not closed, and begins with another quote",
            'strings are written in double quotes: `"…"`',
        )  # fmt: skip
        return state.emit("BAD", state.text[start:last], start, last)
    message, hint = f"`{shorten(text)}` means nothing here", None
    operator = OPERATORS_MEANT.get(text)
    if text == ";":
        if _in_head_of_for(state):
            return end
        message, hint = "`;` is not needed", "remove it: a statement ends by itself"
    elif text == "&" and state.text.startswith(".", end):
        end += 1
        operator = ("DOT", "?.", "Conduit has no `&.`", "write `?.`")
    elif text == "@":
        message, hint = "a name follows `@` directly", None
    elif not text.isprintable():
        names = " ".join(f"U+{ord(char):04X}" for char in dict.fromkeys(text[:5]))
        message, hint = f"there is an invisible character here ({names})", "remove it"
    if operator is not None and state.after_operand:
        type, word, message, hint = operator
        state.error("SYN001", start, end, message, hint)
        return state.emit(type, word, start, end)
    if text == "$" and (name := _NAME.match(state.text, end)):
        state.error(
            "SYN001", start, name.end(), f"a name has no `$` in it: `${name[0]}`",
            f"write `{name[0]}`",
        )  # fmt: skip
        return state.emit("BAD", "", start, name.end())
    state.error("SYN001", start, end, message, hint)
    return end


def _in_head_of_for(state: State) -> bool:
    """Whether the innermost bracket is that of `for (…; …; …)`, which has its own report."""
    stack = state.brackets.stack
    start = stack[-1].start if stack else 0
    return state.text[max(0, start - 4) : start].rstrip().endswith("for")
