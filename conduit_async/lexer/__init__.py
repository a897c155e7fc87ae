"""Text to tokens.

One regular expression finds the next token. Its type depends on the token before it, on the line
breaks between them and on the open brackets. A token that continues an operand (a call's `(`, an
index's `[`, a binary `-`) has another type than one that begins an operand, so the grammar needs no
terminators between statements.
"""

from collections.abc import Callable, Iterable

from ..hints.foreign_words import LONG_EQUALITY
from ..source import Source
from ..tokens import OPERATORS, TOKEN, Token
from .comments import comment
from .operators import bang, close_bracket, colon, minus, number, open_bracket, pipe, slash
from .state import Lexed, Repair, State
from .strings import ends_on_line, force_end, quote, string
from .unknown import unknown
from .words import annotation, word

__all__ = ["Lexed", "Repair", "lex", "likely_cuts"]

_READERS: dict[str, Callable[[State, str, int], int]] = {
    "open": open_bracket, "close": close_bracket, "colon": colon, "quote": quote, "at": annotation,
    "number": number, "comment": comment, "minus": minus, "bang": bang, "slash": slash,
    "pipe": pipe, "bad": unknown, "string": string,
}  # fmt: skip
"""The readers of tokens by group of `TOKEN`; they take the text and the start, return the end."""


def lex(source: Source, repairs: Iterable[Repair] = ()) -> Lexed:
    """Return all tokens of a source, the last one `$END`, with the diagnostics about them."""
    state = State(source, repairs)
    _read(state)
    return state.result


def likely_cuts(source: Source, repairs: Iterable[Repair]) -> tuple[Repair, ...]:
    """Return repairs that end strings on their lines, if the next line begins like code."""
    state = State(source, repairs)
    known = set(state.cut)
    state.guesses_cuts = True
    _read(state)
    return tuple(Repair("cut", start) for start in sorted(state.cut - known))


def _read(state: State) -> None:
    find, text = TOKEN.match, state.text
    position = 1 if text.startswith("\N{BOM}") else 0
    while True:
        found = find(text, position)
        assert found is not None
        kind = found.lastgroup
        if kind == "newline":
            position = found.end()
            state.first = True
            newline = found.start("newline")
            if state.strings and ends_on_line(state, state.strings[0], newline):
                force_end(state, newline)
        elif kind == "word" or kind == "suffix":
            position = word(state, found)
        elif kind == "op":
            operator = found["op"]
            start, position = found.span("op")
            if operator in LONG_EQUALITY:
                message, meant = f"Conduit has no `{operator}`", LONG_EQUALITY[operator]
                state.error("SYN001", start, position, message, f"write `{meant}`")
                operator = meant
            state.emit(OPERATORS[operator], operator, start, position)
        elif kind == "end":
            break
        else:
            assert kind is not None
            position = _READERS[kind](state, found[kind], found.start(kind))
    state.brackets.close_at_end()
    state.result.deep = state.brackets.deep
    state.result.early_closers = state.brackets.early_closers
    state.result.tokens.append(Token("$END", "", len(text), len(text), True, 0))
    del state.result.tokens[0]
