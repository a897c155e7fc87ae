"""Text to tokens.

One regular expression finds what stands at a place; the token before it, the line breaks between
them and the open brackets decide what it is. A token that continues an operand (a call's `(`, an
index's `[`, a binary `-`) has a type other than one that begins an operand, so that the grammar
needs no terminators between statements.
"""

from ..source import Source
from .lexer import Lexer
from .state import Lexed

__all__ = ["Lexed", "lex"]

_MOST_GUESSES = 20


def lex(source: Source, missing: frozenset[int] = frozenset()) -> Lexed:
    """All tokens of a source, the last one `$END`, and what is wrong with them.

    `missing` are the offsets of tokens before which a `{` is missing.

    When a string does not end, the rest of the source reads as text and code in turn. Each string
    that spans lines may be the culprit: the one is taken with which the rest reads best.
    """
    lexer = Lexer(source, missing=missing)
    lexer.run()
    if not lexer.unterminated:
        return lexer.result
    best: Lexed | None = None
    for start in lexer.multiline[:_MOST_GUESSES]:
        guess = Lexer(source, cut=start, missing=missing)
        guess.run()
        if not guess.unterminated and (
            best is None or len(guess.result.problems) < len(best.problems)
        ):
            best = guess.result
            if len(best.problems) == 1:
                break
    if best is None:
        last = Lexer(source, cut_all=True, missing=missing)
        last.run()
        best = last.result
    return best
