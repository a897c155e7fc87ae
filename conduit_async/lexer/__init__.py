"""Text to tokens.

One regular expression finds the next token; the token before it, the line breaks between
them and the open brackets decide what it is. A token that continues an operand (a call's `(`, an
index's `[`, a binary `-`) has a type other than one that begins an operand, so that the grammar
needs no terminators between statements.
"""

from collections.abc import Iterable

from ..source import Source
from .lexer import Lexer
from .state import Lexed, Repair

__all__ = ["Lexed", "Repair", "lex", "likely_cuts"]


def lex(source: Source, repairs: Iterable[Repair] = ()) -> Lexed:
    """All tokens of a source, the last one `$END`, and what is wrong with them."""
    lexer = Lexer(source, repairs)
    lexer.run()
    return lexer.result


def likely_cuts(source: Source, repairs: Iterable[Repair]) -> tuple[Repair, ...]:
    """The strings to end on their lines: those that code seems to follow on the next one."""
    return Lexer(source, repairs).guessed_cuts()
